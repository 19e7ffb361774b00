//! Conversations with the calls of each participant in it: the topic of all media, and the live record by REST. Both have
//! the fields that are read here; the second says some of them in capitals.

use chrono::{DateTime, Utc};
use connector_core::Attributes;
use serde::Deserialize;

use super::calls::WrapUp;
use super::loose;

/// The whole state of a conversation.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Conversation {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    /// Only by REST, and only once it is over.
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) participants: Vec<Participant>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) recording_state: Option<String>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) secure_pause: Option<bool>,
}

/// One person or system in it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Participant {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) purpose: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) connected_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
    /// Several where somebody consulted or transferred.
    #[serde(deserialize_with = "loose::each")]
    pub(crate) calls: Vec<PartyCall>,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) wrapup: Option<WrapUp>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_acw_time: Option<DateTime<Utc>>,
    /// What flows and scripts wrote down. Only by REST.
    #[serde(deserialize_with = "loose::attributes")]
    pub(crate) attributes: Attributes,
}

/// One call of a participant.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PartyCall {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) connected_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) disconnected_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) disconnect_type: Option<String>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) held: Option<bool>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_hold_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) muted: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) recording_state: Option<String>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) secure_pause: Option<bool>,
}
