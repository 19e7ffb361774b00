#![doc = include_str!("../README.md")]

mod api;
mod client;
mod config;
mod conversation;
mod directory;
mod errors;
mod events;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod history;
mod live_audio;
mod people;
mod recordings;
mod region;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod uses;
mod wire;

pub use client::Genesys;
pub use config::{GenesysConfig, RecordingFormat};
pub use directory::GenesysDirectory;
pub use events::{GenesysEvents, eventbridge};
pub use history::GenesysHistory;
pub use live_audio::GenesysAudio;
pub use live_audio::keys::AudioKey;
pub use live_audio::monitoring::AudioMonitoring;
pub use live_audio::options::{AudioOptions, ByteOrder, DOOR};
pub use recordings::GenesysRecordings;
pub use region::Region;
pub use uses::ApiUse;
