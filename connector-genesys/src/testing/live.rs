//! The live record of a conversation.

use chrono::{DateTime, Utc};
use connector_core::Direction;
use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::ask::{Ask, instant, refused};
use super::day::Day;
use super::org::{Org, queue_id};
use super::parts::{Part, parts, recording_state};

pub(super) fn conversation(ask: &Ask<'_>, day: &Day) -> Answer {
    let now = day.now();
    let is_kept = |call: &usize| now - day.told(*call).ended() <= day.settings.kept_for;
    let Some(call) = day.call(ask.id()).filter(is_kept) else {
        return refused(404, "conversation.not.found", "The conversation was not found");
    };
    let told = day.told(call);
    let begun = parts(day, call).into_iter().filter(|part| part.started <= now).collect::<Vec<_>>();
    let is_over = told.ended() <= now;
    let mut row = json!({
        "id": told.id,
        "startTime": instant(told.started),
        "address": told.customer.reveal(),
        "recordingState": recording_state(&begun, told.recorded, now).to_uppercase(),
        "securePause": false,
        "participants": begun.iter().map(|part| participant(&day.org, call, part, now)).collect::<Vec<_>>(),
        "selfUri": format!("/api/v2/conversations/{}", told.id),
    });
    if is_over {
        row["endTime"] = json!(instant(told.ended()));
    }
    Answer::json(&row)
}

fn participant(org: &Org, call: usize, part: &Part, now: DateTime<Utc>) -> Value {
    let told = &org.scenario.calls[call];
    let mut row = json!({
        "id": part.participant,
        "startTime": instant(part.started),
        "name": part.name,
        "purpose": part.purpose,
        "attributes": attributes(call, part.agent.is_none() && part.queue.is_none()),
        "calls": [self::call(part, told.direction, told.recorded, now)],
    });
    if let Some(agent) = part.agent {
        row["userId"] = json!(org.scenario.agents[agent].id);
    }
    if let Some(queue) = part.queue {
        row["queueId"] = json!(queue_id(queue));
        row["queueName"] = json!(org.queues[queue]);
    }
    part.add_times(&mut row, "endTime", now);
    if let Some((done, code)) = part.wrap_up.as_ref().filter(|(done, _)| *done <= now) {
        let seconds = (*done - part.ended).num_seconds();
        row["wrapup"] = json!({ "code": code, "name": told.disposition, "notes": "", "tags": [],
            "durationSeconds": seconds, "endTime": instant(*done) });
        row["endAcwTime"] = json!(instant(*done));
    }
    row
}

/// What a flow has written down about the caller.
pub(super) fn attributes(call: usize, is_customer: bool) -> Value {
    if is_customer { json!({ "orderNumber": format!("55500{call}") }) } else { json!({}) }
}

fn call(part: &Part, direction: Direction, is_recorded: bool, now: DateTime<Utc>) -> Value {
    let is_over = part.is_over(now);
    let recording = recording_state(std::slice::from_ref(part), is_recorded, now);
    let state = match () {
        () if is_over => "terminated",
        () if part.is_answered(now) => "connected",
        () => Part::initial(direction),
    };
    let mut row = json!({
        "state": state,
        "direction": if direction == Direction::Outbound { "outbound" } else { "inbound" },
        "recording": recording != "none",
        "recordingState": recording,
        "held": part.hold(now).is_some(),
        "muted": part.is_muted(now),
        "confined": false,
        "securePause": false,
        "provider": "Edge",
    });
    part.add_times(&mut row, "disconnectedTime", now);
    part.add_course(&mut row, now);
    row
}
