//! Recorded events of a conversation, and that a recording can be fetched.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::loose;

/// One thing that happened in a conversation. Which fields it has depends on its topic.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Detail {
    #[serde(deserialize_with = "loose::millis")]
    pub(crate) event_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) conversation_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) participant_id: Option<String>,
    /// In capitals: `VOICE`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) media_type: Option<String>,
    /// Of a person only.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) disconnect_type: Option<String>,
    /// How long somebody talked, once it is over.
    #[serde(deserialize_with = "loose::int")]
    pub(crate) interacting_duration_ms: Option<i64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) held_duration_ms: Option<i64>,
}

/// A recording can be fetched. Its links are a list here; by REST they are a map. They are not read: fetched again, they
/// last longer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Transcoded {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) conversation_id: Option<String>,
}
