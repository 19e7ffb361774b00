//! Lengths of time in settings, as people write them: `"200ms"`, `"30s"`, `"15m"`, `"48h"`, `"7d"`.
//!
//! For the settings of a connector: `#[serde(with = "connector_core::length")]` on a [`Duration`], and
//! `#[serde(with = "connector_core::length::optional")]` on an `Option<Duration>`.
//!
//! ```
//! use std::time::Duration;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Settings {
//!     #[serde(with = "connector_core::length")]
//!     poll_every: Duration,
//! }
//!
//! let settings: Settings = serde_json::from_str(r#"{"poll_every": "1m 30s"}"#)?;
//! assert_eq!(settings.poll_every, Duration::from_secs(90));
//! assert_eq!(serde_json::to_string(&settings)?, r#"{"poll_every":"1m 30s"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Reads a length of time.
///
/// # Errors
/// When it is no text, or not one of this form; the error says how to write it.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(|_| {
        serde::de::Error::custom(format!(
            "{text:?} is no length of time; write it as \"200ms\", \"30s\", \"15m\", \"48h\" or \"7d\""
        ))
    })
}

/// Writes a length of time.
///
/// # Errors
/// Only those of the serializer.
pub fn serialize<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*length))
}

/// The same where there may be none.
pub mod optional {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    /// Reads a length of time; a key that is there has one.
    ///
    /// # Errors
    /// As [`length::deserialize`](super::deserialize).
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }

    /// Writes a length of time, or none.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match length {
            Some(length) => super::serialize(length, serializer),
            None => serializer.serialize_none(),
        }
    }
}
