#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod client;
mod config;
mod directory;
mod events;
mod history;
mod poll;
mod recordings;
mod rows;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod uses;
mod wire;

pub use client::NiceCxone;
pub use config::{AuthMode, NiceConfig, RecordingKey};
pub use connector_core::http::ClientAuth;
pub use directory::NiceDirectory;
pub use events::NiceEvents;
pub use history::NiceHistory;
pub use recordings::NiceRecordings;
pub use uses::ApiUse;
