//! Values whose types are not what they should be, as far as this vendor has its own.

use serde::{Deserialize, Deserializer};

pub(crate) use connector_core::loose::{flag, int, number, text, time};

use super::Rows;

/// An id: a text, where 0 and -1 mean that there is none.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text(deserializer)?.filter(|id| !matches!(id.as_str(), "0" | "-1")))
}

/// A list, where `null` is an empty one.
pub(crate) fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rows, D::Error> {
    Ok(Option::<Rows>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of things; a thing that cannot be read is left out, and `null` is an empty list.
pub(crate) fn each<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let rows = Option::<&serde_json::value::RawValue>::deserialize(deserializer)?;
    let rows: Rows = rows.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Ok(rows.iter().filter_map(|raw| super::row(raw)).collect())
}
