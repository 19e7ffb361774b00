//! What CXone sends, exactly as it does. All of it is optional, and nothing unknown is fatal.

pub(crate) mod agents;
pub(crate) mod contacts;
pub(crate) mod files;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod loose;
pub(crate) mod media;
pub(crate) mod session;
pub(crate) mod states;
pub(crate) mod studio;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A list whose rows are read one by one, so that a bad row costs the row.
pub(crate) type Rows = Vec<Box<RawValue>>;

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
