//! The work to be done: one row a conversation, leased by whoever does it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    CallEvent, CallEventKind, Conversation, ConversationRef, Cursor, Gap, Item, Origin, Outcome, Receipt, Rejected,
    Vendor,
};
use serde::{Deserialize, Serialize};

/// Why a conversation is to be worked on. When several reasons meet, the greatest stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// Its metadata changed.
    Changed,
    /// A recording of it can be fetched.
    Media,
    /// It ended.
    Ended,
}

impl Cause {
    /// The work that an event makes, if any: a call that merely rings makes none.
    pub fn of(event: &CallEventKind) -> Option<Self> {
        match event {
            CallEventKind::Ended | CallEventKind::Abandoned => Some(Self::Ended),
            CallEventKind::RecordingAvailable => Some(Self::Media),
            CallEventKind::MetadataChanged => Some(Self::Changed),
            _ => None,
        }
    }

    /// Whether the recordings need not be asked for.
    pub fn is_metadata_only(self) -> bool {
        self == Self::Changed
    }
}

/// What one delivery brings into the store, in one transaction.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose it is.
    pub origin: Origin,
    /// The system behind it.
    pub vendor: Vendor,
    /// When it was heard.
    pub received: DateTime<Utc>,
    /// Everything older is delivered.
    pub cursor: Option<Cursor>,
    /// What happened to calls.
    pub events: Vec<CallEvent>,
    /// When nothing was heard.
    pub gaps: Vec<Gap>,
    /// What could not be read.
    pub rejected: Vec<Rejected>,
}

impl Batch {
    /// Sorts the items of a delivery.
    pub fn new(
        origin: Origin,
        vendor: Vendor,
        received: DateTime<Utc>,
        cursor: Option<Cursor>,
        items: Vec<Item>,
    ) -> Self {
        let mut batch =
            Self { origin, vendor, received, cursor, events: Vec::new(), gaps: Vec::new(), rejected: Vec::new() };
        for item in items {
            match item {
                Item::Event(event) => batch.events.push(event),
                Item::Gap(gap) => batch.gaps.push(gap),
                Item::Rejected(rejected) => batch.rejected.push(rejected),
                _ => tracing::error!(origin = %batch.origin, "an item of a kind this pipeline does not know"),
            }
        }
        batch
    }
}

/// What recording a batch amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Events that were not there yet.
    pub events: usize,
    /// Events and rejections that were there already.
    pub repeated: usize,
    /// Rejections that were not there yet.
    pub rejected: usize,
}

/// The right to work on a row, until a time or until somebody else has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The row.
    pub row: i64,
    /// Whose lease it is: unlike that of any other.
    pub token: String,
    /// The row's generation when it was leased. A higher one in the store means that something arrived since.
    pub generation: i64,
}

/// A conversation to work on.
#[derive(Clone, Debug)]
pub struct WorkRow {
    /// The right to it.
    pub lease: Lease,
    /// Whose conversation it is.
    pub origin: Origin,
    /// The conversation.
    pub conversation: ConversationRef,
    /// Why.
    pub cause: Cause,
    /// What the events proved about it.
    pub facts: Option<Conversation>,
    /// To be handed back to the source once everything is stored.
    pub receipts: Vec<Receipt>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was heard of first.
    pub first_seen: DateTime<Utc>,
    /// Since when it waits to be finished: when it was heard of first, or again after it was finished.
    pub waiting_since: DateTime<Utc>,
}

/// A rejection whose source has not been told yet.
#[derive(Clone, Debug)]
pub struct UnsettledRejection {
    /// The dead letter.
    pub id: i64,
    /// Whose it is.
    pub origin: Origin,
    /// To be handed back to the source.
    pub receipt: Receipt,
    /// What became of it.
    pub outcome: Outcome,
}

/// The time so long after another, or the end of time.
pub(crate) fn after(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait).ok().and_then(|wait| time.checked_add_signed(wait)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
