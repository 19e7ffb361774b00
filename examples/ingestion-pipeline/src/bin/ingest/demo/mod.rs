//! `ingest demo`: a scripted day with faults, played through every connector there is, and recounted from disk.

mod day;
mod faults;
mod folder;
mod genesys;
mod live;
mod nice;
mod part;
mod recount;
mod running;
mod script;
mod told;

pub(crate) use day::Demo;
pub(crate) use faults::{Faults, OF_APIS, OF_FOLDERS, OF_SOCKETS};
pub(crate) use folder::dropped_day;
#[cfg(feature = "schema")]
pub(crate) use recount::Count;
#[cfg(feature = "schema")]
pub(crate) use script::{Line, ScriptLeg, ScriptLive, ScriptRecording};
#[cfg(feature = "schema")]
pub(crate) use told::DemoReport;
