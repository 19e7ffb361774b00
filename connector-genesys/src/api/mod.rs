//! The vendor's resources, one file each, in the vendor's own terms.

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant as the vendor reads it: in UTC with milliseconds.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
