//! What CXone sends, exactly as it does. All of it is optional, and nothing unknown is fatal.

pub(crate) mod agents;
pub(crate) mod contacts;
pub(crate) mod files;
pub(crate) mod login;
pub(crate) mod loose;
pub(crate) mod media;
pub(crate) mod studio;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A list whose rows are read one by one, so that a bad row costs the row.
pub(crate) type Rows = Vec<Box<RawValue>>;

/// What the answers with a list have in common. Some old versions wrap all of it in `resultSet`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct List {
    #[serde(rename = "lastPollTime", deserialize_with = "loose::time")]
    pub(crate) last_poll_time: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(rename = "totalRecords", deserialize_with = "loose::int")]
    pub(crate) total: Option<i64>,
    #[serde(
        alias = "completedContacts",
        alias = "agents",
        alias = "groups",
        alias = "contactStateHistory",
        alias = "contactCustomData",
        alias = "ContactCustomData",
        alias = "childContacts",
        alias = "files",
        deserialize_with = "loose::rows"
    )]
    pub(crate) rows: Rows,
    /// Teams, or the teams that agents are nested in.
    #[serde(deserialize_with = "loose::rows")]
    pub(crate) teams: Rows,
    #[serde(rename = "resultSet")]
    pub(crate) inner: Option<Box<List>>,
}

impl List {
    /// The list itself, unwrapped.
    pub(crate) fn unwrapped(self) -> Self {
        match self.inner {
            Some(inner) => inner.unwrapped(),
            None => self,
        }
    }
}

/// Reads one row, which has to be an object.
pub(crate) fn row<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())?
}
