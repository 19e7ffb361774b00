#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod client;
mod config;
mod directory;
mod events;
mod hints;
mod history;
mod poll;
mod push;
mod recordings;
mod rows;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod wire;

pub use client::NiceCxone;
pub use config::{AuthMode, NiceConfig, RecordingKey, RecordingsFrom};
pub use connector_core::http::ClientAuth;
pub use directory::NiceDirectory;
pub use events::NiceEvents;
pub use history::NiceHistory;
pub use push::PushOptions;
pub use recordings::NiceRecordings;
