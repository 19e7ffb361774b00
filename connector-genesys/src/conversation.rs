//! From a conversation, as the history tells it, to the common vocabulary; and what the live record adds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{
    AgentRef, Attributes, Conversation, ConversationRef, Detail, Direction, Expected, Hold, Leg, Named, PhoneNumber,
    Revision, Stamp, Totals, Vendor,
};
use sha2::{Digest, Sha256};

use crate::wire::analytics::{self, Participant, Segment, Session};
use crate::wire::conversations;
use crate::wire::purpose::{AGENTS, CUSTOMERS};
use crate::wire::reason::Reason;

const QUEUES: [&str; 1] = ["acd"];

/// Segments in which somebody is in the call. Whoever has none of them never answered, and has no leg.
const IN_IT: [&str; 5] = ["interact", "hold", "monitoring", "coaching", "barging"];
const HOLD: [&str; 1] = ["hold"];
const WRAP_UP: [&str; 1] = ["wrapup"];

/// Attributes of this beginning say in which leg a session was: recordings name sessions.
const SESSION: &str = "session.";

/// A conversation of the history; `None` when it has no id. The live record adds the names of wrap-up codes, and what flows
/// and scripts wrote down. What it adds makes no other version of a leg.
pub(crate) fn conversation(
    told: &analytics::Conversation,
    live: Option<&conversations::Conversation>,
) -> Option<Conversation> {
    let id = told.conversation_id.as_deref()?;
    let this = told.conversation_start.into_iter().fold(ConversationRef::new(id), ConversationRef::with_around);
    let mut call = Conversation::new(this, Vendor::GENESYS);
    call.direction = match told.originating_direction.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("inbound") => Direction::Inbound,
        Some("outbound") => Direction::Outbound,
        _ => Direction::Unknown,
    };
    let outside = told.participants.iter().filter(|party| is_one_of(party, &CUSTOMERS));
    let first = outside.chain(&told.participants).flat_map(voice).next();
    call.ani = first.and_then(|session| number(session.ani.as_ref()?));
    call.dnis = first.and_then(|session| number(session.dnis.as_ref()?));
    call.customer = if call.direction == Direction::Outbound { call.dnis.clone() } else { call.ani.clone() };
    call.started = told.conversation_start.map(Stamp::vendor);
    call.ended = told.conversation_end.map(Stamp::vendor);
    call.legs = legs(told);
    call.expected = expected(told);
    call.attributes = attributes(told);
    if let Some(live) = live {
        add(&mut call, live);
    }
    call.detail = Detail::Listed;
    Some(call)
}

/// The leg that a session was part of, where it is that of somebody who works there.
pub(crate) fn leg_of_session<'a>(call: &'a Conversation, session: &str) -> Option<&'a str> {
    call.attributes.get(&format!("{SESSION}{session}")).map(String::as_str)
}

fn is_one_of(party: &Participant, purposes: &[&str]) -> bool {
    party.purpose.as_deref().is_some_and(|text| purposes.iter().any(|purpose| purpose.eq_ignore_ascii_case(text)))
}

fn voice(party: &Participant) -> impl Iterator<Item = &Session> {
    party.sessions.iter().filter(|session| session.is_voice())
}

