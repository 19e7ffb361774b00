//! Up to where a stream has told everything, as it is stored.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Cursor;
use serde::{Deserialize, Serialize};

/// How far back is compared when the stored position cannot be read.
const UNKNOWN_SINCE: TimeDelta = TimeDelta::days(7);

/// A position, as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    since: DateTime<Utc>,
}

pub(super) fn cursor(since: DateTime<Utc>) -> Cursor {
    Cursor::new(serde_json::json!(Stored { v: 1, since }).to_string())
}

/// Where a stored position points; `None` when it cannot be read.
fn position(cursor: &Cursor) -> Option<DateTime<Utc>> {
    serde_json::from_str(cursor.as_str()).ok().filter(|stored: &Stored| stored.v == 1).map(|stored| stored.since)
}

/// Since when nothing was heard, and why.
pub(super) fn start(from: Option<&Cursor>, now: DateTime<Utc>) -> (DateTime<Utc>, &'static str) {
    match from.map(position) {
        None => (now, "listening has just begun"),
        Some(Some(since)) => (since.min(now), "nobody listened"),
        Some(None) => (now - UNKNOWN_SINCE, "the stored position cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written_and_others_reach_back_a_week() {
        let now: DateTime<Utc> = "2026-10-19T14:00:00Z".parse().expect("a time");
        let since = now - TimeDelta::minutes(5);
        assert_eq!(start(None, now), (now, "listening has just begun"));
        assert_eq!(start(Some(&cursor(since)), now), (since, "nobody listened"));
        assert_eq!(start(Some(&cursor(now + TimeDelta::hours(1))), now), (now, "nobody listened"));
        for words in ["", "junk", r#"{"v":2,"since":"2026-10-19T14:00:00Z"}"#] {
            assert_eq!(start(Some(&Cursor::new(words)), now).0, now - TimeDelta::days(7), "{words}");
        }
    }
}
