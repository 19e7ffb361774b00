#![doc = include_str!("../README.md")]

mod active;
mod api;
mod auth;
mod client;
mod config;
mod directory;
mod errors;
mod events;
mod hints;
mod history;
mod pages;
mod people;
mod poll;
mod push;
mod recordings;
mod rows;
mod session;
mod shared;
mod states;
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
pub use history::NiceHistory;
pub use push::{DOOR, PushOptions};
pub use recordings::NiceRecordings;
pub use uses::ApiUse;

/// The code of the guides is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/nice-studio.md")]
struct StudioGuide;