/// A number without the scheme of its address.
pub(crate) fn number(address: &PhoneNumber) -> Option<PhoneNumber> {
    let text = address.reveal();
    let stripped = ["tel:", "sip:", "sips:"].iter().find_map(|scheme| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    Some(stripped.unwrap_or(text)).filter(|text| !text.is_empty()).map(PhoneNumber::from)
}

/// The legs in the order of their starts.
fn legs(told: &analytics::Conversation) -> Vec<Leg> {
    let agents = told.participants.iter().filter(|party| is_one_of(party, &AGENTS));
    let mut legs: Vec<(Leg, Option<DateTime<Utc>>)> = agents.filter_map(|party| leg(told, party)).collect();
    legs.sort_by(|(a, _), (b, _)| (a.started.map(|at| at.at), &a.id).cmp(&(b.started.map(|at| at.at), &b.id)));
    let given_by: Vec<Option<String>> = legs.iter().map(|(leg, _)| previous(leg, &legs)).collect();
    let finished = legs.into_iter().zip(given_by).map(|((mut leg, latest), previous)| {
        leg.previous = previous;
        leg.revision = latest.map(|at| Revision::new(at, fingerprint(&leg)));
        leg
    });
    finished.collect()
}

/// A leg, and the latest time that is told of it. The vendor names no time of a change: a wrap-up that is told later is
/// newer all the same, since it is later.
fn leg(told: &analytics::Conversation, party: &Participant) -> Option<(Leg, Option<DateTime<Utc>>)> {
    let segments: Vec<&Segment> = voice(party).flat_map(|session| &session.segments).collect();
    let answered = segments.iter().filter(|one| one.is(&IN_IT)).filter_map(|one| one.segment_start).min()?;
    let in_call = || segments.iter().filter(|one| !one.is(&WRAP_UP));
    let mut leg = Leg::new(party.participant_id.as_deref()?);
    leg.agent = agent(party);
    let queue = in_call().find_map(|one| one.queue_id.clone());
    leg.started = in_call().filter_map(|one| one.segment_start).min().map(Stamp::vendor);
    leg.answered = Some(Stamp::vendor(answered));
    let goes_on = in_call().any(|one| one.is(&IN_IT) && one.segment_end.is_none());
    leg.ended = in_call().filter_map(|one| one.segment_end).max().filter(|_| !goes_on).map(Stamp::vendor);
    leg.holds = holds(&segments);
    leg.totals = totals(party, &leg.holds);
    leg.totals.queue = queue.as_deref().and_then(|queue| waited(told, queue, answered));
    leg.queue = queue.map(|id| Named { id: Some(id), name: None });
    let mut codes: Vec<String> = segments.iter().filter_map(|one| one.wrap_up_code.clone()).collect();
    codes.dedup();
    leg.dispositions = codes.into_iter().map(|id| Named { id: Some(id), name: None }).collect();
    let left = in_call().filter(|one| one.disconnect_type.is_some()).max_by_key(|one| one.segment_start);
    leg.end_reason = left.and_then(|one| Some(Reason::of(one.disconnect_type.as_deref()?).as_str().to_owned()));
    leg.recorded = recorded(voice(party));
    let times = segments.iter().flat_map(|one| [one.segment_start, one.segment_end]).flatten();
    Some((leg, times.max()))
}

fn agent(party: &Participant) -> Option<AgentRef> {
    let agent = AgentRef::default().with_id(party.user_id.as_deref()?);
    let name = party.participant_name.as_ref().map(|name| name.reveal().to_owned());
    Some(name.into_iter().fold(agent, AgentRef::with_name))
}

fn holds(segments: &[&Segment]) -> Vec<Hold> {
    let hold = |one: &&Segment| {
        Some(Hold { started: Stamp::vendor(one.segment_start?), ended: one.segment_end.map(Stamp::vendor) })
    };
    let mut holds: Vec<Hold> = segments.iter().filter(|one| one.is(&HOLD)).filter_map(hold).collect();
    holds.sort_by_key(|hold| hold.started.at);
    holds
}

fn totals(party: &Participant, holds: &[Hold]) -> Totals {
    let mut totals = Totals::default();
    totals.ring = sum(party, "tAlert");
    totals.talk = sum(party, "tTalk");
    totals.hold = sum(party, "tHeld");
    totals.holds = u32::try_from(holds.len()).ok();
    totals.wrap_up = sum(party, "tAcw");
    totals
}

/// What a participant's metrics of one name add up to.
fn sum(party: &Participant, name: &str) -> Option<Duration> {
    let metrics = voice(party).flat_map(|session| &session.metrics);
    let named = metrics.filter(|metric| metric.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name)));
    let values = named.filter_map(|metric| u64::try_from(metric.value?).ok().map(Duration::from_millis));
    values.reduce(Duration::saturating_add)
}

