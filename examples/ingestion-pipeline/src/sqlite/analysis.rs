//! The analysis queue: messages wait in order until the next program has taken and finished them.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Clock, Result};
use sqlx::Row;

use super::columns::{json, parsed, text};
use super::queries::failed;
use super::store::SqliteStore;
use crate::call::Message;
use crate::outbox::Outbox;
use crate::work::after;

/// The embedded queue, in the same file as everything else.
///
/// A message that was taken and not finished within its time comes again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir().unwrap();
/// # let path = home.path().join("ingest.db");
/// use std::time::Duration;
/// use connector_core::Clock;
/// use ingestion_pipeline::{AnalysisQueue, SqliteStore};
///
/// let queue = AnalysisQueue::new(SqliteStore::open(path).await?, Clock::system());
/// for taken in queue.take(10, Duration::from_secs(600)).await? {
///     println!("{}", taken.message.conversation); // analyse it
///     queue.done(&taken.message.key).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AnalysisQueue {
    store: SqliteStore,
    clock: Clock,
}

/// A message in the hands of the next program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenMessage {
    /// The message.
    pub message: Message,
    /// How often it was taken, this time included.
    pub taken: u32,
    /// Until when it is not given to anybody else.
    pub until: DateTime<Utc>,
}

impl AnalysisQueue {
    /// The queue of a store.
    pub fn new(store: SqliteStore, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Takes up to `limit` messages, the oldest first. They are not given to anybody else for this long.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn take(&self, limit: usize, length: Duration) -> Result<Vec<TakenMessage>> {
        let now = self.clock.now();
        let until = after(now, length);
        let rows = sqlx::query(
            "UPDATE analysis SET taken_until = ?2, taken = taken + 1
             WHERE position IN (SELECT position FROM analysis
                                WHERE done IS NULL AND (taken_until IS NULL OR taken_until <= ?1) ORDER BY position LIMIT ?3)
             RETURNING position, message, taken",
        )
        .bind(now.timestamp_millis())
        .bind(until.timestamp_millis())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.store.writer)
        .await
        .map_err(failed)?;
        let mut taken = rows
            .iter()
            .map(|row| {
                Ok((row.get::<i64, _>(0), TakenMessage { message: parsed(row.get(1))?, taken: row.get(2), until }))
            })
            .collect::<Result<Vec<_>>>()?;
        taken.sort_by_key(|(position, _)| *position);
        Ok(taken.into_iter().map(|(_, message)| message).collect())
    }

    /// Ends the work on a message. Returns whether there was one with this key that was not finished.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn done(&self, key: &str) -> Result<bool> {
        let done = sqlx::query("UPDATE analysis SET done = ?, taken_until = NULL WHERE key = ? AND done IS NULL")
            .bind(text(self.clock.now()))
            .bind(key)
            .execute(&self.store.writer)
            .await;
        Ok(done.map_err(failed)?.rows_affected() == 1)
    }
}

#[async_trait]
impl Outbox for AnalysisQueue {
    async fn publish(&self, message: Message) -> Result<()> {
        let done = sqlx::query("INSERT OR IGNORE INTO analysis (key, message, queued) VALUES (?, ?, ?)")
            .bind(&message.key)
            .bind(json(&message)?)
            .bind(text(self.clock.now()))
            .execute(&self.store.writer)
            .await;
        done.map(drop).map_err(failed)
    }
}
