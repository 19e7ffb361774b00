//! Groups, queues and teams, and who is in them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose;

/// A group, a queue or a team.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Group {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) name: Option<String>,
    /// Of a queue only: whether the sound of its calls is sent to whoever listens.
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) enable_audio_monitoring: Option<bool>,
}

/// A member of a queue: its id is that of the person.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct QueueMember {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    pub(crate) user: Option<Box<RawValue>>,
}
