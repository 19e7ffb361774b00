//! What a Studio script sends. The contract is ours; a script writes all values as texts.

use serde::Deserialize;

use super::loose;

/// A call that ended. What else a script may send is of no use, since the contact is read back.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Pushed {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) contact_id: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) master_contact_id: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) media_type_id: Option<i64>,
}
