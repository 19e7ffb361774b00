//! What a call would tell behind Amazon EventBridge: its topics of calls, and one event for each thing that happens.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Direction;
use serde_json::{Map, Value, json};

use super::day::Day;
use super::org::{DIVISION, ORGANIZATION, Org, id, queue_id};
use super::parts::{Part, parts};
use super::snapshot::{Topic, instants, message, snapshot, topics};

const DELIVERY: u32 = 0xeb00_0000;

/// All deliveries of a call, in order.
pub(super) fn deliveries(day: &Day, call: usize) -> Vec<Value> {
    let org = &*day.org;
    let mut told: Vec<(DateTime<Utc>, String, String, Value)> = Vec::new();
    for at in instants(day, call) {
        let body = snapshot(day, call, at);
        for topic in topics(day, call, at) {
            let kind = match topic {
                Topic::User(_) => "v2.users.{id}.conversations.calls",
                Topic::Queue(_) => "v2.routing.queues.{id}.conversations.calls",
            };
            told.push((at, kind.to_owned(), topic.name(org), body.clone()));
        }
    }
    let conversation = &day.told(call).id;
    for part in parts(day, call) {
        for (at, what, fields) in happened(&part, org) {
            let prefix = "v2.detail.events.conversation";
            let body = detail(call, &part, at, fields, org);
            told.push((at, format!("{prefix}.{{id}}.{what}"), format!("{prefix}.{conversation}.{what}"), body));
        }
    }
    told.sort_by_key(|(at, ..)| *at);
    let delivery = |(number, (at, kind, topic, body)): (usize, (DateTime<Utc>, String, String, Value))| {
        json!({
            "version": "0",
            "id": id(DELIVERY, call * 1_000 + number),
            "detail-type": kind,
            "source": format!("aws.partner/genesys.com/cloud/{}/made-up-suffix", id(ORGANIZATION, 1)),
            "account": "000000000000",
            "time": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": "us-west-2",
            "resources": [],
            "detail": message(&topic, &body, number),
        })
    };
    told.into_iter().enumerate().map(delivery).collect()
}

/// What happened to a participant, and the fields that only this event has. When `start` comes is not documented: here it is
/// the moment at which it rings.
fn happened(part: &Part, org: &Org) -> Vec<(DateTime<Utc>, &'static str, Value)> {
    let held: TimeDelta = part.holds.iter().map(|hold| hold.end - hold.start).sum();
    let talked = part.answered.map_or(TimeDelta::zero(), |answered| part.ended - answered - held);
    let rang = part.answered.unwrap_or(part.ended) - part.started;
    let left = upper(part.left);
    let Some(agent) = part.agent else {
        if part.queue.is_some() {
            let waited = json!({ "acdOutcome": "ANSWERED", "connectedDurationMs": talked.num_milliseconds() });
            return vec![(part.started, "acd.start", json!({})), (part.ended, "acd.end", waited)];
        }
        let end = json!({ "disconnectType": left, "interactingDurationMs": talked.num_milliseconds() });
        return vec![(part.started, "customer.start", json!({})), (part.ended, "customer.end", end)];
    };
    let who = json!({ "userId": org.scenario.agents[agent].id, "divisionId": id(DIVISION, 1) });
    let mut end = who.clone();
    end["disconnectType"] = json!(left);
    for (name, length) in [("alerting", rang), ("interacting", talked), ("held", held)] {
        end[format!("{name}DurationMs")] = json!(length.num_milliseconds());
    }
    let mut all = vec![(part.started, "user.start", who), (part.ended, "user.end", end)];
    if let Some((done, code)) = &part.wrap_up {
        let millis = (*done - part.ended).num_milliseconds();
        all.push((*done, "wrapup", json!({ "wrapupCode": code, "wrapupNotes": "", "wrapupDurationMs": millis })));
    }
    all
}

fn detail(call: usize, part: &Part, at: DateTime<Utc>, fields: Value, org: &Org) -> Value {
    let told = &org.scenario.calls[call];
    let (customer, centre) = (told.customer.reveal(), told.centre.reveal());
    let is_outbound = told.direction == Direction::Outbound;
    let (from, to) = if is_outbound { (centre, customer) } else { (customer, centre) };
    let mut body = json!({
        "eventTime": at.timestamp_millis(),
        "conversationId": told.id,
        "participantId": part.participant,
        "sessionId": part.session,
        "mediaType": "VOICE",
        "direction": if is_outbound { "OUTBOUND" } else { "INBOUND" },
        "ani": format!("tel:{from}"),
        "dnis": format!("tel:{to}"),
    });
    if let Some(queue) = part.queue {
        body["queueId"] = json!(queue_id(queue));
    }
    let fields: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
    fields.into_iter().for_each(|(name, value)| body[name] = value);
    body
}

/// `noAnswerTransfer` as `NO_ANSWER_TRANSFER`.
fn upper(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}
