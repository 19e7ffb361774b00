//! Contacts that go on, and how their states are called.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::loose;

/// A contact that goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ActiveContact {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) contact_id: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) master_contact_id: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) agent_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) first_name: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) last_name: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) media_type_id: Option<i64>,
    #[serde(rename = "mediaType", deserialize_with = "loose::int")]
    pub(crate) old_media_type_id: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state_name: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) contact_state_category: Option<String>,
    /// Since when the agent has it.
    #[serde(deserialize_with = "loose::time")]
    pub(crate) agent_start_date: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) last_update_time: Option<DateTime<Utc>>,
}

/// What the tenant calls one state.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Description {
    #[serde(rename = "ContactStateId", alias = "contactStateId", deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(rename = "ContactStateDescription", alias = "contactStateDescription", deserialize_with = "loose::text")]
    pub(crate) description: Option<String>,
    #[serde(rename = "ContactStateCategory", alias = "contactStateCategory", deserialize_with = "loose::text")]
    pub(crate) category: Option<String>,
}
