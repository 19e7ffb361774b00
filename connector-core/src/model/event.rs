//! What happened to a call.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{AgentRef, Conversation, ConversationRef, Raw, Receipt, Rejected, Revision, Stamp};

/// The identity of an event in its source: the same occurrence has the same key, however often it is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(String);

impl EventKey {
    /// For connectors: a key made of what makes the occurrence unique.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallEventKind {
    /// It rings at an agent.
    Ringing,
    /// An agent answered.
    Answered,
    /// The customer was put on hold.
    Held,
    /// The hold ended.
    Resumed,
    /// Recording was paused.
    RecordingPaused,
    /// Recording goes on.
    RecordingResumed,
    /// The call was handed to somebody else.
    Transferred,
    /// One leg ended; the conversation may go on.
    LegEnded,
    /// The conversation ended.
    Ended,
    /// The customer gave up before anybody answered.
    Abandoned,
    /// The work after the call is done.
    WrapUpEnded,
    /// Metadata changed; the recordings did not.
    MetadataChanged,
    /// A recording can be fetched.
    RecordingAvailable,
    /// Something else, in the vendor's words.
    Other(Cow<'static, str>),
}

impl fmt::Display for CallEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::RecordingPaused => "recording_paused",
            Self::RecordingResumed => "recording_resumed",
            Self::Transferred => "transferred",
            Self::LegEnded => "leg_ended",
            Self::Ended => "ended",
            Self::Abandoned => "abandoned",
            Self::WrapUpEnded => "wrap_up_ended",
            Self::MetadataChanged => "metadata_changed",
            Self::RecordingAvailable => "recording_available",
            Self::Other(words) => words,
        })
    }
}

/// One thing that happened to one call.
///
/// ```
/// use connector_core::{AgentRef, CallEvent, CallEventKind, ConversationRef, EventKey, Stamp};
/// let at = Stamp::vendor("2026-10-19T14:02:53Z".parse().unwrap());
/// let key = EventKey::new("c-1 answered 17"); // the same, however often it is told
/// let mut event = CallEvent::new(key, ConversationRef::new("c-1"), CallEventKind::Answered, at);
/// event.agent = Some(AgentRef::default().with_id("17"));
/// assert_eq!(event.kind.to_string(), "answered");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CallEvent {
    /// Its identity in the source.
    pub key: EventKey,
    /// The call.
    pub conversation: ConversationRef,
    /// What happened.
    pub kind: CallEventKind,
    /// When.
    pub at: Stamp,
    /// The agent concerned.
    pub agent: Option<AgentRef>,
    /// Its place among the events of the call, where the vendor counts.
    pub sequence: Option<u64>,
    /// Which version of the call's metadata it speaks of.
    pub revision: Option<Revision>,
    /// What the event already proves about the call, so that it need not be fetched.
    pub facts: Option<Box<Conversation>>,
    /// To be handed back once everything is stored.
    pub receipt: Option<Receipt>,
    /// What the vendor sent.
    pub raw: Option<Raw>,
}

impl CallEvent {
    /// An event of which nothing else is known.
    pub fn new(key: EventKey, conversation: ConversationRef, kind: CallEventKind, at: Stamp) -> Self {
        Self {
            key,
            conversation,
            kind,
            at,
            agent: None,
            sequence: None,
            revision: None,
            facts: None,
            receipt: None,
            raw: None,
        }
    }
}

/// A time in which the source heard nothing: calls may have ended unheard, so it has to be reconciled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// Where it starts.
    pub from: DateTime<Utc>,
    /// Where it ends.
    pub to: DateTime<Utc>,
    /// Why, for people.
    pub why: String,
}

/// One thing in a delivery. All three are durable: a store writes them down before it accepts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly every item is an event")]
pub enum Item {
    /// Something happened to a call.
    Event(CallEvent),
    /// Nothing was heard for a while.
    Gap(Gap),
    /// Something arrived that cannot be read.
    Rejected(Rejected),
}
