//! How one drop folder is to be read.

use std::time::Duration;

use connector_core::{Error, Result, Speaker, Zone};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{FieldMap, NamePattern, NameRules, RefersTo};

/// Whether recordings come with metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SidecarMode {
    /// A recording waits until its sidecar is there.
    #[default]
    Required,
    /// A recording is taken without one after the grace time.
    Optional,
    /// There are none; one that comes all the same is rejected.
    None,
}

/// The settings of one drop folder. Only the time zone has to be given.
///
/// ```
/// use connector_universal::{DropFolderConfig, SidecarMode};
/// let config = DropFolderConfig::new("Europe/Berlin").with_sidecar(SidecarMode::Optional);
/// assert_eq!(config.media_limit, 2 << 30);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DropFolderConfig {
    /// The zone of the times in file names: a name (`Europe/Berlin`) or an offset (`+02:00`).
    #[serde(deserialize_with = "zone")]
    pub time_zone: String,
    /// Which end of the call those times mean.
    #[serde(default)]
    pub timestamp_refers_to: RefersTo,
    /// How names, without their extension, are made of fields.
    #[serde(default)]
    pub name: NamePattern,
    /// Whether recordings come with metadata.
    #[serde(default)]
    pub sidecar: SidecarMode,
    /// How long an optional sidecar is waited for.
    #[serde(default = "default_grace", with = "connector_core::length")]
    pub grace: Duration,
    /// Whether `.yaml` is taken for `.yml`.
    #[serde(default)]
    pub accept_yaml: bool,
    /// Fields that a sidecar must have before the call counts.
    #[serde(default)]
    pub required_fields: Vec<String>,
    /// Which sidecar fields say what.
    #[serde(default)]
    pub fields: FieldMap,
    /// Who is to be heard on each channel of a recording that has as many.
    #[serde(default)]
    pub channels: Option<Vec<Speaker>>,
    /// The largest recording that is taken, in bytes.
    #[serde(default = "default_media_limit")]
    pub media_limit: u64,
    /// How long after the call a new version of its sidecar is taken.
    #[serde(default = "default_update_window", with = "connector_core::length")]
    pub update_window: Duration,
    /// How long a file must be unchanged to be whole, where nobody says that it is.
    #[serde(default = "default_settle", with = "connector_core::length")]
    pub settle: Duration,
    /// How often the folder is listed, since words of new files may get lost.
    #[serde(default = "default_rescan", with = "connector_core::length")]
    pub rescan: Duration,
    /// How often files usually come at least. After twice this time without any the source counts as silent.
    #[serde(default = "default_cadence", with = "connector_core::length")]
    pub cadence: Duration,
    /// After this time files are deleted: stored and rejected ones counted from their move, unpaired ones from when they
    /// were seen first. Off unless it is given.
    #[serde(default, with = "connector_core::length::optional", skip_serializing_if = "Option::is_none")]
    pub purge_after: Option<Duration>,
}

/// Files are not deleted sooner than this.
const SHORTEST_STAY: Duration = Duration::from_secs(3600);

fn default_grace() -> Duration {
    Duration::from_secs(30 * 60)
}

fn default_media_limit() -> u64 {
    2 << 30
}

fn default_update_window() -> Duration {
    Duration::from_secs(48 * 3600)
}

fn default_settle() -> Duration {
    Duration::from_secs(30)
}

fn default_rescan() -> Duration {
    Duration::from_secs(30)
}

fn default_cadence() -> Duration {
    Duration::from_secs(3600)
}

impl DropFolderConfig {
    /// The usual settings, for names with times of this zone.
    pub fn new(time_zone: impl Into<String>) -> Self {
        Self {
            time_zone: time_zone.into(),
            timestamp_refers_to: RefersTo::Start,
            name: NamePattern::default(),
            sidecar: SidecarMode::Required,
            grace: default_grace(),
            accept_yaml: false,
            required_fields: Vec::new(),
            fields: FieldMap::default(),
            channels: None,
            media_limit: default_media_limit(),
            update_window: default_update_window(),
            settle: default_settle(),
            rescan: default_rescan(),
            cadence: default_cadence(),
            purge_after: None,
        }
    }

