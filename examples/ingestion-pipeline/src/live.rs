//! Sound of calls while they go on: recorded as it comes, and cut to what belongs to agents once the call is known.

mod cut;
mod disk;
mod hear;
mod options;
mod record;
mod shared;
mod spool;
mod waiting;

pub(crate) use hear::Hearing;
pub use options::{LiveOptions, LiveUse, Unmatched};
pub(crate) use record::Recorder;
pub(crate) use shared::Live;
