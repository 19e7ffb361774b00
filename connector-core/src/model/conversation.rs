//! A customer's contact with the centre, and its parts.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use crate::{Attributes, ConversationRef, Leg, PhoneNumber, Raw, Recording, Stamp, Vendor};

/// Who called whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Direction {
    /// The customer called.
    Inbound,
    /// The centre called.
    Outbound,
    /// Colleagues called each other.
    Internal,
    /// Nobody said.
    #[default]
    Unknown,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::Unknown => "call",
        })
    }
}

/// How much of a conversation's metadata this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// An event mentioned it; the metadata must be fetched.
    #[default]
    Hint,
    /// A row of a listing: enough to compare, not all there is.
    Listed,
    /// All that the vendor tells.
    Full,
}

/// Which recordings the metadata promises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expected {
    /// It does not say.
    #[default]
    Unknown,
    /// There is none.
    None,
    /// There is at least one.
    Some,
    /// There are so many.
    Count(u32),
    /// There are these, with start and length.
    Segments(Vec<Segment>),
    /// They come by another way: another source, another file.
    Elsewhere,
}

/// A stretch of time that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Segment {
    /// When it starts.
    pub started: Stamp,
    /// How long it is.
    #[serde(default, with = "Seconds", skip_serializing_if = "Option::is_none")]
    pub length: Option<Duration>,
}

/// A whole contact of a customer: one or more [legs](Leg), which are also the unit in which it is stored and compared.
///
/// ```
/// use connector_core::{Conversation, ConversationRef, Direction, Leg, Vendor};
/// let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::NICE);
///
/// let mut told = call.clone();
/// told.direction = Direction::Inbound;
/// told.legs.push(Leg::new("1"));
/// assert!(call.merge(told.clone()));
/// assert_eq!((call.direction, call.legs.len()), (Direction::Inbound, 1));
/// assert!(!call.merge(told), "the same again changes nothing");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Conversation {
    /// Its ids.
    pub this: ConversationRef,
    /// Who runs the system it took place in.
    pub vendor: Vendor,
    /// Who called whom.
    #[serde(default)]
    pub direction: Direction,
    /// The calling number, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ani: Option<PhoneNumber>,
    /// The called number, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dnis: Option<PhoneNumber>,
    /// The customer's number, derived by the vendor's rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PhoneNumber>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Stamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Stamp>,
    /// Its parts in time order.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// What else the vendor tells, as text.
    #[serde(default)]
    pub attributes: Attributes,
    /// Which recordings the metadata promises.
    #[serde(default)]
    pub expected: Expected,
    /// The recordings that the metadata itself names, where it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<Recording>,
    /// How much of the metadata this is.
    #[serde(default)]
    pub detail: Detail,
    /// What the vendor sent. It is kept beside the document, not in it.
    #[serde(skip)]
    pub raw: Option<Raw>,
}

impl Conversation {
    /// A conversation of which nothing else is known yet.
    pub fn new(this: ConversationRef, vendor: Vendor) -> Self {
        Self {
            this,
            vendor,
            direction: Direction::Unknown,
            ani: None,
            dnis: None,
            customer: None,
            started: None,
            ended: None,
            legs: Vec::new(),
            attributes: Attributes::default(),
            expected: Expected::Unknown,
            recordings: Vec::new(),
            detail: Detail::Hint,
            raw: None,
        }
    }

    /// How long it took, where both ends are known.
    pub fn duration(&self) -> Option<Duration> {
        (self.ended?.at - self.started?.at).to_std().ok()
    }
}
