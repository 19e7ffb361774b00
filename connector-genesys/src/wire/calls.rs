//! The topic of calls: one object for each participant, with the call's fields in it.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Ref, loose};

/// The whole state of a call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Call {
    /// The id of the conversation.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) participants: Vec<Participant>,
    /// `none`, `active`, `paused`.
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
    /// `customer`, `agent`, `acd`, …
    #[serde(deserialize_with = "loose::text")]
    pub(crate) purpose: Option<String>,
    /// `alerting`, `connected`, `terminated`, …
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) connected_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
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
    #[serde(deserialize_with = "loose::object")]
    pub(crate) user: Option<Ref>,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) wrapup: Option<WrapUp>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_acw_time: Option<DateTime<Utc>>,
}

/// The work after a call. Its notes are free text, and not read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WrapUp {
    /// The id of the code, not its name.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) code: Option<String>,
    /// Only in the live record.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
}
