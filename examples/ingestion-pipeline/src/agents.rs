//! The agents of a source: their list comes into the database, and its loops follow who is in there.

mod follow;
mod sync;

pub use follow::Following;
pub use sync::{AgentSync, SyncReport};
