//! Where to go on.

use serde::{Deserialize, Serialize};

/// A position in a source's stream of events, in its connector's own words: opaque, versioned, storable.
///
/// It is a low-water mark: everything older is delivered. One that cannot be read any more counts as none, and the source
/// says so with a [`Gap`](crate::Gap).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// For connectors: the words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// For connectors and stores: the words that it was made of.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
