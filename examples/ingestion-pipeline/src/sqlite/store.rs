//! The file of the database: how it is opened, written to and closed.

use std::path::Path;
use std::time::Duration;

use connector_core::{Error, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, Sqlite, SqlitePool, Transaction};

use super::queries::failed;

/// How long a command waits for another process that writes.
const BUSY: Duration = Duration::from_secs(30);
/// Connections for reading; writing has one of its own, since SQLite has one writer at a time.
const READERS: u32 = 2;
/// How much of the file a reader keeps in memory: 16 MiB, as SQLite writes it.
const CACHE: &str = "-16384";
/// The version of the tables that this program knows.
pub(super) const SCHEMA: i64 = 5;

/// Work, metadata, outgoing messages and the analysis queue in one SQLite file.
///
/// WAL with `synchronous = FULL`: what was committed survives a power cut. Several processes may open the same file; one
/// of them runs the pipeline.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir().unwrap();
/// # let path = home.path().join("ingest.db");
/// use ingestion_pipeline::{CallFilter, SqliteStore};
///
/// let store = SqliteStore::open(path).await?;
/// for call in store.calls(&CallFilter { limit: Some(10), ..CallFilter::default() }).await? {
///     println!("{} {} {}", call.tenant, call.source, call.conversation);
/// }
/// assert_eq!(store.tally().await?.calls, 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, making it and its tables if they are not there.
    ///
    /// # Errors
    /// `is_storage` when it cannot be opened, `is_config` when a newer version of this program made it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(failed)?;
        let found: i64 = sqlx::query("PRAGMA user_version").fetch_one(&writer).await.map_err(failed)?.get(0);
        if found > SCHEMA {
            return Err(Error::config(format!("the database has format {found}, this program knows {SCHEMA}"))
                .advise("use the newer version of the program that made it"));
        }
        if found < SCHEMA {
            sqlx::raw_sql(include_str!("schema.sql")).execute(&writer).await.map_err(failed)?;
        }
        let options = options.pragma("cache_size", CACHE);
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(options);
        Ok(Self { writer, readers })
    }

    /// Makes every leased row due again. For the one process that runs the pipeline, at its start: nobody else works.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn reclaim(&self) -> Result<u64> {
        let done =
            sqlx::query("UPDATE work SET state = 'due', lease = NULL, lease_until = NULL WHERE state = 'leased'")
                .execute(&self.writer)
                .await;
        Ok(done.map_err(failed)?.rows_affected())
    }

    /// Whether the database can be read right now: for whoever asks how the program is doing.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn answers(&self) -> Result<()> {
        let read = sqlx::query("SELECT EXISTS (SELECT 1 FROM work)").execute(&self.readers).await;
        read.map(drop).map_err(failed)
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that writes: it waits for its turn before it reads, so that it never has to be repeated.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        let Err(sqlx::Error::InvalidSavePointStatement) = begun else { return begun.map_err(failed) };
        // SQLite ends a transaction by itself when the disk is full. The connection still counts it and would refuse every
        // other one, so a new connection takes its place.
        self.writer.acquire().await.map_err(failed)?.close().await.map_err(failed)?;
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)
    }
}
