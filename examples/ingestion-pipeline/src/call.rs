//! What is stored of a call, and the message that says so.

use chrono::{DateTime, Utc};
use connector_core::{Conversation, Origin, Recording, Vendor, names};
use serde::{Deserialize, Serialize};

/// Whether a call's recordings are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Media {
    /// All of them.
    Complete,
    /// Some; more may come.
    #[default]
    Partial,
    /// There should be some, but they did not come in time.
    Missing,
    /// There are none.
    None,
}

impl Media {
    /// The word for it in tables and views.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::None => "none",
        }
    }
}

/// A recording in the object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoredRecording {
    /// What the vendor says of it.
    pub recording: Recording,
    /// Its key in the object store.
    pub object: String,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was stored.
    pub stored: DateTime<Utc>,
    /// How often its download had to be taken up again.
    #[serde(default)]
    pub resumed: u32,
}

/// A call as it is stored. It grows by versions: each says something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCall {
    /// Whose call it is.
    pub origin: Origin,
    /// Counted from 1; rises whenever metadata or recordings change.
    pub version: u32,
    /// Its metadata.
    pub document: Conversation,
    /// Its recordings.
    pub recordings: Vec<StoredRecording>,
    /// Whether that is all of them.
    pub media: Media,
    /// Where its objects lie: frozen when it is stored first, since a later version may change its start.
    pub prefix: String,
    /// When it was heard of first.
    pub first_seen: DateTime<Utc>,
    /// When it was stored first.
    pub stored: DateTime<Utc>,
    /// When this version was stored.
    pub updated: DateTime<Utc>,
}

impl StoredCall {
    /// The object-store prefix of a call: `{tenant}/{source}/{yyyy}/{mm}/{dd}/{conversation}`, every part escaped so that no
    /// two calls share one. The day is that of the call's start in UTC, else of its first sign.
    pub fn prefix_of(origin: &Origin, document: &Conversation, first_seen: DateTime<Utc>) -> String {
        let day = document.started.map(|stamp| stamp.at).or(document.this.around).unwrap_or(first_seen);
        let (tenant, source) = (names::escape(&origin.tenant), names::escape(&origin.source));
        format!("{tenant}/{source}/{}/{}", day.format("%Y/%m/%d"), names::escape(&document.this.id))
    }

    /// The key of one of its recordings.
    pub fn object_of(prefix: &str, recording: &Recording) -> String {
        format!("{prefix}/{}.{}", names::escape(&recording.id), recording.extension())
    }

    /// Adds a recording, in place of what was stored of it before.
    pub(crate) fn put(&mut self, stored: StoredRecording) {
        match self.recordings.iter_mut().find(|known| known.recording.id == stored.recording.id) {
            Some(known) => *known = stored,
            None => self.recordings.push(stored),
        }
    }

    /// The message that tells the next program of this version.
    pub fn message(&self) -> Message {
        let id = &self.document.this.id;
        Message {
            v: Message::VERSION,
            key: format!(
                "{}/{}/{}#{}",
                names::escape(&self.origin.tenant),
                names::escape(&self.origin.source),
                names::escape(id),
                self.version
            ),
            tenant: self.origin.tenant.to_string(),
            source: self.origin.source.to_string(),
            vendor: self.document.vendor.clone(),
            conversation: id.clone(),
            version: self.version,
            cause: if self.version == 1 { MessageCause::Stored } else { MessageCause::Updated },
            media: self.media,
            recordings: self.recordings.iter().map(MessageRecording::from).collect(),
            stored: self.updated,
        }
    }
}

/// Tells the next program that a call is ready for analysis: a pointer, without numbers, names, links or secrets.
///
/// The metadata stands in the database under (tenant, source, conversation), the audio in the object store under `object`.
/// A message may come twice; its `key` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Message {
    /// The version of this format: 1.
    pub v: u32,
    /// Unlike that of any other message.
    pub key: String,
    /// Whose call it is.
    pub tenant: String,
    /// The source it came from.
    pub source: String,
    /// The system behind the source.
    pub vendor: Vendor,
    /// The call's id in the source.
    pub conversation: String,
    /// The call's version.
    pub version: u32,
    /// Why there is a message.
    pub cause: MessageCause,
    /// Whether its recordings are all there.
    pub media: Media,
    /// Its recordings.
    pub recordings: Vec<MessageRecording>,
    /// When this version was stored.
    pub stored: DateTime<Utc>,
}

impl Message {
    /// The version of the format that is written now.
    pub const VERSION: u32 = 1;
}

/// Why there is a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MessageCause {
    /// The call is new.
    Stored,
    /// Its metadata or its recordings changed.
    Updated,
}

/// A recording in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MessageRecording {
    /// Its id in the conversation.
    pub recording: String,
    /// Its key in the object store.
    pub object: String,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl From<&StoredRecording> for MessageRecording {
    fn from(stored: &StoredRecording) -> Self {
        Self {
            recording: stored.recording.id.clone(),
            object: stored.object.clone(),
            sha256: stored.sha256.clone(),
            size: stored.size,
            media_type: stored.recording.media_type.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{ConversationRef, Stamp};

    use super::*;

    #[test]
    fn the_prefix_names_the_day_of_the_call_and_cannot_be_forged() {
        let mut call = Conversation::new(ConversationRef::new("../x"), Vendor::UNIVERSAL);
        call.started = Some(Stamp::vendor("2026-10-19T23:59:59Z".parse().unwrap()));
        let seen = "2026-11-01T00:00:00Z".parse().unwrap();
        let prefix = StoredCall::prefix_of(&Origin::new("a/b", "drop"), &call, seen);
        assert_eq!(prefix, "a=2Fb/drop/2026/10/19/=2E.=2Fx");
    }
}
