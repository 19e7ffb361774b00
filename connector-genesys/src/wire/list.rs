//! A page of a list, whose rows are read one by one.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose;

/// Rows that were not read yet.
pub(crate) type Rows = Vec<Box<RawValue>>;

/// A page. Lists of a queue's people have no numbers, lists of teams only the address of the next page.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct List {
    pub(crate) entities: Option<Box<RawValue>>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) page_count: Option<i64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) total: Option<i64>,
    /// Relative to the API.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) next_uri: Option<String>,
}

impl List {
    /// The rows, if there is a list of them.
    pub(crate) fn rows(&self) -> Option<Rows> {
        serde_json::from_str(self.entities.as_deref()?.get()).ok()
    }
}
