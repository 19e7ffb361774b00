//! What stands in a refusal.

use serde::Deserialize;

use super::loose;

/// The body of an answer that is none. Gateways send others: then there is only the status.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) message: Option<String>,
    /// In words with dots: `missing.any.permissions`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) code: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) status: Option<i64>,
    /// By which the vendor's support finds it. It stands in a header as well.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) context_id: Option<String>,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) limit: Option<Limit>,
}

/// A limit that was reached.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Limit {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) key: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) value: Option<i64>,
}
