//! Recordings: what they are, and where they lie.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use crate::{ConversationRef, Error, Result, Stamp, names};

/// What was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordingKind {
    /// Customer and agent.
    #[default]
    Call,
    /// The customer and the menu, before an agent.
    Ivr,
    /// Two colleagues, with the customer on hold.
    Consult,
    /// A message left by the customer.
    Voicemail,
    /// The agent's screen.
    Screen,
    /// A part of a call that an agent chose to record.
    Snippet,
    /// A text conversation.
    Chat,
    /// What was heard while the call went on.
    Live,
}

impl fmt::Display for RecordingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::Ivr => "ivr",
            Self::Consult => "consult",
            Self::Voicemail => "voicemail",
            Self::Screen => "screen",
            Self::Snippet => "snippet",
            Self::Chat => "chat",
            Self::Live => "live",
        })
    }
}

/// Who is to be heard on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Speaker {
    /// The customer, with other outside parties.
    Customer,
    /// The agent, with other inside parties.
    Agent,
    /// The menu.
    Ivr,
    /// Everybody.
    Mixed,
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Ivr => "ivr",
            Self::Mixed => "everybody",
        })
    }
}

/// Where a recording lies, in its connector's own words: opaque, storable, and never a signed link.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Locator(String);

impl Locator {
    /// For connectors: the words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// For connectors: the words that it was made of.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For connectors: the place that was written down in the words, as JSON.
    ///
    /// # Errors
    /// `is_invalid` where the words say no such place: another connector made them.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.0)
            .map_err(|_| Error::invalid("the locator of this recording is not of this connector"))
    }
}

/// A locator may hold a file name, and a file name a login: `Debug` does not show it.
impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locator(•••)")
    }
}

/// Tells whether two downloads would give the same bytes: an ETag, or size and modification time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Validator(String);

impl Validator {
    /// For connectors: the vendor's mark of this version.
    pub fn new(mark: impl Into<String>) -> Self {
        Self(mark.into())
    }

    /// The mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A recording as the vendor describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Recording {
    /// The vendor's id, or one made by the connector; unique in the conversation.
    pub id: String,
    /// The conversation it belongs to.
    pub conversation: ConversationRef,
    /// The legs that it covers, as far as that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<String>,
    /// Part n of m, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<(u32, u32)>,
    /// What was recorded.
    #[serde(default)]
    pub kind: RecordingKind,
    /// Where it lies.
    pub locator: Locator,
    /// When it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Stamp>,
    /// How long it plays.
    #[serde(default, with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub length: Option<Duration>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its media type, such as `audio/wav`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Who is to be heard on each channel, in order; `None` where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<Speaker>>,
    /// Whether parts were silenced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<bool>,
    /// Which version it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator: Option<Validator>,
    /// SHA-256 of the content in lower-case hex, where the vendor tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// When the vendor will delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_after: Option<DateTime<Utc>>,
}

impl Recording {
    /// A recording of which nothing else is known yet.
    pub fn new(id: impl Into<String>, conversation: ConversationRef, locator: Locator) -> Self {
        Self {
            id: id.into(),
            conversation,
            legs: Vec::new(),
            part: None,
            kind: RecordingKind::Call,
            locator,
            started: None,
            length: None,
            size: None,
            media_type: None,
            channels: None,
            redacted: None,
            validator: None,
            sha256: None,
            delete_after: None,
        }
    }

    /// A file name that every file system takes, unique among the recordings of the source.
    ///
    /// ```
    /// # use connector_core::{ConversationRef, Locator, Recording};
    /// let mut recording = Recording::new("1", ConversationRef::new("call/7"), Locator::new("x"));
    /// recording.media_type = Some("audio/wav".into());
    /// assert_eq!(recording.file_name(), "call=2F7+1.wav");
    /// ```
    pub fn file_name(&self) -> String {
        let (conversation, id) = (names::escape(&self.conversation.id), names::escape(&self.id));
        format!("{conversation}+{id}.{}", self.extension())
    }

    /// The usual file extension of its media type, without the dot; `bin` where that is unknown.
    pub fn extension(&self) -> &'static str {
        self.media_type.as_deref().and_then(names::extension_of).unwrap_or("bin")
    }
}
