//! What must be remembered about dropped files, whatever happens to them and to us.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::Result;
use serde::{Deserialize, Serialize};

pub use self::file::FileLedger;
pub use self::memory::MemoryLedger;

mod file;
mod log;
mod memory;

/// A durable memory: short notes under keys.
///
/// A folder that can only be read cannot show what was taken from it, and an update of a file that was moved away must be
/// told from a first one: so a note per dropped file is kept elsewhere. Use [`MemoryLedger`](crate::MemoryLedger) in
/// tests, [`FileLedger`](crate::FileLedger) in a small program, your database in a large one.
#[async_trait]
pub trait Ledger: Debug + Send + Sync + 'static {
    /// The notes under these keys, one answer a key, in order.
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Note>>>;

    /// Writes all these notes or none, each replacing what stood under its key. When it returns, they are durable.
    async fn put(&self, notes: Vec<(String, Note)>) -> Result<()>;

    /// Forgets every note that was touched last before this time. Returns how many those were.
    async fn forget(&self, before: DateTime<Utc>) -> Result<u64>;
}

/// What is remembered under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When it was last written, which decides when it may be forgotten.
    pub touched: DateTime<Utc>,
    /// What it says, in its owner's words.
    pub text: String,
}
