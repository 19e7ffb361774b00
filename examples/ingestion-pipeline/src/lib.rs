#![doc = include_str!("../README.md")]

/// A step of the work is taken: with the feature `failpoints` the process can be made to abort here.
macro_rules! step {
    ($step:ident) => {
        #[cfg(feature = "failpoints")]
        crate::failpoints::pass(crate::failpoints::Step::$step)
    };
}

mod agents;
mod call;
mod consume;
#[cfg(feature = "failpoints")]
pub mod failpoints;
#[cfg(test)]
mod fakes;
mod live;
mod memory;
mod outbox;
mod people;
mod pipeline;
mod produce;
mod progress;
mod recover;
mod scope;
mod session;
mod sink;
mod sqlite;
mod store;
mod supervise;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod work;

pub use agents::{AgentSync, Following, SyncReport};
pub use call::{Media, Message, MessageCause, MessageRecording, StoredCall, StoredRecording};
pub use live::{LiveOptions, LiveUse, Unmatched};
pub use memory::{DeadLetter, MemoryStore};
pub use outbox::Outbox;
pub use people::{ImportReport, ImportRow, ImportTrouble, PeopleFile, PersonRow};
pub use pipeline::{Pipeline, SourceOptions};
pub use progress::{Progress, Report, SourceState};
pub use recover::{Plan, ReconcileLog, Recovering, Run, Schedule};
pub use scope::{Filter, Judgement, Member, Reason, Scope};
pub use session::{LiveStore, SessionPart, SessionRow, SessionState};
pub use sink::{FolderSink, ObjectSink};
#[cfg(feature = "universal")]
pub use sqlite::SqliteLedger;
pub use sqlite::{
    AnalysisQueue, CallFilter, CallRow, DeadLetterRow, EventRow, People, RecordingRow, Retried, SqliteStore,
    TakenMessage, Tally,
};
pub use store::WorkStore;
pub use work::{Batch, Cause, Lease, Recorded, UnsettledRejection, WorkRow};

/// The code in the page is compiled and run with the tests of this crate.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../../docs/write-your-own-store.md")]
struct WriteYourOwnStore;
