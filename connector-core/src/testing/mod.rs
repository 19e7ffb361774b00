//! A contact centre to play with: calls, audio and faults that come out the same on every machine.
//!
//! A [`Scenario`] is a working day of Example Corp, in no vendor's format: a fake of a vendor's system tells it in that
//! vendor's words, and a test compares what came out of a connector with what was put in. A [`Clip`] is the sound of a
//! call. A [`FaultPlan`] says what is to go wrong on the way, and knows afterwards what did, and a [`DayTime`] how far the day
//! has come. What fakes of APIs have in common is in `http`, what tests of their answers do in [`mod@fixtures`], and the suite
//! that every connector passes in [`conformance`].

mod audio;
pub mod conformance;
mod day_time;
mod faults;
pub mod fixtures;
#[cfg(feature = "http")]
pub mod http;
mod log;
#[cfg(target_os = "linux")]
pub mod memory;
mod scenario;
mod timeline;
mod voice;

pub use audio::{Chunks, Clip};
pub use day_time::{DayTime, Passing};
pub use faults::{Fault, FaultPlan};
pub use fixtures::fixtures;
pub use log::Log;
pub use scenario::{Scenario, ScenarioAgent, ScenarioCall, ScenarioGroup};
pub use timeline::{Happening, Moment, Party, ScenarioLeg};
