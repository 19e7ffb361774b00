#![doc = include_str!("../README.md")]

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
mod region;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg_attr(
    not(all(test, feature = "testing")),
    expect(dead_code, reason = "the requests and sockets that read these are not there yet")
)]
mod wire;

pub use region::Region;
