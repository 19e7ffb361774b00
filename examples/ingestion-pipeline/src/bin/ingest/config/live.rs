//! `[live]`: what becomes of the sound of calls that is heard while they go on.

use std::time::Duration;

use connector_core::length;
use ingestion_pipeline::{LiveOptions, LiveUse, SqliteStore, Unmatched};
use serde::{Deserialize, Deserializer};

use crate::places::Places;

/// What becomes of sound that is heard while calls go on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LiveSettings {
    /// When it is stored.
    pub(crate) store: Store,
    /// How long after its end the call of a session may still come.
    #[serde(deserialize_with = "deadline")]
    pub(crate) deadline: Duration,
    /// What becomes of the sound of sessions whose calls do not come.
    pub(crate) unmatched: Unmatched,
    /// Whether what is heard outside the time of agents is stored, too.
    pub(crate) keep_all: bool,
}

/// When sound is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Store {
    /// Beside the recordings of the vendor.
    #[default]
    Beside,
    /// Of calls without a recording of the vendor.
    Instead,
    /// Never: no session is taken.
    Off,
}

impl LiveSettings {
    /// How the pipeline deals with it, where anything is to be stored.
    pub(crate) fn options(&self, store: &SqliteStore, places: &Places) -> Option<LiveOptions> {
        let options = LiveOptions::new(store.clone(), places.live())
            .with_use(self.store.usage()?)
            .with_deadline(self.deadline)
            .with_unmatched(self.unmatched)
            .with_keep_all(self.keep_all);
        Some(options)
    }
}

impl Store {
    /// The word for it in the library; none where nothing is stored.
    pub(crate) fn usage(self) -> Option<LiveUse> {
        match self {
            Self::Beside => Some(LiveUse::Beside),
            Self::Instead => Some(LiveUse::Instead),
            Self::Off => None,
        }
    }
}

impl Default for LiveSettings {
    fn default() -> Self {
        let deadline = Duration::from_secs(3600);
        Self { store: Store::default(), deadline, unmatched: Unmatched::default(), keep_all: false }
    }
}

fn deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let deadline = length::deserialize(deserializer)?;
    if deadline < Duration::from_secs(1) {
        return Err(serde::de::Error::custom("no call comes as fast as that; write 1s or more, such as \"1h\""));
    }
    Ok(deadline)
}
