//! What Genesys Cloud sends, exactly as it does. All of it is optional, and nothing unknown is fatal.

pub(crate) mod analytics;
pub(crate) mod calls;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod detail;
pub(crate) mod errors;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod list;
pub(crate) mod loose;
pub(crate) mod reason;
pub(crate) mod recordings;
#[cfg(all(test, feature = "testing"))]
mod tests;
pub(crate) mod topic;
pub(crate) mod users;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// A reference to something: its id, and its name where it is told.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Ref {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
}

/// A page of a list. Lists of members have no numbers, only the address of the next page.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound = "T: DeserializeOwned + Default")]
pub(crate) struct Page<T> {
    /// Rows that can be read; a bad row costs the row.
    #[serde(deserialize_with = "loose::each")]
    pub(crate) entities: Vec<T>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) page_number: Option<i64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) page_count: Option<i64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) total: Option<i64>,
    /// Relative to the API.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) next_uri: Option<String>,
}

/// Reads one object. One with a key twice is read by the last of them.
pub(crate) fn row<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    if !raw.get().starts_with('{') {
        return None;
    }
    let once = || serde_json::from_str::<Value>(raw.get()).and_then(|value| serde_json::from_str(&value.to_string()));
    serde_json::from_str(raw.get()).ok().or_else(|| once().ok())
}
