//! What stands in a refusal.

use serde::Deserialize;

use super::loose;

/// The body of an answer that is none. Gateways send others: then there is only the status.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// By which the vendor's support finds it. It stands in a header as well.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) context_id: Option<String>,
}
