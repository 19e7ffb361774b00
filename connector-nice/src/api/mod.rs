//! The vendor's resources, one file each, in the vendor's own terms.

pub(crate) mod agents;
pub(crate) mod contacts;
pub(crate) mod files;
mod lists;
pub(crate) mod media;
pub(crate) mod pages;
pub(crate) mod sessions;

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant as the vendor reads it: in UTC with a literal `Z`. Offsets are known to be misread.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
