#![doc = include_str!("../README.md")]

mod api;
mod audio;
mod client;
mod config;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the sockets that feed it are not there yet")
)]
mod differ;
mod directory;
mod errors;
mod people;
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
pub use region::Region;
pub use uses::ApiUse;
