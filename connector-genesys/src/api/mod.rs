//! The vendor's resources, one file each, in the vendor's own terms.

pub(crate) mod channels;

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant as the vendor reads it: in UTC with milliseconds.
#[expect(dead_code, reason = "the requests with times are not there yet")]
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
