//! What is said on a connection beside the sound: the vendor's messages, and ours.
//!
//! A message is a JSON object with an envelope and `parameters`. Fields that are not known are passed over, and so is a
//! message of another kind, which still counts.

use connector_core::PhoneNumber;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::stream_time::StreamTime;
use crate::wire::loose;

/// The most characters of a message, either way.
pub(crate) const LONGEST: usize = 65_535;

/// The longest id. Those of the vendor are UUIDs.
const LONGEST_WORD: usize = 64;

/// The version of the protocol.
const VERSION: &str = "2";

/// The id of what does not exist: a conversation with it is a trial of the connection.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A message of the vendor.
#[derive(Debug)]
pub(crate) struct Heard {
    /// The session.
    pub(crate) id: Option<String>,
    /// Its number: 1, 2, 3, …
    pub(crate) number: Option<u64>,
    /// The number of our last message that the vendor has seen.
    pub(crate) seen: Option<u64>,
    /// Where the vendor is in its stream.
    pub(crate) position: Option<StreamTime>,
    pub(crate) said: Said,
}

/// What the vendor says.
#[derive(Debug)]
pub(crate) enum Said {
    /// A session begins.
    Open(Box<Open>),
    /// The session ends.
    Close(Why),
    Ping,
    /// No sound from here on.
    Paused,
    /// It goes on.
    Resumed(Option<Stretch>),
    /// Sound was lost.
    Discarded(Option<Stretch>),
    /// The language has changed.
    Update,
    /// We did something wrong, as a status of HTTP has it. The words that come with it are not read.
    Error(Option<i64>),
    /// Something that is not known here.
    Other,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is over.
    End,
    /// Trouble, our farewell, a move elsewhere, or something that is not known here.
    Other,
}

/// A part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) start: StreamTime,
    pub(crate) length: StreamTime,
}

/// How a session begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Open {
    #[serde(deserialize_with = "loose::text", rename = "organizationId")]
    pub(crate) organization: Option<String>,
    #[serde(deserialize_with = "loose::text", rename = "conversationId")]
    conversation: Option<String>,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) participant: Option<Participant>,
    #[serde(deserialize_with = "loose::rows")]
    pub(crate) media: Vec<Box<RawValue>>,
    #[serde(deserialize_with = "loose::text")]
    language: Option<String>,
}

impl Open {
    /// Whether the vendor only tries whether it can connect: what it does when somebody edits the integration.
    pub(crate) fn is_probe(&self) -> bool {
        self.conversation.as_deref() == Some(NOBODY)
    }

    /// The conversation, where there is one whose id is such.
    pub(crate) fn call(&self) -> Option<&str> {
        self.conversation.as_deref().filter(|id| *id != NOBODY && is_word(id))
    }

    /// The language, where it is told as one.
    pub(crate) fn language(&self) -> Option<&str> {
        self.language.as_deref().filter(|language| is_word(language))
    }
}

/// Whether it can be an id or the name of a language, and be shown in a log.
fn is_word(text: &str) -> bool {
    text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Who is listened to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Participant {
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) ani: Option<PhoneNumber>,
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) dnis: Option<PhoneNumber>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(deserialize_with = "loose::text", rename = "type")]
    kind: Option<String>,
    #[serde(deserialize_with = "number")]
    seq: Option<u64>,
    #[serde(deserialize_with = "number")]
    serverseq: Option<u64>,
    #[serde(deserialize_with = "time")]
    position: Option<StreamTime>,
    parameters: Option<Box<RawValue>>,
}

/// The parameters of all messages that need little.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    #[serde(deserialize_with = "loose::text")]
    reason: Option<String>,
    #[serde(deserialize_with = "time")]
    start: Option<StreamTime>,
    #[serde(deserialize_with = "time")]
    discarded: Option<StreamTime>,
    #[serde(deserialize_with = "loose::int")]
    code: Option<i64>,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(loose::int(deserializer)?.and_then(|number| u64::try_from(number).ok()))
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StreamTime>, D::Error> {
    Ok(loose::text(deserializer)?.and_then(|text| StreamTime::parse(&text)))
}

impl Heard {
    /// Reads a message; `None` when it is no JSON object, or longer than it may be.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST && text.chars().nth(LONGEST).is_some() {
            return None;
        }
        let envelope: Envelope = loose::row(serde_json::from_str(text).ok()?)?;
        let parameters = envelope.parameters.as_deref();
        let said = match envelope.kind.as_deref() {
            Some("open") => Said::Open(Box::new(parameters.and_then(loose::row).unwrap_or_default())),
            Some(kind) => Said::of(kind, parameters.and_then(loose::row).unwrap_or_default()),
            None => Said::Other,
        };
        let (id, number, seen) = (envelope.id, envelope.seq, envelope.serverseq);
        Some(Self { id, number, seen, position: envelope.position, said })
    }
}

impl Said {
    fn of(kind: &str, parameters: Parameters) -> Self {
        let stretch = parameters.start.zip(parameters.discarded).map(|(start, length)| Stretch { start, length });
        match kind {
            "close" => Self::Close(if parameters.reason.as_deref() == Some("end") { Why::End } else { Why::Other }),
            "ping" => Self::Ping,
            "paused" => Self::Paused,
            "resumed" => Self::Resumed(stretch),
            "discarded" => Self::Discarded(stretch),
            "update" => Self::Update,
            "error" => Self::Error(parameters.code),
            _ => Self::Other,
        }
    }
}

/// What we say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Saying<'a> {
    /// The session may begin, with the sound that was offered like this; without any where there is none.
    Opened(Option<&'a RawValue>),
    Pong,
    Updated,
    /// We want it to end. The words are for an administrator of the vendor.
    Disconnect(Farewell, Option<&'static str>),
    Closed,
}

/// Why we want a session to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Farewell {
    /// We have heard enough.
    Completed,
    /// It may not be.
    Unauthorized,
    /// The vendor did not keep to the protocol.
    Error,
}

#[derive(Serialize)]
struct Out<'a> {
    version: &'static str,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    clientseq: u64,
    parameters: OutParameters<'a>,
}

/// Always an object, which the vendor insists on.
#[derive(Serialize)]
#[serde(untagged)]
enum OutParameters<'a> {
    #[serde(rename_all = "camelCase")]
    Opened {
        start_paused: bool,
        media: Vec<&'a RawValue>,
    },
    Disconnect {
        reason: Farewell,
        #[serde(skip_serializing_if = "Option::is_none")]
        info: Option<&'static str>,
    },
    None {},
}

impl Saying<'_> {
    /// The message of this number, where the last one of the vendor had that number.
    pub(crate) fn write(self, id: &str, number: u64, seen: u64) -> String {
        let (kind, parameters) = match self {
            Self::Opened(media) => {
                let media = media.into_iter().collect();
                ("opened", OutParameters::Opened { start_paused: false, media })
            }
            Self::Pong => ("pong", OutParameters::None {}),
            Self::Updated => ("updated", OutParameters::None {}),
            Self::Disconnect(reason, info) => ("disconnect", OutParameters::Disconnect { reason, info }),
            Self::Closed => ("closed", OutParameters::None {}),
        };
        let out = Out { version: VERSION, id, kind, seq: number, clientseq: seen, parameters };
        serde_json::to_string(&out).expect("texts and numbers can be written")
    }
}

#[cfg(test)]
#[path = "message/tests.rs"]
mod tests;
