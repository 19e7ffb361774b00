//! The events of an agent's session, by long polls.

use std::time::Duration;

use connector_core::testing::Scenario;
use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::ask::{Ask, instant, refused};
use super::contact::{Contact, Kind};
use super::ids::{UNIT, agent_id, place};
use super::joined::Session;
use super::state::State;
use super::tenant::Tenant;

/// The status for somebody who has no session that could be joined. Not documented.
const NO_SESSION: u16 = 404;

/// How many events one answer tells at most.
const AT_ONCE: usize = 4;

/// Joins the session of an agent, who is named in the query or in the body.
pub(super) fn join(ask: &Ask<'_>, tenant: &Tenant, state: &mut State) -> Answer {
    let body: Value = ask.json().unwrap_or_default();
    let in_body =
        body["asAgentId"].as_str().map(str::to_owned).or_else(|| Some(body["asAgentId"].as_u64()?.to_string()));
    let wanted = ask.get("asAgentId").map(str::to_owned).or(in_body).unwrap_or_default();
    let agent = place(&wanted, tenant.scenario.agents.len(), agent_id);
    match agent.filter(|agent| !state.sessions.away.contains(agent)) {
        Some(agent) => Answer::json(&json!({ "sessionId": state.sessions.fresh(Session { agent, told: 0 }) })),
        None => refused(NO_SESSION, "The agent has no session"),
    }
}

/// The next events: 304 when there are none, 409 when the session is over. Every answer with events gives another id.
pub(super) fn next_event(ask: &Ask<'_>, tenant: &Tenant, state: &mut State) -> Answer {
    let Some(mut session) = state.sessions.open.remove(ask.id()) else { return refused(409, "The session is over") };
    if state.sessions.away.contains(&session.agent) {
        return refused(409, "The session is over");
    }
    let now = state.now(tenant);
    let events = session_events(&tenant.scenario, session.agent, |contact| state.is_played(contact), &tenant.contacts);
    let due = events.into_iter().filter(|(at, _)| *at <= now).map(|(_, event)| event);
    let fresh: Vec<Value> = due.skip(session.told).take(AT_ONCE).collect();
    if fresh.is_empty() {
        state.sessions.open.insert(ask.id().to_owned(), session);
        let wanted = Duration::from_secs(ask.number("timeout").unwrap_or_default());
        return Answer::new(304).delayed(wanted.min(state.settings.longest_poll));
    }
    session.told += fresh.len();
    let id = state.sessions.fresh(session);
    Answer::json(&json!({ "sessionId": id, "events": fresh }))
}

type Event = (chrono::DateTime<chrono::Utc>, Value);

/// All events of an agent's day, in order.
fn session_events(
    scenario: &Scenario,
    agent: usize,
    is_played: impl Fn(&Contact) -> bool,
    all: &[Contact],
) -> Vec<Event> {
    let start = json!({ "Type": "AgentSessionStart", "IISHost": "web01", "VCHost": "vc07", "BusNo": UNIT.to_string(), "AgentId": agent_id(agent).to_string() });
    let of_agent = all.iter().filter(|contact| contact.agent == agent && is_played(contact));
    let calls = of_agent.filter(|contact| matches!(contact.kind, Kind::Call(_)));
    let mut events: Vec<Event> = vec![(scenario.starts, start)];
    events.extend(calls.flat_map(contact_events));
    events.sort_by_key(|(at, _)| *at);
    events
}

/// What is told of one leg: the voice ends first, the contact when the work after it is done.
fn contact_events(contact: &Contact) -> Vec<Event> {
    let ringing = if contact.outbound { "Dialing" } else { "Ringing" };
    let holds = contact.holds.iter().flat_map(|hold| [(hold.start, "Holding", false), (hold.end, "Active", false)]);
    let course = [(contact.started, ringing, false), (contact.answered, "Active", false)].into_iter().chain(holds);
    let end = contact.ended + contact.wrap_up;
    let course = course.chain([(contact.ended, "Disconnected", false), (end, "Disconnected", true)]);
    course.map(|(at, status, is_final)| (at, contact_event(contact, at, status, is_final))).collect()
}

/// One event: all values are texts.
fn contact_event(contact: &Contact, at: chrono::DateTime<chrono::Utc>, status: &str, is_final: bool) -> Value {
    let truth = |truth: bool| if truth { "True" } else { "False" };
    let (ani, dnis) = (&contact.from, &contact.to);
    json!({
        "Type": "CallContactEvent",
        "IISHost": "web01",
        "VCHost": "vc07",
        "ContactID": contact.id.to_string(),
        "MasterID": contact.master.to_string(),
        "Status": status,
        "OriginalState": "False",
        "CallType": "Regular",
        "DNIS": dnis,
        "ANI": ani,
        "Skill": contact.queue,
        "IsInbound": truth(!contact.outbound),
        "StartTimeUTC": instant(contact.started),
        "LastStateChangeTimeUTC": instant(at),
        "IsLogging": "False",
        "DisconnectCode": if is_final { "0" } else { "" },
        "FinalState": truth(is_final),
    })
}
