//! What every query needs: the source it is about, the end of its transaction, and words for its trouble.

use connector_core::{Error, Origin, Result};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, Transaction};

/// A query whose first two parameters name a source.
pub(super) fn query_of<'q>(sql: &'static str, origin: &'q Origin) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(sql).bind(&*origin.tenant).bind(&*origin.source)
}

pub(super) async fn commit(transaction: Transaction<'static, Sqlite>) -> Result<()> {
    transaction.commit().await.map_err(failed)
}

/// Trouble with the database, in words that a person can act on.
pub(super) fn failed(error: sqlx::Error) -> Error {
    let advice = match error.as_database_error().map(|e| e.message().to_owned()) {
        Some(message) if message.contains("full") => "free some space on the disk; nothing was lost",
        Some(message) if message.contains("locked") => "another program holds the database for long; nothing was lost",
        _ => "see whether the disk is full or the file is damaged",
    };
    Error::storage(format!("the database failed: {error}")).advise(advice).caused_by(error)
}
