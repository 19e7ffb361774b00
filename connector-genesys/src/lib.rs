#![doc = include_str!("../README.md")]

mod api;
mod audio;
mod client;
mod config;
mod conversation;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the sockets that feed it are not there yet")
)]
mod differ;
mod directory;
mod errors;
mod history;
mod people;
mod recordings;
mod region;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod uses;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the requests and sockets that read these are not there yet")
)]
mod wire;

pub use audio::AudioMonitoring;
pub use client::Genesys;
pub use config::{GenesysConfig, RecordingFormat};
pub use directory::GenesysDirectory;
pub use history::GenesysHistory;
pub use recordings::GenesysRecordings;
pub use region::Region;
pub use uses::ApiUse;
