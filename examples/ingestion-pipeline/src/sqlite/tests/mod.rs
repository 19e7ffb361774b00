//! The store in a file: what every method promises, through the trait that the loops use.

mod archive;
mod calls;
mod file;
mod killed;
mod live;
mod model;
mod people;
mod queue;
mod records;
mod runs;
mod waiting;

use std::time::Duration;

use connector_core::{Origin, Recording, Result};
use sqlx::Row;
use tempfile::TempDir;

use super::SqliteStore;
use crate::call::{Media, StoredCall, StoredRecording};
use crate::fakes::{at, batch, origin, recording, told};
use crate::store::WorkStore;
use crate::work::{Batch, WorkRow};

const LEASE: Duration = Duration::from_secs(60);

/// A store in a directory that goes away with it.
pub(super) struct Scratch {
    pub(super) store: SqliteStore,
    pub(super) dir: TempDir,
}

impl Scratch {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("ingest.db")).await.unwrap();
        Self { store, dir }
    }

    /// Closes the file and opens it again, as a new process does.
    pub(super) async fn reopen(self) -> Self {
        self.store.close().await;
        let store = SqliteStore::open(self.dir.path().join("ingest.db")).await.unwrap();
        Self { store, dir: self.dir }
    }

    pub(super) async fn record(&self, batch: Batch) {
        self.store.record(&batch).await.unwrap();
    }

    pub(super) async fn hear(&self, second: i64, events: impl IntoIterator<Item = connector_core::CallEvent>) {
        self.record(batch(second, events)).await;
    }

    pub(super) async fn lease(&self, second: i64) -> Option<WorkRow> {
        self.lease_up_to(second, 1).await.pop()
    }

    pub(super) async fn lease_up_to(&self, second: i64, limit: usize) -> Vec<WorkRow> {
        self.store.lease(&[origin()], at(second), LEASE, limit).await.unwrap()
    }

    /// Finishes a row that is due, with all its receipts.
    pub(super) async fn finish(&self, row: &WorkRow, second: i64) {
        self.store.finish(&row.lease, &row.receipts, at(second)).await.unwrap();
    }

    /// One number from the tables.
    pub(super) async fn number(&self, query: &'static str) -> i64 {
        sqlx::query(query).fetch_one(&self.store.writer).await.unwrap().get(0)
    }

    pub(super) async fn sql(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.store.writer).await.unwrap();
    }
}

/// A version of a call with one recording.
pub(super) fn call(of: &Origin, conversation: &str, version: u32) -> StoredCall {
    let document = told(conversation, version);
    let prefix = StoredCall::prefix_of(of, &document, at(0));
    StoredCall {
        origin: of.clone(),
        version,
        recordings: vec![stored_recording(&prefix, recording(conversation, "1"))],
        media: Media::Complete,
        prefix,
        first_seen: at(0),
        stored: at(1),
        updated: at(version.into()),
        document,
    }
}

pub(super) fn stored_recording(prefix: &str, recording: Recording) -> StoredRecording {
    let object = StoredCall::object_of(prefix, &recording);
    StoredRecording { recording, object, sha256: "00ff".into(), size: 4, stored: at(1), resumed: 2 }
}

pub(super) fn is_storage<T>(result: Result<T>) -> bool {
    result.is_err_and(|error| error.is_storage())
}
