//! People: who is behind an id, whose calls are to be heard, who came and who left.

mod agent_index;
pub mod roster;
mod watch;

pub use agent_index::AgentIndex;
pub use watch::{Watch, WatchChanges};
