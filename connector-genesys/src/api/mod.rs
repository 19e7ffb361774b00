//! The vendor's resources, one file each, in the vendor's own terms.

pub(crate) mod analytics;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod lists;
pub(crate) mod recordings;
pub(crate) mod users;

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant as the vendor reads it: in UTC with milliseconds.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Whether a text can be an id in a path: dots alone would lead out of it.
pub(crate) fn is_id(text: &str) -> bool {
    text.chars().any(|letter| letter != '.')
}
