//! `reconcile = { at = "02:30", zone = "Europe/Berlin", period = "24h" }`: when a source is compared with what is stored.

use std::time::Duration;

use chrono::NaiveTime;
use connector_core::reconcile::NightlyAt;
use connector_core::{Zone, length};
use ingestion_pipeline::Schedule;
use serde::{Deserialize, Deserializer};

use super::error::ConfigError;
use super::reader::{Reader, Table};

/// What stands there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nightly {
    #[serde(deserialize_with = "time_of_day")]
    at: NaiveTime,
    #[serde(deserialize_with = "zone")]
    zone: Zone,
    #[serde(default = "one_day", deserialize_with = "period")]
    period: Duration,
}

impl<'a> Reader<'a> {
    /// Takes the schedule out of a source's table; none where there is no such key.
    pub(super) fn take_reconcile(&self, table: &mut Table<'a>, whose: &str) -> Result<Option<Schedule>, ConfigError> {
        let hint = "write reconcile = { at = \"02:30\", zone = \"Europe/Berlin\", period = \"24h\" }";
        let nightly: Option<Nightly> = self.take_table(table, "reconcile", whose, hint)?;
        Ok(nightly.map(|Nightly { at, zone, period }| Schedule::new(NightlyAt::new(at, zone), period)))
    }
}

fn one_day() -> Duration {
    Duration::from_secs(86_400)
}

fn time_of_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveTime::parse_from_str(&text, "%H:%M").map_err(|_| {
        serde::de::Error::custom(format!("{text:?} is no time of day; write hours and minutes, such as \"02:30\""))
    })
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!("{text:?} is no time zone; write a name such as Europe/Berlin, or +02:00"))
    })
}

fn period<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match length::deserialize(deserializer)? {
        Duration::ZERO => Err(serde::de::Error::custom("a period without length compares nothing; write \"24h\"")),
        period => Ok(period),
    }
}
