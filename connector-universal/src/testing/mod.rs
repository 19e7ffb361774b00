//! A counterpart to play with: somebody who uploads a day of calls, and a folder that misbehaves on purpose.
//!
//! An [`Uploader`] plays a [`Scenario`](connector_core::testing::Scenario) into a directory the way real uploaders do, and
//! says what is to come out of a connector. A [`MisbehavingFolder`] stands between the two and loses words and cuts
//! downloads. Both follow a [`FaultPlan`](connector_core::testing::FaultPlan).

mod misbehaving;
mod sidecars;
mod uploader;

pub use misbehaving::{HeardFolder, MisbehavingFolder};
pub use uploader::{UploadedCall, Uploader};
