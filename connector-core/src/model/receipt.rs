//! What a source gets back once everything is stored.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What to hand back to a source's [`Settler`](crate::Settler) once everything is stored: opaque and storable.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Receipt(String);

impl Receipt {
    /// For connectors: the words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// For connectors and stores: the words that it was made of.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A receipt may hold a file name, and a file name a login: `Debug` does not show it.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt(•••)")
    }
}
