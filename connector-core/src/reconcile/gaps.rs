//! Silences that have to be made good: which are due, and which are closed.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::Gap;
use crate::time::after;

/// The times in which a source heard nothing and that no run has covered yet.
///
/// A gap is due once the source's history has caught up with its end (`gap.to` plus the history's lag). It stays until a
/// run has really reached it: a run that stops halfway closes the part that it covered.
///
/// ```
/// use std::time::Duration;
/// use connector_core::{Gap, reconcile::Gaps};
/// # let at = |text: &str| format!("2026-10-19T{text}:00Z").parse().unwrap();
/// let lag = Duration::from_secs(600);
/// let mut gaps = Gaps::default();
/// gaps.add(Gap { from: at("14:00"), to: at("14:20"), why: "the connection was lost".into() });
/// assert!(gaps.due(at("14:25"), lag).is_empty());
/// assert_eq!(gaps.next_due(lag), Some(at("14:30")));
///
/// let due = gaps.due(at("14:30"), lag);
/// assert_eq!(due.len(), 1);
/// gaps.close(due[0].from, at("14:12")); // the run broke off here
/// assert_eq!(gaps.open()[0].from, at("14:12"));
/// gaps.close(at("14:12"), at("14:20"));
/// assert!(gaps.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// In the order of their starts.
    open: Vec<Gap>,
}

impl Gaps {
    /// Adds a gap. One that ends before it starts is read the other way round; one without length, or within another one,
    /// adds nothing.
    pub fn add(&mut self, gap: Gap) {
        let gap = Gap { from: gap.from.min(gap.to), to: gap.from.max(gap.to), why: gap.why };
        let covers = |a: &Gap, b: &Gap| a.from <= b.from && b.to <= a.to;
        if gap.from == gap.to || self.open.iter().any(|known| covers(known, &gap)) {
            return;
        }
        self.open.retain(|known| !covers(&gap, known));
        let place = self.open.partition_point(|known| known.from <= gap.from);
        self.open.insert(place, gap);
    }

    /// The gaps that can be made good now. Those that overlap or touch are one, with the first one's reason.
    ///
    /// A gap that is not due yet is never joined to one that is, so that a source that keeps failing cannot put off for
    /// ever what is due.
    pub fn due(&self, now: DateTime<Utc>, lag: Duration) -> Vec<Gap> {
        let mut due: Vec<Gap> = Vec::new();
        for gap in self.open.iter().filter(|gap| after(gap.to, lag) <= now) {
            match due.last_mut() {
                Some(last) if gap.from <= last.to => last.to = last.to.max(gap.to),
                _ => due.push(gap.clone()),
            }
        }
        due
    }

    /// When the next gap is due; `None` when there is none.
    pub fn next_due(&self, lag: Duration) -> Option<DateTime<Utc>> {
        self.open.iter().map(|gap| after(gap.to, lag)).min()
    }

    /// Closes what a run has covered: all that ended between the `from` it was asked for and what it
    /// [`reached`](super::ReconcileReport::reached). What a source has forgotten counts as covered: nobody can make it good.
    pub fn close(&mut self, from: DateTime<Utc>, reached: DateTime<Utc>) {
        if reached <= from {
            return;
        }
        let open = std::mem::take(&mut self.open);
        for gap in open {
            let (left, right) = (gap.to.min(from), gap.from.max(reached));
            // Both are empty when the gap is covered, and one is the whole gap when it lies beside the run.
            if gap.from < left {
                self.open.push(Gap { to: left, ..gap.clone() });
            }
            if right < gap.to {
                self.open.push(Gap { from: right, ..gap });
            }
        }
        self.open.sort_by_key(|gap| (gap.from, gap.to));
    }

    /// What is still open, in the order of their starts.
    pub fn open(&self) -> &[Gap] {
        &self.open
    }

    /// Whether nothing is to be made good.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Extend<Gap> for Gaps {
    fn extend<I: IntoIterator<Item = Gap>>(&mut self, gaps: I) {
        gaps.into_iter().for_each(|gap| self.add(gap));
    }
}

