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
pub(crate) mod purpose;
pub(crate) mod reason;
pub(crate) mod recordings;
#[cfg(all(test, feature = "testing"))]
mod tests;
pub(crate) mod topic;
pub(crate) mod users;

pub(crate) use connector_core::loose::{self, row};
use serde::Deserialize;
use serde::de::DeserializeOwned;

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
