//! Recordings: what they are, where they lie, and how they are fetched.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_core::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use crate::{ConversationRef, Result, Stamp, names};

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

/// The recordings of one call, and what is to be expected beyond them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingSet {
    /// What is there now.
    pub items: Vec<Recording>,
    /// What may still come.
    pub outlook: Outlook,
}

impl RecordingSet {
    /// These, and what may still come.
    pub fn new(items: Vec<Recording>, outlook: Outlook) -> Self {
        Self { items, outlook }
    }
}

/// Whether a set of recordings is all there will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outlook {
    /// That is all.
    Complete,
    /// More will come: ask again after this time.
    More {
        /// How long to wait.
        retry_after: Duration,
    },
    /// There are none and there will be none.
    Never,
    /// Something fits, but it also fits another call; a person must decide.
    Ambiguous,
}

impl Outlook {
    /// How long to wait before asking again, if asking again makes sense.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::More { retry_after } => Some(retry_after),
            _ => None,
        }
    }

    /// For connectors: how long to wait for a recording that is not there, so long after the end of its call. It is the first
    /// of these while that is how long ago it was, then the second for as long as that, and so on; the last one from then
    /// on. Where nobody knows when the call ended it is ten minutes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use connector_core::Outlook;
    /// let waits = [30, 60, 120].map(Duration::from_secs);
    /// let at = |age| Outlook::wait(&waits, Some(Duration::from_secs(age))).as_secs();
    /// assert_eq!([0, 29, 30, 89, 90, 9_999].map(at), [30, 30, 60, 60, 120, 120]);
    /// ```
    pub fn wait(waits: &[Duration], age: Option<Duration>) -> Duration {
        let Some(age) = age else { return SOMETIME };
        let mut reached = Duration::ZERO;
        let passed = |wait: &&Duration| {
            reached = reached.saturating_add(**wait);
            age >= reached
        };
        let place = waits.iter().take_while(passed).count();
        waits.get(place).or(waits.last()).copied().unwrap_or(SOMETIME)
    }
}

/// How long to wait where nothing else is said.
const SOMETIME: Duration = Duration::from_secs(600);

/// A recording on its way: its bytes, in pieces, from an offset.
#[non_exhaustive]
pub struct Download {
    /// Where it really starts: the offset asked for, or 0 when the version has changed.
    pub from: u64,
    /// The size of the whole recording.
    pub size: Option<u64>,
    /// Which version it is.
    pub validator: Option<Validator>,
    /// The bytes. An error is the last item: the bytes before it are good, what follows must be asked for again.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl Download {
    /// A download from the beginning.
    pub fn new(bytes: BoxStream<'static, Result<Bytes>>) -> Self {
        Self { from: 0, size: None, validator: None, bytes }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("from", &self.from)
            .field("size", &self.size)
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}
