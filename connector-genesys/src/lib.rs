#![doc = include_str!("../README.md")]

mod api;
mod channel;
mod client;
mod config;
mod differ;
mod errors;
pub mod eventbridge;
mod events;
mod region;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the requests and sockets that read these are not there yet")
)]
mod wire;

pub use client::Genesys;
pub use config::{GenesysConfig, RecordingFormat};
pub use events::GenesysEvents;
pub use region::Region;
