//! `ingest demo`: a scripted day with faults, played through every connector there is, and recounted from disk.

mod day;
mod recount;
mod running;
mod script;
mod told;

pub(crate) use day::{Demo, Faults, dropped_day};
#[cfg(feature = "schema")]
pub(crate) use recount::Count;
#[cfg(feature = "schema")]
pub(crate) use script::{Line, ScriptLeg, ScriptLive, ScriptRecording};
#[cfg(feature = "schema")]
pub(crate) use told::DemoReport;