/// How long the call waited in this queue, the last time before somebody answered.
fn waited(told: &analytics::Conversation, queue: &str, answered: DateTime<Utc>) -> Option<Duration> {
    let began = |party: &Participant| {
        let segments = voice(party).flat_map(|session| &session.segments);
        let of_queue = segments.filter(|one| one.queue_id.as_deref() == Some(queue));
        of_queue.filter_map(|one| one.segment_start).min()
    };
    let waits = told.participants.iter().filter(|party| is_one_of(party, &QUEUES));
    let before = waits.filter_map(|party| Some((began(party).filter(|at| *at <= answered)?, party)));
    before.max_by_key(|(at, _)| *at).and_then(|(_, party)| sum(party, "tAcd"))
}

/// The leg that handed the call to this one: the last one answered before it that left by handing it on. The vendor does
/// not say it.
fn previous(leg: &Leg, all: &[(Leg, Option<DateTime<Utc>>)]) -> Option<String> {
    let answered = leg.answered?.at;
    let gave = all.iter().map(|(other, _)| other).filter(|other| other.id != leg.id);
    let gave = gave.filter(|other| other.end_reason.as_deref().is_some_and(|why| Reason::of(why).is_transfer()));
    let before = gave.filter(|other| other.answered.is_some_and(|stamp| stamp.at < answered));
    before.max_by_key(|other| other.answered.map(|stamp| stamp.at)).map(|other| other.id.clone())
}

/// Whether any of these was recorded; `None` where nobody says.
fn recorded<'a>(sessions: impl Iterator<Item = &'a Session>) -> Option<bool> {
    sessions.filter_map(|session| session.recording).reduce(|any, one| any || one)
}

fn expected(told: &analytics::Conversation) -> Expected {
    match recorded(told.participants.iter().flat_map(voice)) {
        Some(true) => Expected::Some,
        Some(false) => Expected::None,
        None => Expected::Unknown,
    }
}

fn attributes(told: &analytics::Conversation) -> Attributes {
    let divisions = told.division_ids.join(", ");
    let sip = told.participants.iter().flat_map(voice).find_map(|session| session.protocol_call_id.clone());
    let pairs = [
        ("initiator", told.conversation_initiator.clone()),
        ("external_tag", told.external_tag.clone()),
        ("division_ids", Some(divisions).filter(|text| !text.is_empty())),
        ("min_mos", told.media_stats_min_conversation_mos.map(|mos| mos.to_string())),
        ("sip_call_id", sip),
    ];
    let mut all: Attributes = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    for party in told.participants.iter().filter(|party| is_one_of(party, &AGENTS)) {
        let Some(leg) = &party.participant_id else { continue };
        let sessions = voice(party).filter_map(|session| session.session_id.as_deref());
        all.extend(sessions.map(|session| (format!("{SESSION}{session}"), leg.clone())));
    }
    for party in &told.participants {
        custom(&mut all, &party.attributes);
    }
    all
}

/// What flows and scripts wrote down; of two that say the same name, the first one counts.
fn custom(all: &mut Attributes, said: &Attributes) {
    for (name, value) in said.iter() {
        all.entry(format!("custom.{name}")).or_insert_with(|| value.clone());
    }
}

fn add(call: &mut Conversation, live: &conversations::Conversation) {
    for party in &live.participants {
        custom(&mut call.attributes, &party.attributes);
        let Some(said) = &party.wrapup else { continue };
        let known = call.legs.iter_mut().filter(|leg| Some(&leg.id) == party.id.as_ref());
        for one in known.flat_map(|leg| &mut leg.dispositions).filter(|one| one.id == said.code) {
            one.name.clone_from(&said.name);
        }
    }
}

/// A hash of what a leg says. It is taken before the live record adds to it, so that a row of a list gives the same.
fn fingerprint(leg: &Leg) -> String {
    let text = serde_json::to_vec(leg).expect("a leg has only texts, numbers and times");
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(all(test, feature = "testing"))]
#[path = "conversation/tests.rs"]
mod tests;
