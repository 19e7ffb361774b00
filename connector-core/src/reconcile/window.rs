//! Which windows to ask a source for, and where a run stands among them: rules without I/O.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::time::{after, before};
use crate::{Cursor, HistoryLimits};

/// The shortest window that a query spans, whatever a source says.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);

/// What a run can compare of what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Period {
    /// Calls that ended at this time or later are compared.
    pub from: DateTime<Utc>,
    /// Calls that ended before this time are compared. Not after `from` when there is nothing to ask yet.
    pub to: DateTime<Utc>,
    /// The end asked for, where it is too young: calls that ended after `to` may still be missing from the source's
    /// list, and are for a later run.
    pub postponed: Option<DateTime<Utc>>,
    /// The beginning asked for, where the source does not reach back so far: what ended before `from` cannot be compared.
    pub forgotten: Option<DateTime<Utc>>,
}

impl Period {
    /// What can be compared now of the time between `from` and `to`.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>, limits: &HistoryLimits, now: DateTime<Utc>) -> Self {
        let ripe = before(now, limits.lag).min(to);
        let known = from.max(earliest(limits, now));
        Self {
            from: known,
            to: ripe.max(known),
            postponed: (ripe < to).then_some(to),
            forgotten: (known > from).then_some(from),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", brief(self.from), brief(self.to))?;
        if let Some(to) = self.postponed {
            write!(f, " (the rest up to {} is too young)", brief(to))?;
        }
        if let Some(from) = self.forgotten {
            write!(f, " (the source does not reach back to {})", brief(from))?;
        }
        Ok(())
    }
}

/// One query's stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl Window {
    pub(super) fn contains(&self, time: DateTime<Utc>) -> bool {
        (self.from..self.to).contains(&time)
    }
}

/// Cuts a period into windows that a source can be asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    to: DateTime<Utc>,
    earliest: DateTime<Utc>,
    longest: Duration,
    overlap: Duration,
}

impl Windows {
    pub(super) fn new(period: &Period, limits: &HistoryLimits, now: DateTime<Utc>) -> Self {
        let longest = limits.max_window.max(SHORTEST.to_std().unwrap_or_default());
        // An overlap of a whole window would never get on.
        let overlap = limits.overlap.min(longest / 2);
        Self { to: period.to, earliest: earliest(limits, now), longest, overlap }
    }

    /// The window after everything that ended before `done` was compared: it starts earlier by the overlap.
    pub(super) fn after(&self, done: DateTime<Utc>) -> Option<Window> {
        if done >= self.to {
            return None;
        }
        let from = before(done, self.overlap).max(self.earliest);
        Some(Window { from, to: after(from, self.longest).min(self.to) })
    }
}

/// Where a run stands: in a window, at the listing's own position, or between two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    v: u8,
    /// Where the run was asked to begin: a position is good for that run only.
    begin: DateTime<Utc>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<Cursor>,
}

impl Position {
    const VERSION: u8 = 1;

    pub(super) fn within(begin: DateTime<Utc>, window: Window, list: Option<Cursor>) -> Self {
        Self { v: Self::VERSION, begin, from: window.from, to: window.to, list }
    }

    pub(super) fn done(begin: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self::within(begin, Window { from: until, to: until }, None)
    }

    /// Reads a stored one of a run that began there; `None` if it is of another, or cannot be read.
    pub(super) fn read(cursor: &Cursor, begin: DateTime<Utc>) -> Option<Self> {
        let position: Self = serde_json::from_str(cursor.as_str()).ok()?;
        (position.v == Self::VERSION && position.begin == begin && position.from <= position.to).then_some(position)
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(serde_json::to_string(self).expect("times and texts can always be written as JSON"))
    }

    /// The window it stands in, and where in its listing; `None` between two.
    pub(super) fn window(&self) -> Option<(Window, Option<Cursor>)> {
        let window = Window { from: self.from, to: self.to };
        (self.from < self.to).then(|| (window, self.list.clone()))
    }

    /// Where its window starts: everything that ended before is compared.
    pub(super) fn start(&self) -> DateTime<Utc> {
        self.from
    }
}

fn earliest(limits: &HistoryLimits, now: DateTime<Utc>) -> DateTime<Utc> {
    limits.retention.map_or(DateTime::<Utc>::MIN_UTC, |reach| before(now, reach))
}

