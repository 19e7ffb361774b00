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

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

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
    /// The rows, under whichever of the keys below they came; filled by [`unwrapped`](Self::unwrapped).
    #[serde(skip)]
    pub(crate) rows: Rows,
    // Fields of their own, since an answer with two of them has to be readable as well.
    #[serde(rename = "completedContacts", deserialize_with = "loose::rows")]
    completed_contacts: Rows,
    #[serde(deserialize_with = "loose::rows")]
    agents: Rows,
    #[serde(deserialize_with = "loose::rows")]
    groups: Rows,
    #[serde(rename = "contactStateHistory", deserialize_with = "loose::rows")]
    states: Rows,
    #[serde(rename = "contactCustomData", deserialize_with = "loose::rows")]
    custom_data: Rows,
    #[serde(deserialize_with = "loose::rows")]
    files: Rows,
    /// Teams, or the teams that agents are nested in.
    #[serde(deserialize_with = "loose::rows")]
    pub(crate) teams: Rows,
    #[serde(rename = "resultSet")]
    pub(crate) inner: Option<Box<List>>,
}

impl List {
    /// The list itself, unwrapped.
    pub(crate) fn unwrapped(mut self) -> Self {
        if let Some(inner) = self.inner {
            return inner.unwrapped();
        }
        let lists = [self.completed_contacts, self.agents, self.groups, self.states, self.custom_data, self.files];
        self.rows = lists.into_iter().find(|rows| !rows.is_empty()).unwrap_or_default();
        Self {
            rows: self.rows,
            teams: self.teams,
            total: self.total,
            last_poll_time: self.last_poll_time,
            ..Self::default()
        }
    }
}

/// Reads one row, which has to be an object. One with a key twice, also in another case, is read by the first of them.
pub(crate) fn row<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    if !raw.get().starts_with('{') {
        return None;
    }
    serde_json::from_str(raw.get()).ok().or_else(|| serde_json::from_str(&without_repeated_keys(raw)?).ok())
}

fn without_repeated_keys(raw: &RawValue) -> Option<String> {
    let Value::Object(fields) = serde_json::from_str(raw.get()).ok()? else { return None };
    let mut seen = BTreeSet::new();
    let fields: Map<String, Value> =
        fields.into_iter().filter(|(key, _)| seen.insert(key.to_ascii_lowercase())).collect();
    serde_json::to_string(&fields).ok()
}
