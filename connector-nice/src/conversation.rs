//! From a contact, as the vendor sends it, to the leg of a call.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{
    AgentRef, Attributes, Conversation, ConversationRef, Detail, Direction, Expected, Leg, Named, PhoneNumber,
    Revision, Stamp, Totals, Vendor,
};
use sha2::{Digest, Sha256};

use crate::wire::contacts::Contact;

/// The conversations that these contacts are legs of, in the order of their first contact.
pub(crate) fn conversations(contacts: impl IntoIterator<Item = Contact>) -> Vec<Conversation> {
    let mut calls: Vec<Conversation> = Vec::new();
    for contact in contacts {
        let Some(part) = conversation(&contact) else { continue };
        match calls.iter_mut().find(|call| call.this.id == part.this.id) {
            Some(call) => join(call, part),
            None => calls.push(part),
        }
    }
    calls
}

/// The conversation that this contact is a leg of; `None` when it has no id.
///
/// What belongs to the whole is only told by the contact that began it.
pub(crate) fn conversation(contact: &Contact) -> Option<Conversation> {
    let (master, id) = (contact.master()?, contact.contact_id.as_deref()?);
    let this = ConversationRef::new(master);
    let mut call = Conversation::new(
        match contact.contact_start_date {
            Some(start) => this.with_around(start),
            None => this,
        },
        Vendor::NICE,
    );
    call.direction = match contact.is_outbound {
        Some(true) => Direction::Outbound,
        Some(false) => Direction::Inbound,
        None => Direction::Unknown,
    };
    let number = |text: &Option<String>| text.as_deref().map(PhoneNumber::from);
    if master == id {
        call.started = contact.contact_start_date.map(Stamp::vendor);
        (call.ani, call.dnis) = (number(&contact.from_address), number(&contact.to_address));
        // For an outbound call the customer is the one who was called.
        call.customer = if contact.is_outbound == Some(true) { call.dnis.clone() } else { call.ani.clone() };
    }
    call.ended = contact.ended().map(Stamp::derived);
    call.expected = match contact.is_logged {
        Some(true) => Expected::Some,
        Some(false) => Expected::None,
        None => Expected::Unknown,
    };
    call.attributes = attributes(contact);
    call.legs = vec![leg(contact, id)];
    call.detail = Detail::Listed;
    Some(call)
}

/// Puts another contact's part into the same call: unlike a merge, the order does not matter.
pub(crate) fn join(call: &mut Conversation, part: Conversation) {
    call.started = call.started.or(part.started);
    call.ended = call.ended.into_iter().chain(part.ended).max_by_key(|stamp| stamp.at);
    (call.ani, call.dnis) = (call.ani.take().or(part.ani), call.dnis.take().or(part.dnis));
    call.customer = call.customer.take().or(part.customer);
    call.this.around = call.this.around.into_iter().chain(part.this.around).min();
    if call.direction == Direction::Unknown {
        call.direction = part.direction;
    }
    call.expected = match (&call.expected, &part.expected) {
        (Expected::Some, _) | (_, Expected::Some) => Expected::Some,
        (Expected::None, Expected::None) => Expected::None,
        _ => Expected::Unknown,
    };
    for (name, value) in part.attributes.iter() {
        call.attributes.entry(name.clone()).or_insert_with(|| value.clone());
    }
    for leg in part.legs {
        match call.legs.iter_mut().find(|known| known.id == leg.id) {
            Some(known) if leg.supersedes(known) => *known = leg,
            Some(_) => {}
            None => call.legs.push(leg),
        }
    }
    call.legs.sort_by(|a, b| (a.started.map(|s| s.at), &a.id).cmp(&(b.started.map(|s| s.at), &b.id)));
}

fn leg(contact: &Contact, id: &str) -> Leg {
    let named = |id: &Option<String>, name: &Option<String>| {
        (id.is_some() || name.is_some()).then(|| Named { id: id.clone(), name: name.clone() })
    };
    let mut leg = Leg::new(id);
    leg.revision = revision(contact);
    leg.agent = agent(contact);
    // The vendor queues by skill: the skill is the queue.
    leg.queue = named(&contact.skill_id, &contact.skill_name);
    leg.skill = leg.queue.clone();
    leg.campaign = named(&contact.campaign_id, &contact.campaign_name);
    leg.started = contact.contact_start_date.map(Stamp::vendor);
    leg.ended = contact.ended().map(Stamp::derived);
    leg.totals = totals(contact);
    let dispositions = [&contact.primary_disposition_id, &contact.secondary_disposition_id];
    leg.dispositions = dispositions.into_iter().filter_map(|id| named(id, &None)).collect();
    leg.end_reason = contact.end_reason.clone();
    leg.recorded = contact.is_logged;
    leg
}

/// Who took the contact; `None` when nobody did.
pub(crate) fn agent(contact: &Contact) -> Option<AgentRef> {
    let agent = AgentRef::default().with_id(contact.agent_id.as_deref()?);
    let name = full_name(contact.first_name.as_deref(), contact.last_name.as_deref());
    Some(name.into_iter().fold(agent, AgentRef::with_name))
}

/// Given name and family name, as far as there are any.
pub(crate) fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let name = [first, last].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

fn totals(contact: &Contact) -> Totals {
    let seconds = |value: Option<f64>| value.and_then(|value| Duration::try_from_secs_f64(value).ok());
    let mut totals = Totals::default();
    totals.queue = seconds(contact.in_queue_seconds);
    // As it is sent. Whether it contains the time on hold is not documented.
    totals.talk = seconds(contact.agent_seconds);
    totals.hold = seconds(contact.hold_seconds);
    totals.holds = contact.hold_count.and_then(|count| u32::try_from(count).ok());
    totals.wrap_up = seconds(contact.acw_seconds);
    totals
}

fn attributes(contact: &Contact) -> Attributes {
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let flag = |value: Option<bool>| value.map(|value| value.to_string());
    let tags: Vec<&str> = contact.tags.iter().filter_map(|tag| tag.name.as_deref().or(tag.id.as_deref())).collect();
    let pairs = [
        ("team_id", contact.team_id.clone()),
        ("team", contact.team_name.clone()),
        ("media_type", contact.media_type_name.clone()),
        ("abandoned", flag(contact.abandoned)),
        ("pre_queue_seconds", number(contact.pre_queue_seconds)),
        ("conference_seconds", number(contact.conference_seconds)),
        ("routing_time", number(contact.routing_time)),
        ("disposition_notes", contact.disposition_notes.clone()),
        ("point_of_contact_id", contact.point_of_contact_id.clone()),
        ("point_of_contact", contact.point_of_contact_name.clone()),
        ("transfer", contact.transfer_indicator_name.clone()),
        ("tags", (!tags.is_empty()).then(|| tags.join(", "))),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Which version of the contact it is. Its fingerprint is of what was read, so both generations of names give the same.
pub(crate) fn revision(contact: &Contact) -> Option<Revision> {
    Some(Revision::new(updated(contact)?, fingerprint(contact)))
}

/// When the vendor last changed it: the end of the contact where that is not told.
pub(crate) fn updated(contact: &Contact) -> Option<DateTime<Utc>> {
    contact.last_update_time.or_else(|| contact.ended()).or(contact.contact_start_date)
}

fn fingerprint(contact: &Contact) -> String {
    let said = Contact { last_update_time: None, is_active: None, ..contact.clone() };
    let text = serde_json::to_vec(&said).expect("a contact has only texts, numbers and times");
    hex::encode(&Sha256::digest(text)[..16])
}
