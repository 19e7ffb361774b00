//! The history: conversations with participants, their sessions, and the segments of these.

use chrono::{DateTime, Utc};
use connector_core::{Attributes, PersonName, PhoneNumber};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose;

/// A page of a query, or of what a job found. After the last page of a query there is no list at all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Details {
    /// Each a [`Conversation`].
    #[serde(deserialize_with = "loose::rows")]
    pub(crate) conversations: Vec<Box<RawValue>>,
    /// About how many there are on all pages. Only of a query.
    #[serde(deserialize_with = "loose::int")]
    pub(crate) total_hits: Option<i64>,
    /// Where the next page starts; absent on the last one. Only of a job.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) cursor: Option<String>,
}

/// A conversation of the past, or one that goes on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Conversation {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) conversation_id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) conversation_start: Option<DateTime<Utc>>,
    /// Absent while it goes on.
    #[serde(deserialize_with = "loose::time")]
    pub(crate) conversation_end: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) conversation_initiator: Option<String>,
    /// `inbound` or `outbound`: that of the whole, unlike those of its sessions.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) originating_direction: Option<String>,
    #[serde(deserialize_with = "loose::texts")]
    pub(crate) division_ids: Vec<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) external_tag: Option<String>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) media_stats_min_conversation_mos: Option<f64>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) participants: Vec<Participant>,
}

/// One person or system in it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Participant {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) participant_id: Option<String>,
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) participant_name: Option<PersonName>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) purpose: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) user_id: Option<String>,
    /// What flows and scripts wrote down. Only in what a job found.
    #[serde(deserialize_with = "loose::attributes")]
    pub(crate) attributes: Attributes,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) sessions: Vec<Session>,
}

/// One medium of a participant.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Session {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) session_id: Option<String>,
    /// `voice`, `chat`, …
    #[serde(deserialize_with = "loose::text")]
    pub(crate) media_type: Option<String>,
    /// An address with its scheme: `tel:+15550100`.
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) ani: Option<PhoneNumber>,
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) dnis: Option<PhoneNumber>,
    /// Whether it was recorded.
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) recording: Option<bool>,
    /// The id of the call among telephone systems.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) protocol_call_id: Option<String>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) segments: Vec<Segment>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) metrics: Vec<Metric>,
}

/// A stretch of time in which a session was in one state.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Segment {
    #[serde(deserialize_with = "loose::time")]
    pub(crate) segment_start: Option<DateTime<Utc>>,
    /// Absent while it lasts.
    #[serde(deserialize_with = "loose::time")]
    pub(crate) segment_end: Option<DateTime<Utc>>,
    /// `alert`, `interact`, `hold`, `wrapup`, …
    #[serde(deserialize_with = "loose::text")]
    pub(crate) segment_type: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) queue_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) disconnect_type: Option<String>,
    /// The id of the code, not its name. The note beside it is free text, and not read.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) wrap_up_code: Option<String>,
}

/// A sum: milliseconds where its name begins with `t`. It may come several times, and adds up then.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Metric {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) value: Option<i64>,
}

impl Session {
    /// Whether it is a call. One that does not say is taken for one.
    pub(crate) fn is_voice(&self) -> bool {
        self.media_type.as_deref().is_none_or(|medium| medium.eq_ignore_ascii_case("voice"))
    }
}

impl Segment {
    pub(crate) fn is(&self, words: &[&str]) -> bool {
        self.segment_type.as_deref().is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
    }
}
