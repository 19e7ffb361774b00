//! The embedded database: SQLite in one file, durable at every commit.

mod analysis;
mod archive;
mod columns;
mod dead_letters;
#[cfg(feature = "universal")]
mod ledger;
mod live;
mod people;
mod queries;
mod read;
mod rows;
mod runs;
mod store;
#[cfg(test)]
mod tests;
mod work;

pub use analysis::{AnalysisQueue, TakenMessage};
pub use dead_letters::{DeadLetterRow, Retried};
#[cfg(feature = "universal")]
pub use ledger::SqliteLedger;
pub(crate) use people::Applied;
pub use people::People;
pub use read::{CallFilter, CallRow, EventRow, RecordingRow, Tally};
pub use store::SqliteStore;
