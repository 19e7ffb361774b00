//! Once a day at a local time.

use chrono::{DateTime, Days, NaiveTime, Utc};

use crate::Zone;

/// A time of day in a zone, once for every date that the zone has.
///
/// In the hour that occurs twice in autumn it is the first one; a time that is left out in spring comes as much later as
/// the clock was put forward.
///
/// ```
/// use connector_core::reconcile::NightlyAt;
/// # let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let nightly = NightlyAt::new("02:30:00".parse().unwrap(), "Europe/Berlin".parse().unwrap());
/// assert_eq!(nightly.next_after(at("2026-10-19T12:00:00Z")), at("2026-10-20T00:30:00Z"));
/// assert_eq!(nightly.next_after(at("2026-10-25T00:00:00Z")), at("2026-10-25T00:30:00Z")); // 02:30, the first time
/// assert_eq!(nightly.next_after(at("2026-10-25T00:30:00Z")), at("2026-10-26T01:30:00Z"));
/// assert_eq!(nightly.next_after(at("2027-03-27T12:00:00Z")), at("2027-03-28T01:30:00Z")); // 03:30: no 02:30 that day
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NightlyAt {
    time: NaiveTime,
    zone: Zone,
}

impl NightlyAt {
    /// Every day at this time in this zone.
    pub fn new(time: NaiveTime, zone: Zone) -> Self {
        Self { time, zone }
    }

    /// The next time after an instant, never that instant itself.
    pub fn next_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.around(now).filter(|planned| *planned > now).min().unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The last time up to an instant, or that instant itself.
    pub fn last_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.around(now).filter(|planned| *planned <= now).max().unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// Whether a run is due: one was planned since the last one began. However many nights were slept through, it is one
    /// run; and a clock that is put back brings none twice.
    ///
    /// ```
    /// # use connector_core::{Zone, reconcile::NightlyAt};
    /// # let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let nightly = NightlyAt::new("02:00:00".parse().unwrap(), Zone::UTC);
    /// let last = at("2026-10-19T02:00:03Z");
    /// assert!(!nightly.is_due(last, at("2026-10-20T01:59:59Z")));
    /// assert!(nightly.is_due(last, at("2026-10-20T02:00:00Z")));
    /// assert!(!nightly.is_due(last, at("2026-10-18T23:00:00Z"))); // the clock was put back
    /// ```
    pub fn is_due(&self, last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.last_until(now) > last
    }

    /// The instants on the dates around an instant. Zones differ from UTC by less than a day, and a date that a zone left
    /// out shares the instant of the next one: three days each way are enough.
    fn around(&self, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        let date = now.date_naive();
        let before = (0..=3).filter_map(move |days| date.checked_sub_days(Days::new(days)));
        let after = (1..=3).filter_map(move |days| date.checked_add_days(Days::new(days)));
        before.chain(after).map(|date| self.zone.stamp(date.and_time(self.time)).at)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::StampSource;

    #[test]
    fn a_date_that_a_zone_left_out_brings_no_second_run() {
        let apia = NightlyAt::new("02:00:00".parse().unwrap(), "Pacific/Apia".parse().unwrap());
        let before: DateTime<Utc> = "2011-12-29T12:00:00Z".parse().unwrap(); // 02:00 on the 29th
        let next = apia.next_after(before);
        assert_eq!(next, before + TimeDelta::days(1), "the 31st follows the 29th");
        assert_eq!(apia.next_after(next), next + TimeDelta::days(1));
    }

    fn zones() -> impl Strategy<Value = Zone> {
        let names = vec![
            "UTC",
            "+13:45",
            "-11:00",
            "Europe/Berlin",
            "America/New_York",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Africa/Cairo",
            "Asia/Tehran",
            "Pacific/Auckland",
            "America/St_Johns",
            "Africa/Casablanca",
        ];
        prop::sample::select(names).prop_map(|name| name.parse().unwrap())
    }

    proptest! {
        /// Over ninety days: one run for each local date, at the local time unless the clock leaves it out, about a day
        /// apart, and the same whenever one asks in between.
        #[test]
        fn it_runs_once_a_day_whatever_the_clock_does(
            zone in zones(), start in 1_100_000_000i64..1_900_000_000, minute in 0u32..1440, asked in 0.0..1.0f64,
        ) {
            let time = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
            let nightly = NightlyAt::new(time, zone);
            let mut last = nightly.next_after(DateTime::from_timestamp(start, 0).unwrap());
            for _ in 0..90 {
                let next = nightly.next_after(last);
                let apart = next - last;
                prop_assert!(apart >= TimeDelta::hours(22) && apart <= TimeDelta::hours(26), "{last} {next}");
                let (local, before) = (zone.local(next), zone.local(last));
                prop_assert_eq!(local.date() - before.date(), TimeDelta::days(1), "{} {}", before, local);
                let planned = zone.stamp(local.date().and_time(time));
                prop_assert!(local.time() == time || planned.source == StampSource::LocalAmbiguous);
                let between = last + TimeDelta::seconds((apart.num_seconds() as f64 * asked) as i64);
                prop_assert_eq!(nightly.next_after(between), next);
                prop_assert_eq!(nightly.last_until(between), last);
                prop_assert_eq!(nightly.last_until(next), next);
                last = next;
            }
        }

        /// However the clock jumps, no night is run twice.
        #[test]
        fn a_jumping_clock_brings_no_night_twice(zone in zones(), jumps in prop::collection::vec(-200_000i64..400_000, 1..60)) {
            let nightly = NightlyAt::new("02:30:00".parse().unwrap(), zone);
            let mut now = DateTime::from_timestamp(1_792_411_200, 0).unwrap();
            let (mut last, mut nights) = (now, std::collections::BTreeSet::new());
            for jump in jumps {
                now += TimeDelta::seconds(jump);
                if nightly.is_due(last, now) {
                    prop_assert!(nights.insert(nightly.last_until(now)), "twice");
                    last = now;
                }
            }
        }
    }
}
