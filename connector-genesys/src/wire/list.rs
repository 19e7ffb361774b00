//! A page of a list, whose rows are read one by one.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::loose;

/// Rows of a page, `None` for one that cannot be read.
pub(crate) type Rows<T> = Vec<Option<T>>;

/// A page. Lists of a queue's people have no numbers, lists of teams only the address of the next page.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound = "T: DeserializeOwned + Default")]
pub(crate) struct List<T> {
    /// The rows, if there is a list of them.
    #[serde(deserialize_with = "loose::list")]
    pub(crate) entities: Option<Rows<T>>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) page_count: Option<i64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) total: Option<i64>,
    /// Relative to the API.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) next_uri: Option<String>,
}
