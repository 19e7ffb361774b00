//! How fast we may talk: the vendor answers with an error when we say too much.

use chrono::{DateTime, TimeDelta, Utc};

/// How many messages may go at once. Not documented by the vendor; others have seen it.
const BURST: i32 = 25;

/// How long until one more may go: five in a second. Seen by the same.
const EACH: TimeDelta = TimeDelta::milliseconds(200);

/// How much may still be said.
#[derive(Debug)]
pub(crate) struct Pace {
    /// When all of it may be said again.
    full_at: DateTime<Utc>,
}

impl Pace {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self { full_at: now }
    }

    /// Whether one more message may go now.
    pub(crate) fn may(&self, now: DateTime<Utc>) -> bool {
        self.full_at - now <= EACH * (BURST - 1)
    }

    /// A message goes. One that has to may always.
    pub(crate) fn spend(&mut self, now: DateTime<Utc>) {
        self.full_at = self.full_at.max(now) + EACH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_may_go_and_then_five_in_a_second() {
        let start: DateTime<Utc> = "2026-10-19T08:00:00Z".parse().unwrap();
        let mut pace = Pace::new(start);
        let mut goes = |now| {
            let may = pace.may(now);
            if may {
                pace.spend(now);
            }
            may
        };
        assert_eq!((0..100).filter(|_| goes(start)).count(), 25);
        let then = start + TimeDelta::seconds(2);
        assert_eq!((0..100).filter(|_| goes(then)).count(), 10);
        // What has to be said is said, and counts.
        let later = then + TimeDelta::seconds(60);
        (0..30).for_each(|_| pace.spend(later));
        assert!(!pace.may(later) && pace.may(later + TimeDelta::milliseconds(1_200)));
    }
}
