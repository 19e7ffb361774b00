//! Recordings that somebody drops into a folder, each with one flat metadata file.

mod name;
mod reason;
pub mod sidecar;

pub use name::{Kind, MEDIA_EXTENSIONS, MediaName, NameRules, RefersTo, split_extension};
pub use reason::{Reason, Refused};
