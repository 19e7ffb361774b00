//! What the vendor sent, word for word.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The syntax of a raw payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RawFormat {
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// Comma-separated values.
    Csv,
    /// YAML.
    Yaml,
    /// A URL-encoded form.
    Form,
}

/// A payload as it came, with secrets cut out. It may hold personal values: `Debug` shows only its size.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw {
    /// Its syntax.
    pub format: RawFormat,
    /// Its bytes, often a slice of a larger body.
    pub bytes: Bytes,
}

impl Raw {
    /// Wraps a payload.
    pub fn new(format: RawFormat, bytes: impl Into<Bytes>) -> Self {
        Self { format, bytes: bytes.into() }
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.format, self.bytes.len())
    }
}

/// Which raw payloads a connector hands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPolicy {
    /// Those of conversations and their events.
    #[default]
    Conversations,
    /// Those of agents and groups as well.
    Everything,
    /// None.
    Nothing,
}

impl RawPolicy {
    /// Whether payloads of conversations and events are kept.
    pub fn keeps_conversations(self) -> bool {
        self != Self::Nothing
    }
}
