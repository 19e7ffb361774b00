#![doc = include_str!("../README.md")]

#[expect(dead_code, reason = "the jobs that use it are not there yet")]
mod api;
mod client;
mod config;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the sockets that feed it are not there yet")
)]
mod channel;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the sockets that feed it are not there yet")
)]
mod differ;
mod errors;
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
pub use region::Region;
