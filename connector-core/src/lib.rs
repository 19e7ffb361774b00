#![doc = include_str!("../README.md")]

mod context;
#[cfg(feature = "files")]
mod disk;
mod error;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "inbound")]
pub mod inbound;
mod jobs;
pub mod length;
mod live;
pub mod loose;
pub mod matching;
mod model;
pub mod names;
mod origin;
mod people;
pub mod reconcile;
#[cfg(feature = "sockets")]
pub mod socket;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
pub mod wav;

pub use context::*;
pub use error::{Error, Result};
pub use jobs::*;
pub use live::*;
pub use model::*;
pub use origin::Origin;
pub use people::*;
