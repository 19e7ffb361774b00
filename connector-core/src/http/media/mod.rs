//! Recordings by links.

mod download;
mod kept;

pub use download::{Link, LinkSource, MediaOptions};
pub use kept::KeptLinks;
