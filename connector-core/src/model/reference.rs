//! Which conversation is meant.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Another id under which the same conversation is known, and what sort of id it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alias {
    /// The sort of id: `session_id`, `contact_id`, `external_tag`, …
    pub kind: String,
    /// The id.
    pub value: String,
}

impl Alias {
    /// An id of a sort.
    pub fn new(kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self { kind: kind.into(), value: value.into() }
    }
}

/// Names a conversation. Never a bare id: some vendors find a call only with its leg or its approximate time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConversationRef {
    /// The vendor's id of the whole contact.
    pub id: String,
    /// The leg that is meant, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// Other ids of the same conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Alias>,
    /// Roughly when it took place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<DateTime<Utc>>,
}

impl ConversationRef {
    /// A reference by the vendor's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), leg: None, aliases: Vec::new(), around: None }
    }

    /// The same reference to one leg.
    pub fn with_leg(mut self, leg: impl Into<String>) -> Self {
        self.leg = Some(leg.into());
        self
    }

    /// The same reference with another id.
    pub fn with_alias(mut self, kind: impl Into<String>, value: impl Into<String>) -> Self {
        self.aliases.push(Alias::new(kind, value));
        self
    }

    /// The same reference with an approximate time.
    pub fn with_around(mut self, around: DateTime<Utc>) -> Self {
        self.around = Some(around);
        self
    }

    /// Takes over what the other reference to the same conversation knows beyond this one.
    pub fn learn(&mut self, other: &Self) {
        for alias in &other.aliases {
            if !self.aliases.contains(alias) {
                self.aliases.push(alias.clone());
            }
        }
        self.around = self.around.or(other.around);
    }
}

impl fmt::Display for ConversationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}
