#![doc = include_str!("../README.md")]

mod api;
mod audio;
mod channel;
mod client;
mod config;
mod conversation;
mod differ;
mod directory;
mod errors;
pub mod eventbridge;
mod events;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod history;
mod live_audio;
mod monitoring;
mod people;
mod recordings;
mod region;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod uses;
mod wire;

pub use audio::{AudioKey, AudioOptions, ByteOrder, DOOR};
pub use client::Genesys;
pub use config::{GenesysConfig, RecordingFormat};
pub use directory::GenesysDirectory;
pub use events::GenesysEvents;
pub use history::GenesysHistory;
pub use live_audio::GenesysAudio;
pub use monitoring::AudioMonitoring;
pub use recordings::GenesysRecordings;
pub use region::Region;
pub use uses::ApiUse;
