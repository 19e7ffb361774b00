//! The day on which everything happens: its times, its source, and what is told of its calls.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    CallEvent, CallEventKind, Conversation, ConversationRef, Detail, EventKey, Leg, Origin, Receipt, Revision, Stamp,
    Vendor,
};

use crate::work::Batch;

/// A second of the day on which everything happens.
pub(crate) fn at(second: i64) -> DateTime<Utc> {
    "2026-10-19T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

pub(crate) fn origin() -> Origin {
    Origin::new("acme", "drop")
}

/// All that a source tells of a call, as it stood at a revision.
pub(crate) fn told(conversation: &str, revision: u32) -> Conversation {
    let mut leg = Leg::new("1");
    leg.revision = Some(Revision::new(at(revision.into()), format!("r{revision}")));
    let mut told = Conversation::new(ConversationRef::new(conversation), Vendor::UNIVERSAL);
    told.legs.push(leg);
    told.started = Some(Stamp::vendor(at(0)));
    told.attributes.insert("revision".into(), revision.to_string());
    told.detail = Detail::Full;
    told
}

/// An event without facts.
pub(crate) fn event(conversation: &str, kind: CallEventKind, key: &str) -> CallEvent {
    let key = EventKey::new(format!("{conversation}/{key}"));
    CallEvent::new(key, ConversationRef::new(conversation), kind, Stamp::vendor(at(0)))
}

/// The end of a call, with all that is known of it at a revision.
pub(crate) fn ended(conversation: &str, revision: u32) -> CallEvent {
    let mut event = event(conversation, CallEventKind::Ended, &format!("ended {revision}"));
    event.facts = Some(Box::new(told(conversation, revision)));
    event
}

/// Another revision of a call's metadata.
pub(crate) fn changed(conversation: &str, revision: u32) -> CallEvent {
    let mut event = event(conversation, CallEventKind::MetadataChanged, &format!("changed {revision}"));
    event.facts = Some(Box::new(told(conversation, revision)));
    event
}

pub(crate) fn with_receipt(mut event: CallEvent, receipt: &str) -> CallEvent {
    event.receipt = Some(Receipt::new(receipt));
    event
}

/// What was heard at a second.
pub(crate) fn batch(second: i64, events: impl IntoIterator<Item = CallEvent>) -> Batch {
    let mut batch = Batch::new(origin(), Vendor::UNIVERSAL, at(second), None, Vec::new());
    batch.events.extend(events);
    batch
}