pub(super) fn brief(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn limits(lag: Duration, overlap: Duration, max_window: Duration) -> HistoryLimits {
        HistoryLimits { lag, overlap, max_window, retention: None }
    }

    #[test]
    fn a_period_that_is_too_young_is_cut_and_says_so() {
        let (from, to, now) = (at("2026-10-19T00:00:00Z"), at("2026-10-20T00:00:00Z"), at("2026-10-20T00:10:00Z"));
        let period = Period::new(from, to, &HistoryLimits::lagging(HOUR), now);
        assert_eq!((period.to, period.postponed), (at("2026-10-19T23:10:00Z"), Some(to)));
        assert_eq!(
            period.to_string(),
            "2026-10-19T00:00:00Z to 2026-10-19T23:10:00Z (the rest up to 2026-10-20T00:00:00Z is too young)"
        );
        let later = Period::new(from, to, &HistoryLimits::lagging(HOUR), at("2026-10-20T01:00:00Z"));
        assert_eq!((later.to, later.postponed), (to, None));
    }

    #[test]
    fn a_period_that_is_all_too_young_is_empty() {
        let now = at("2026-10-20T00:10:00Z");
        let limits = HistoryLimits::lagging(HOUR);
        let period = Period::new(at("2026-10-20T00:00:00Z"), now, &limits, now);
        assert_eq!((period.from, period.postponed), (period.to, Some(now)));
        assert_eq!(Windows::new(&period, &limits, now).after(period.from), None);
    }

    #[test]
    fn what_the_source_has_forgotten_is_not_asked_for_and_is_said() {
        let now = at("2026-10-20T00:00:00Z");
        let limits = HistoryLimits { retention: Some(24 * HOUR), ..limits(HOUR, 2 * HOUR, 240 * HOUR) };
        let asked = at("2026-10-01T00:00:00Z");
        let period = Period::new(asked, now, &limits, now);
        assert_eq!((period.from, period.forgotten), (at("2026-10-19T00:00:00Z"), Some(asked)));
        let first = Windows::new(&period, &limits, now).after(period.from).unwrap();
        assert_eq!(first.from, period.from, "not even the overlap");
    }

    #[test]
    fn a_position_is_good_for_its_own_run_and_in_its_own_words_only() {
        let (begin, to) = (at("2026-10-19T00:00:00Z"), at("2026-10-20T00:00:00Z"));
        let position = Position::within(begin, Window { from: begin, to }, Some(Cursor::new("17")));
        assert_eq!(Position::read(&position.cursor(), begin), Some(position.clone()));
        assert_eq!(Position::read(&position.cursor(), to), None, "another run's");
        assert_eq!(Position::read(&Cursor::new("17"), begin), None);
        let newer = position.cursor().as_str().replace("\"v\":1", "\"v\":2");
        assert_eq!(Position::read(&Cursor::new(newer), begin), None, "of a later version of this library");
    }

    #[test]
    fn no_length_is_too_long_for_time() {
        let limits = HistoryLimits { retention: Some(Duration::MAX), ..limits(Duration::ZERO, HOUR, Duration::MAX) };
        let (from, to) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        let period = Period::new(from, to, &limits, to);
        assert_eq!(Windows::new(&period, &limits, to).after(from), Some(Window { from, to }));
    }

    proptest! {
        /// The windows cover the period without a hole, none is too long, each overlaps the one before, and they end.
        #[test]
        fn windows_cover_the_period(
            length in 0i64..1_000_000, lag in 0u64..100_000, overlap in 0u64..100_000, longest in 1_000u64..200_000,
        ) {
            let (from, now) = (at("2026-10-19T00:00:00Z"), at("2026-10-29T00:00:00Z"));
            let limits = limits(Duration::from_secs(lag), Duration::from_secs(overlap), Duration::from_secs(longest));
            let period = Period::new(from, from + TimeDelta::seconds(length), &limits, now);
            let windows = Windows::new(&period, &limits, now);
            let (mut done, mut count) = (period.from, 0);
            while let Some(window) = windows.after(done) {
                prop_assert!(window.to > done, "it gets on");
                prop_assert!(window.from <= done, "no hole");
                prop_assert_eq!((done - window.from).to_std().unwrap(), limits.overlap.min(limits.max_window / 2));
                prop_assert!((window.to - window.from).to_std().unwrap() <= limits.max_window);
                done = window.to;
                count += 1;
                prop_assert!(count < 3_000);
            }
            prop_assert_eq!(done, period.to);
            prop_assert!(period.to <= now - TimeDelta::seconds(lag as i64) || period.to == period.from);
        }
    }
}