    /// The same settings with names made by this pattern.
    pub fn with_name(mut self, pattern: NamePattern) -> Self {
        self.name = pattern;
        self
    }

    /// The same settings with another rule for sidecars.
    pub fn with_sidecar(mut self, mode: SidecarMode) -> Self {
        self.sidecar = mode;
        self
    }

    /// The same settings with another settle time.
    pub fn with_settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// The same settings with another time between listings.
    pub fn with_rescan(mut self, rescan: Duration) -> Self {
        self.rescan = rescan;
        self
    }

    /// The same settings with fields that every sidecar must have.
    pub fn with_required_fields(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.required_fields = fields.into_iter().map(Into::into).collect();
        self
    }

    /// The same settings with files deleted after this time.
    pub fn with_purge_after(mut self, time: Duration) -> Self {
        self.purge_after = Some(time);
        self
    }

    pub(crate) fn names(&self) -> Result<NameRules> {
        let mut rules = NameRules::new(self.time_zone.parse()?);
        rules.pattern = self.name.clone();
        rules.timestamp_refers_to = self.timestamp_refers_to;
        rules.accept_yaml = self.accept_yaml;
        Ok(rules)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.rescan.is_zero() {
            return Err(
                Error::config("rescan is 0").advise("write how often the folder is to be listed, such as \"30s\"")
            );
        }
        if self.media_limit == 0 {
            return Err(Error::config("media_limit is 0, so that no recording fits"));
        }
        if self.purge_after.is_some_and(|time| time < SHORTEST_STAY) {
            return Err(Error::config("purge_after is shorter than an hour, so that files go before they are stored")
                .advise("write a time such as \"7d\", or leave it out to keep all files"));
        }
        Ok(())
    }
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<Zone>().map(|_| text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_with_a_unit() {
        let settle = |text: &str| {
            let settings = format!(r#"{{"time_zone": "UTC", "settle": "{text}"}}"#);
            serde_json::from_str::<DropFolderConfig>(&settings).map(|config| config.settle)
        };
        for (text, seconds) in [("30s", 30), ("15m", 900), ("48h", 172_800), ("7d", 604_800)] {
            assert_eq!(settle(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        for text in ["30", "", "s", "-1s", "soon", "99999999999999999999s", "18446744073709551615d"] {
            assert!(settle(text).unwrap_err().to_string().contains("write it as"), "{text}");
        }
    }

    #[test]
    fn settings_that_were_written_can_be_read() {
        let mut config = DropFolderConfig::new("Europe/Berlin").with_settle(Duration::from_millis(1500));
        for purge_after in [None, Some(Duration::from_secs(7 * 86_400))] {
            config.purge_after = purge_after;
            let text = serde_json::to_string(&config).unwrap();
            let again: DropFolderConfig = serde_json::from_str(&text).unwrap();
            assert_eq!((again.settle, again.purge_after), (config.settle, purge_after), "{text}");
            assert_eq!(serde_json::to_string(&again).unwrap(), text);
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_with_advice() {
        let usual = || DropFolderConfig::new("UTC");
        assert!(usual().check().is_ok());
        for (config, setting) in [
            (usual().with_rescan(Duration::ZERO), "rescan"),
            (usual().with_purge_after(Duration::ZERO), "purge_after"),
            (DropFolderConfig { media_limit: 0, ..usual() }, "media_limit"),
        ] {
            let error = config.check().unwrap_err();
            assert!(error.is_config() && error.to_string().contains(setting), "{error}");
        }
        assert!(DropFolderConfig::new("Mars/Olympus").names().unwrap_err().is_config());
    }

    #[test]
    fn a_mistyped_setting_is_refused() {
        let error = serde_json::from_str::<DropFolderConfig>(r#"{"time_zone": "UTC", "setle": "1s"}"#).unwrap_err();
        assert!(error.to_string().contains("setle"), "{error}");
    }
}
