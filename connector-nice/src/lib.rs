#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod client;
mod config;
mod conversation;
mod directory;
mod errors;
mod events;
mod history;
mod people;
mod recordings;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod uses;
mod wire;

pub use client::NiceCxone;
pub use config::{AuthMode, NiceConfig, RecordingKey, RecordingsFrom};
pub use connector_core::http::ClientAuth;
pub use directory::NiceDirectory;
pub use events::NiceEvents;
pub use events::push::options::{DOOR, PushOptions};
pub use history::NiceHistory;
pub use recordings::NiceRecordings;
pub use uses::ApiUse;

/// The code of the guides is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/nice-studio.md")]
struct StudioGuide;