impl FromIterator<Gap> for Gaps {
    fn from_iter<I: IntoIterator<Item = Gap>>(gaps: I) -> Self {
        let mut all = Self::default();
        all.extend(gaps);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_792_411_200 + minute * 60, 0).unwrap()
    }

    fn gap(from: i64, to: i64) -> Gap {
        Gap { from: at(from), to: at(to), why: format!("lost at {from}") }
    }

    fn minutes(gaps: &[Gap]) -> BTreeSet<i64> {
        let minute = |time: DateTime<Utc>| (time - at(0)).num_minutes();
        gaps.iter().flat_map(|gap| minute(gap.from)..minute(gap.to)).collect()
    }

    #[test]
    fn overlapping_and_touching_gaps_are_made_good_at_once_and_others_are_not() {
        let gaps: Gaps = [gap(10, 20), gap(15, 30), gap(30, 40), gap(41, 50)].into_iter().collect();
        assert_eq!(
            gaps.due(at(60), Duration::ZERO),
            [Gap { to: at(40), ..gap(10, 20) }, gap(41, 50)],
            "the first one's reason stands"
        );
    }

    #[test]
    fn a_gap_that_is_not_due_puts_off_nothing() {
        let gaps: Gaps = [gap(10, 20), gap(15, 30)].into_iter().collect();
        assert_eq!(gaps.due(at(25), Duration::from_secs(300)), [gap(10, 20)]);
        assert_eq!(gaps.due(at(24), Duration::from_secs(300)), []);
        assert_eq!(gaps.next_due(Duration::from_secs(300)), Some(at(25)));
    }

    #[test]
    fn a_gap_is_closed_only_as_far_as_a_run_reached() {
        let mut gaps: Gaps = [gap(10, 30)].into_iter().collect();
        gaps.close(at(15), at(15));
        assert_eq!(gaps.open(), [gap(10, 30)], "a run that reached nothing");
        gaps.close(at(40), at(50));
        gaps.close(at(0), at(10));
        assert_eq!(gaps.open(), [gap(10, 30)], "a run beside it");
        gaps.close(at(15), at(20));
        assert_eq!(minutes(gaps.open()), (10..15).chain(20..30).collect(), "a run in its middle");
        gaps.close(at(10), at(30));
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_gap_told_backwards_is_a_gap_and_an_empty_one_is_none() {
        let gaps: Gaps = [gap(20, 10), gap(5, 5)].into_iter().collect();
        assert_eq!(minutes(gaps.open()), (10..20).collect());
        assert_eq!(gaps.next_due(Duration::MAX), Some(DateTime::<Utc>::MAX_UTC), "no lag is too long");
    }

    #[test]
    fn the_same_gap_again_adds_nothing() {
        let mut gaps: Gaps = [gap(10, 20), gap(10, 20), gap(12, 18)].into_iter().collect();
        assert_eq!(gaps.open(), [gap(10, 20)]);
        gaps.add(gap(5, 25));
        assert_eq!(gaps.open(), [gap(5, 25)]);
    }

    proptest! {
        /// Against sets of minutes: what is open is what was added less what was covered, and what is due is what is
        /// open of the gaps that ended in time, in pieces that neither overlap nor touch.
        #[test]
        fn gaps_are_sets_of_minutes(
            steps in prop::collection::vec((any::<bool>(), 0i64..100, 0i64..40), 0..30), now in 0i64..160,
        ) {
            let (mut gaps, mut model) = (Gaps::default(), BTreeSet::new());
            for (add, from, length) in steps {
                if add {
                    gaps.add(gap(from, from + length));
                    model.extend(from..from + length);
                } else {
                    gaps.close(at(from), at(from + length));
                    (from..from + length).for_each(|minute| { model.remove(&minute); });
                }
                prop_assert_eq!(minutes(gaps.open()), model.clone());
                prop_assert!(gaps.open().is_sorted_by_key(|gap| gap.from));
            }
            let lag = Duration::from_secs(300);
            let due = gaps.due(at(now), lag);
            let ripe: Vec<_> = gaps.open().iter().filter(|gap| gap.to <= at(now - 5)).cloned().collect();
            prop_assert_eq!(minutes(&due), minutes(&ripe));
            prop_assert!(due.windows(2).all(|pair| pair[0].to < pair[1].from));
            prop_assert_eq!(due.is_empty(), gaps.next_due(lag).is_none_or(|next| next > at(now)));
        }
    }
}
