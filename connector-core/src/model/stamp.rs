//! Points in time that know where they come from, and local times that become such points.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, Offset, SecondsFormat, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Where a time comes from, which says how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StampSource {
    /// The vendor said so.
    Vendor,
    /// The vendor sent no time: it is the moment we heard of it.
    Received,
    /// Computed from other facts, such as a start and a length.
    Derived,
    /// A local time that names two instants or none (daylight saving): the earlier one, or the one after the gap.
    LocalAmbiguous,
}

/// A point in time and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stamp {
    /// The instant.
    pub at: DateTime<Utc>,
    /// How we know it.
    pub source: StampSource,
}

impl Stamp {
    /// A time that the vendor named.
    pub fn vendor(at: DateTime<Utc>) -> Self {
        Self { at, source: StampSource::Vendor }
    }

    /// The time at which we heard of it.
    pub fn received(at: DateTime<Utc>) -> Self {
        Self { at, source: StampSource::Received }
    }

    /// A time computed from others.
    pub fn derived(at: DateTime<Utc>) -> Self {
        Self { at, source: StampSource::Derived }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A time zone by name (`Europe/Berlin`), or a fixed offset (`+02:00`, `UTC`).
///
/// ```
/// use connector_core::{StampSource, Zone};
/// let zone: Zone = "America/New_York".parse().unwrap();
/// let local = |text| chrono::NaiveDateTime::parse_from_str(text, "%F %T").unwrap();
///
/// let plain = zone.stamp(local("2026-10-19 14:02:53"));
/// assert_eq!(plain.to_string(), "2026-10-19T18:02:53Z");
/// assert_eq!(plain.source, StampSource::Vendor);
///
/// let twice = zone.stamp(local("2026-11-01 01:30:00")); // clocks go back: two instants, the earlier is taken
/// assert_eq!((twice.to_string().as_str(), twice.source), ("2026-11-01T05:30:00Z", StampSource::LocalAmbiguous));
///
/// let never = zone.stamp(local("2026-03-08 02:30:00")); // clocks go forward: no such time, shifted by the gap
/// assert_eq!((never.to_string().as_str(), never.source), ("2026-03-08T07:30:00Z", StampSource::LocalAmbiguous));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(ZoneKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZoneKind {
    Named(chrono_tz::Tz),
    Fixed(FixedOffset),
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(ZoneKind::Named(chrono_tz::UTC));

    /// The instant that a clock in this zone showed as `local`, and whether that was plain.
    ///
    /// In the hour that occurs twice the earlier instant is taken; in the hour that is left out the time is shifted
    /// forward by the gap. Both are marked [`StampSource::LocalAmbiguous`].
    pub fn stamp(&self, local: NaiveDateTime) -> Stamp {
        match self.0 {
            ZoneKind::Named(zone) => local_to_stamp(zone, local),
            ZoneKind::Fixed(offset) => local_to_stamp(offset, local),
        }
    }

    /// What a clock in this zone shows at an instant.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        match self.0 {
            ZoneKind::Named(zone) => at.with_timezone(&zone).naive_local(),
            ZoneKind::Fixed(offset) => at.with_timezone(&offset).naive_local(),
        }
    }
}

fn local_to_stamp<Z: TimeZone>(zone: Z, local: NaiveDateTime) -> Stamp {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Stamp::vendor(at.to_utc()),
        LocalResult::Ambiguous(earlier, _) => Stamp { at: earlier.to_utc(), source: StampSource::LocalAmbiguous },
        LocalResult::None => Stamp { at: after_gap(zone, local), source: StampSource::LocalAmbiguous },
    }
}

/// A left-out local time, read with the offset that was in force before the gap: the same as shifting it forward.
fn after_gap<Z: TimeZone>(zone: Z, local: NaiveDateTime) -> DateTime<Utc> {
    let day_before = (local - TimeDelta::days(1)).and_utc();
    let offset = zone.offset_from_utc_datetime(&day_before.naive_utc()).fix();
    (local - offset).and_utc()
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(zone) = text.parse::<chrono_tz::Tz>() {
            return Ok(Self(ZoneKind::Named(zone)));
        }
        if let Ok(offset) = text.parse::<FixedOffset>() {
            return Ok(Self(ZoneKind::Fixed(offset)));
        }
        Err(Error::config(format!("{text:?} is no time zone")).advise("write a name such as Europe/Berlin, or +02:00"))
    }
}

impl TryFrom<String> for Zone {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ZoneKind::Named(zone) => f.write_str(zone.name()),
            ZoneKind::Fixed(offset) => offset.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zones_round_trip_as_text() {
        for text in ["Europe/Berlin", "+02:00", "-03:30", "UTC"] {
            let zone: Zone = text.parse().unwrap();
            assert_eq!(zone.to_string(), text);
        }
    }

    #[test]
    fn an_unknown_zone_says_what_to_write() {
        let error = "Mars/Olympus".parse::<Zone>().unwrap_err();
        assert!(error.is_config());
        assert!(error.to_string().contains("Europe/Berlin"), "{error}");
    }

    proptest! {
        /// Outside folds and gaps, going to the instant and back shows the same local time; inside a gap the time moves forward.
        #[test]
        fn local_times_survive(seconds in 1_700_000_000i64..1_900_000_000, zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "+05:30"])) {
            let zone: Zone = zone.parse().unwrap();
            let local = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let stamp = zone.stamp(local);
            let back = zone.local(stamp.at);
            prop_assert!(back == local || (back > local && stamp.source == StampSource::LocalAmbiguous));
        }
    }
}
