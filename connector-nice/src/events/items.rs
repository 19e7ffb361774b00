//! From contacts to the events of a delivery.

use chrono::{DateTime, Utc};
use connector_core::{CallEvent, CallEventKind, ConversationRef, EventKey, Stamp};

use crate::conversation::{agent, conversations, revision};
use crate::wire::contacts::Contact;

/// The end of a call of these contacts.
pub(super) fn ended(
    master: &str,
    end: Option<Stamp>,
    contacts: Vec<Contact>,
    date: DateTime<Utc>,
) -> Option<CallEvent> {
    let last = contacts.iter().max_by_key(|contact| contact.ended());
    let agent = last.and_then(agent);
    let facts = conversations(contacts).into_iter().next()?;
    let key = EventKey::new(format!("{master}:ended"));
    let at = end.unwrap_or(Stamp::received(date));
    let mut event = CallEvent::new(key, facts.this.clone(), CallEventKind::Ended, at);
    event.agent = agent;
    event.revision = facts.legs.iter().filter_map(|leg| leg.revision.clone()).max_by_key(|revision| revision.at);
    event.facts = Some(Box::new(facts));
    Some(event)
}

/// A change in what is told of a contact.
pub(super) fn changed(id: &str, version: &str, at: DateTime<Utc>, contact: Contact) -> Option<CallEvent> {
    let (agent, revision) = (agent(&contact), revision(&contact));
    let conversation = ConversationRef::new(contact.master()?).with_leg(id);
    let facts = conversations([contact]).into_iter().next()?;
    let key = EventKey::new(format!("{id}:{version}"));
    let mut event = CallEvent::new(key, conversation, CallEventKind::MetadataChanged, Stamp::vendor(at));
    (event.agent, event.revision) = (agent, revision);
    event.facts = Some(Box::new(facts));
    Some(event)
}
