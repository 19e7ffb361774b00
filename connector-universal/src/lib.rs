//! Recordings that somebody drops into a folder, each with one flat metadata file.

mod fields;
mod name;
mod reason;
pub mod sidecar;

pub use fields::{Directions, FieldMap};
pub use name::{Kind, MEDIA_EXTENSIONS, MediaName, NamePattern, NameRules, RefersTo, split_extension};
pub use reason::{Reason, Refused};
