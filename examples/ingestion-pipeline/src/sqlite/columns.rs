//! Values as columns hold them: times, words and JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use connector_core::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time that is to be found again as it was: not cut to milliseconds.
pub(super) fn exact(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

pub(super) fn time(text: &str) -> Result<DateTime<Utc>> {
    text.parse()
        .map_err(|error| Error::storage(format!("the database holds {text:?} where a time should be")).caused_by(error))
}

pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::bug("something cannot be written as JSON").caused_by(error))
}

pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::storage("the database holds JSON that cannot be read").caused_by(error))
}

/// The word for a simple enum, as serde writes it.
pub(super) fn word(value: &impl Serialize) -> Result<String> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// What such a word stands for.
pub(super) fn of_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    parsed(&format!("\"{word}\""))
}
