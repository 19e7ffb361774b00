//! Dead letters: what could not be used, and what a person makes of it.

use chrono::{DateTime, Utc};
use connector_core::Result;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::columns::text;
use super::queries::{commit, failed};
use super::store::SqliteStore;

/// A row of the view `dead_letters_v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadLetterRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub tenant: String,
    /// The source it came from.
    pub source: String,
    /// The call that was given up; none for something that never became a call.
    pub conversation: Option<String>,
    /// What it is, without personal text.
    pub what: String,
    /// Why, for programs.
    pub reason: String,
    /// Where in it.
    pub place: Option<String>,
    /// Why, for people.
    pub detail: String,
    /// When it came.
    pub received: String,
    /// When the source was told; none where nobody has to be, or has been.
    pub settled: Option<String>,
}

/// What became of the wish to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// The call is worked on again, and the letter is gone.
    Due,
    /// It is no call: whoever sent it has to send it again, mended.
    NotACall,
    /// There is no such letter.
    Unknown,
}

impl SqliteStore {
    /// Lists dead letters, the oldest first: those of a tenant or a source, where one is named.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn dead_letters(&self, tenant: Option<&str>, source: Option<&str>) -> Result<Vec<DeadLetterRow>> {
        let rows = sqlx::query(
            "SELECT * FROM dead_letters_v1 WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR source = ?2) ORDER BY id",
        )
        .bind(tenant)
        .bind(source)
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        Ok(rows.iter().map(letter).collect())
    }

    /// One dead letter.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetterRow>> {
        let row =
            sqlx::query("SELECT * FROM dead_letters_v1 WHERE id = ?").bind(id).fetch_optional(&self.readers).await;
        Ok(row.map_err(failed)?.as_ref().map(letter))
    }

    /// Makes a call that was given up due again, with all its attempts and all of its source's patience before it.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn retry_dead_letter(&self, id: i64, now: DateTime<Utc>) -> Result<Retried> {
        let mut transaction = self.write().await?;
        let letter = sqlx::query("SELECT tenant, source, conversation FROM dead_letters WHERE id = ?")
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(letter) = letter else { return Ok(Retried::Unknown) };
        let Some(conversation) = letter.get::<Option<String>, _>(2) else { return Ok(Retried::NotACall) };
        sqlx::query(
            "UPDATE work SET state = 'due', due = 0, attempts = 0, generation = generation + 1, waiting_since = ?
             WHERE tenant = ? AND source = ? AND conversation = ? AND state <> 'leased'",
        )
        .bind(text(now))
        .bind(letter.get::<String, _>(0))
        .bind(letter.get::<String, _>(1))
        .bind(conversation)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        sqlx::query("DELETE FROM dead_letters WHERE id = ?")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        commit(transaction).await?;
        Ok(Retried::Due)
    }

    /// Forgets a dead letter. One whose source has not been told yet stays: its file would never be moved. Returns whether
    /// it is gone.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn drop_dead_letter(&self, id: i64) -> Result<bool> {
        let done = sqlx::query("DELETE FROM dead_letters WHERE id = ? AND (receipt IS NULL OR settled IS NOT NULL)")
            .bind(id)
            .execute(&self.writer)
            .await;
        Ok(done.map_err(failed)?.rows_affected() == 1)
    }
}

fn letter(row: &SqliteRow) -> DeadLetterRow {
    DeadLetterRow {
        id: row.get("id"),
        tenant: row.get("tenant"),
        source: row.get("source"),
        conversation: row.get("conversation"),
        what: row.get("what"),
        reason: row.get("reason"),
        place: row.get("place"),
        detail: row.get("detail"),
        received: row.get("received"),
        settled: row.get("settled"),
    }
}
