//! What an agent's session tells. The case of the keys is not certain, and nearly all values are texts.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::loose;

/// The answer to a request to join a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Joined {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) session_id: Option<String>,
}

/// The next events. The session may have another id from now on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NextEvents {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) session_id: Option<String>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) events: Vec<Map<String, Value>>,
}

/// What of an event is of use.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SessionEvent {
    #[serde(rename = "type", deserialize_with = "loose::text")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "contactid", deserialize_with = "loose::id")]
    pub(crate) contact_id: Option<String>,
    #[serde(rename = "masterid", deserialize_with = "loose::id")]
    pub(crate) master_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) status: Option<String>,
    #[serde(rename = "calltype", deserialize_with = "loose::text")]
    pub(crate) call_type: Option<String>,
    #[serde(rename = "finalstate", deserialize_with = "loose::flag")]
    pub(crate) final_state: Option<bool>,
    #[serde(rename = "laststatechangetimeutc", deserialize_with = "loose::time")]
    pub(crate) last_state_change_time: Option<DateTime<Utc>>,
}

impl SessionEvent {
    /// Reads an event, whatever the case of its keys.
    pub(crate) fn read(event: Map<String, Value>) -> Option<Self> {
        let lower: Map<String, Value> =
            event.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value)).collect();
        serde_json::from_value(Value::Object(lower)).ok()
    }
}
