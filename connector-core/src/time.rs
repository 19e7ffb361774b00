//! Points in time so long before and after others, as far as time goes.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The time so long before another, or the beginning of time.
pub(crate) fn before(time: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
    time.checked_sub_signed(length).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// The time so long after another, or the end of time.
pub(crate) fn after(time: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
    time.checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
