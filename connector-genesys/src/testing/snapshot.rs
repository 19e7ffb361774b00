//! The whole state of a call at an instant, as topics of calls tell it.

use chrono::{DateTime, Utc};
use connector_core::Direction;
use connector_core::testing::ScenarioCall;
use serde_json::{Value, json};

use super::ask::instant;
use super::day::Day;
use super::org::{DIVISION, Org, id, queue_id};
use super::parts::{Part, parts, past, recording_state};

const PEER: u32 = 0xbe00_0000;
const CORRELATION: u32 = 0x0c00_0000;

/// Whose calls a topic tells, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    User(usize),
    Queue(usize),
}

impl Topic {
    /// The topic with this name, if the organisation has such people or things.
    pub(super) fn of(name: &str, org: &Org) -> Option<Self> {
        let subject = name.strip_prefix("v2.")?.strip_suffix(".conversations.calls")?;
        if let Some(user) = subject.strip_prefix("users.") {
            return org.scenario.agents.iter().position(|agent| agent.id == user).map(Self::User);
        }
        let queue = subject.strip_prefix("routing.queues.")?;
        (0..org.queues.len()).find(|index| queue_id(*index) == queue).map(Self::Queue)
    }

    pub(super) fn name(self, org: &Org) -> String {
        match self {
            Self::User(user) => format!("v2.users.{}.conversations.calls", org.scenario.agents[user].id),
            Self::Queue(queue) => format!("v2.routing.queues.{}.conversations.calls", queue_id(queue)),
        }
    }
}

/// When something changes in a call, in order.
pub(super) fn instants(day: &Day, call: usize) -> Vec<DateTime<Utc>> {
    let mut instants: Vec<_> = parts(day, call).iter().flat_map(Part::changes).collect();
    instants.sort();
    instants.dedup();
    instants
}

/// The topics that tell of a call at an instant: those of its queue, and of everybody who is in it.
pub(super) fn topics(day: &Day, call: usize, now: DateTime<Utc>) -> Vec<Topic> {
    let mut topics = Vec::new();
    for part in parts(day, call).iter().filter(|part| part.started <= now) {
        match part.agent {
            Some(agent) if now <= part.done() || !day.settings.silent_after_leg => topics.push(Topic::User(agent)),
            Some(_) => {}
            None => topics.extend(part.queue.map(Topic::Queue)),
        }
    }
    topics.sort();
    topics.dedup();
    topics
}

/// A message, with a number of its own.
pub(super) fn message(topic: &str, body: &Value, number: usize) -> Value {
    json!({
        "topicName": topic,
        "version": "2",
        "eventBody": body,
        "metadata": { "CorrelationId": id(CORRELATION, number) },
    })
}

/// A call at an instant.
pub(super) fn snapshot(day: &Day, call: usize, now: DateTime<Utc>) -> Value {
    let (told, agents) = (day.told(call), &day.org.scenario.agents);
    let begun: Vec<Part> = parts(day, call).into_iter().filter(|part| part.started <= now).collect();
    let is_on_hold = begun.iter().any(|part| part.hold(now).is_some());
    let is_done = begun.iter().all(|part| part.done() <= now);
    let row = |(number, part): (usize, &Part)| {
        let mut row = of_anybody(told, part, is_done, now);
        match (part.agent, part.queue) {
            (Some(agent), _) => of_agent(&mut row, &agents[agent].id, told, part, now),
            (None, Some(queue)) => of_queue(&mut row, queue, &part.name),
            (None, None) => of_customer(&mut row, told, is_on_hold),
        }
        if part.purpose != "acd" {
            row["peer"] = json!(id(PEER, call * 16 + number));
        }
        row
    };
    let people = begun.iter().filter_map(|part| part.agent).map(|agent| json!({ "id": agents[agent].id }));
    json!({
        "id": told.id,
        "participants": begun.iter().enumerate().map(row).collect::<Vec<_>>(),
        "otherMediaUris": [],
        "divisions": [{ "division": { "id": id(DIVISION, 1) }, "entities": people.collect::<Vec<_>>() }],
        "recordingState": recording_state(&begun, told.recorded, now),
        "securePause": false,
        "maxParticipants": 0,
    })
}

/// What every participant has. Its state is `terminated` once all work on the call is done.
fn of_anybody(told: &ScenarioCall, part: &Part, is_done: bool, now: DateTime<Utc>) -> Value {
    let is_over = part.is_over(now);
    let recording = recording_state(std::slice::from_ref(part), told.recorded, now);
    let mut row = json!({
        "id": part.participant,
        "name": part.name,
        "address": "",
        "startTime": instant(part.started),
        "purpose": part.purpose,
        "state": match () {
            () if is_over && is_done && part.purpose != "acd" => "terminated",
            () if is_over => "disconnected",
            () if part.is_answered(now) => "connected",
            () => Part::initial(told.direction),
        },
        "direction": if told.direction == Direction::Outbound { "outbound" } else { "inbound" },
        "held": part.hold(now).is_some(),
        "muted": part.is_muted(now),
        "confined": false,
        "recording": recording != "none",
        "recordingState": recording,
        "provider": "Edge",
        "wrapupRequired": part.wrap_up.is_some(),
        "mediaRoles": ["full"],
    });
    part.add_times(&mut row, "endTime", now);
    part.add_course(&mut row, now);
    row
}

fn of_customer(row: &mut Value, told: &ScenarioCall, is_on_hold: bool) {
    of_person(row, told);
    row["address"] = json!(format!("tel:{}", told.customer.reveal()));
    row["initialState"] = json!(Part::initial(told.direction));
    row["attributes"] = json!({});
    // It hears music.
    row["confined"] = json!(is_on_hold);
}

fn of_queue(row: &mut Value, queue: usize, name: &str) {
    row["queue"] = json!({ "id": queue_id(queue), "name": name });
}

fn of_agent(row: &mut Value, user: &str, told: &ScenarioCall, part: &Part, now: DateTime<Utc>) {
    of_person(row, told);
    row["address"] = json!("sip:made-up-agent-address");
    row["initialState"] = json!(Part::initial(told.direction));
    row["user"] = json!({ "id": user });
    row["alertingTimeoutMs"] = json!(8_000);
    if let Some(queue) = part.queue {
        row["queue"] = json!({ "id": queue_id(queue) });
    }
    let Some((done, code)) = &part.wrap_up else { return };
    row["wrapupPrompt"] = json!("timeout");
    row["wrapupTimeoutMs"] = json!(30_000);
    row["wrapupSkipped"] = json!(false);
    if let Some(ended) = past(part.ended, now) {
        row["startAcwTime"] = json!(ended);
    }
    if let Some(at) = past(*done, now) {
        let seconds = (*done - part.ended).num_seconds();
        row["endAcwTime"] = json!(at);
        row["wrapup"] = json!({ "code": code, "notes": "", "tags": [], "durationSeconds": seconds, "endTime": at });
    }
}

/// What every person has.
fn of_person(row: &mut Value, told: &ScenarioCall) {
    row["securePause"] = json!(false);
    let (customer, centre) = (told.customer.reveal(), told.centre.reveal());
    let (from, to) = if told.direction == Direction::Outbound { (centre, customer) } else { (customer, centre) };
    (row["ani"], row["dnis"]) = (json!(format!("tel:{from}")), json!(format!("tel:{to}")));
}
