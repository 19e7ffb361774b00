//! The ledger of drop folders, in the same file as everything else.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Origin, Result};
use connector_folder::{Ledger, Note};
use sqlx::Row;

use super::queries::{commit, failed, query_of};
use super::store::SqliteStore;

/// The [`Ledger`] of one source.
#[derive(Clone, Debug)]
pub struct SqliteLedger {
    store: SqliteStore,
    origin: Origin,
}

impl SqliteLedger {
    /// The ledger of a source.
    pub fn new(store: SqliteStore, origin: Origin) -> Self {
        Self { store, origin }
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Note>>> {
        let mut connection = self.store.readers.acquire().await.map_err(failed)?;
        let mut notes = Vec::with_capacity(keys.len());
        for key in keys {
            let row =
                query_of("SELECT touched, text FROM ledger WHERE tenant = ? AND source = ? AND key = ?", &self.origin)
                    .bind(key)
                    .fetch_optional(&mut *connection)
                    .await
                    .map_err(failed)?;
            notes.push(row.map(|row| Note {
                touched: DateTime::from_timestamp_millis(row.get(0)).unwrap_or_default(),
                text: row.get(1),
            }));
        }
        Ok(notes)
    }

    async fn put(&self, notes: Vec<(String, Note)>) -> Result<()> {
        let mut transaction = self.store.write().await?;
        for (key, note) in notes {
            query_of(
                "INSERT OR REPLACE INTO ledger (tenant, source, key, touched, text) VALUES (?, ?, ?, ?, ?)",
                &self.origin,
            )
            .bind(key)
            .bind(note.touched.timestamp_millis())
            .bind(note.text)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        commit(transaction).await
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<u64> {
        let done = query_of("DELETE FROM ledger WHERE tenant = ? AND source = ? AND touched < ?", &self.origin)
            .bind(before.timestamp_millis())
            .execute(&self.store.writer)
            .await;
        Ok(done.map_err(failed)?.rows_affected())
    }
}
