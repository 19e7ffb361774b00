//! Made-up calls, as the topic of calls tells them and as the live record has them.

use serde_json::{Value, json};

pub const PEOPLE: usize = 1_000;
/// How many calls each person has, one after the other.
const ROUNDS: usize = 8;
pub const CALLS: usize = PEOPLE * ROUNDS;
pub const FRAMES: usize = 100_000;

/// So many minutes after one round of calls the next one begins.
const APART: usize = 5;

macro_rules! steps {
    ($($step:ident),*) => {
        /// What a call looks like between two changes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Step {
            $($step),*
        }

        use Step::{$($step),*};

        const STEPS: &[Step] = &[$($step),*];
    };
}

steps!(
    Ringing,
    Answered,
    Recorded,
    Held,
    Resumed,
    Muted,
    Unmuted,
    Paused,
    Unpaused,
    HeldAgain,
    ResumedAgain,
    Ended,
    WrappedUp
);

/// An id that begins like no other.
fn id(kind: u16, number: usize) -> String {
    format!("{:08x}-{kind:04x}-4a11-8b11-{number:012x}", (number as u32).wrapping_mul(0x9e37_79b9))
}

fn person(number: usize) -> String {
    id(0x1111, number)
}

/// A time of a call, in seconds after it began.
fn time(call: usize, second: usize) -> String {
    let minute = call / PEOPLE * APART + second / 60;
    format!("2026-10-19T14:{minute:02}:{:02}.{:03}Z", second % 60, call % PEOPLE)
}

pub fn users(page: usize) -> Value {
    let user = |number: usize| {
        let email = format!("nadia.verne.{number}@example.com");
        json!({ "id": person(number), "name": format!("Nadia Verne {number}"), "email": email, "username": email,
            "state": "active", "version": 14, "selfUri": format!("/api/v2/users/{}", person(number)) })
    };
    let count = PEOPLE / 100;
    let mut list = json!({
        "entities": (0..100).map(|row| user((page - 1) * 100 + row)).collect::<Vec<_>>(),
        "pageSize": 100, "pageNumber": page, "total": PEOPLE, "pageCount": count,
    });
    if page < count {
        list["nextUri"] = json!(format!("/api/v2/users?pageSize=100&pageNumber={}&state=any", page + 1));
    }
    list
}

/// All messages, those of one step together: everybody's call rings, then all are answered, and so on to the end of their
/// work, and then everybody has another one. A call changes 12 or 13 times.
pub fn frames() -> impl Iterator<Item = Vec<String>> {
    let has = |call: &usize, step| call.is_multiple_of(2) || step != ResumedAgain;
    let steps = (0..ROUNDS).flat_map(|round| STEPS.iter().map(move |step| (round, *step)));
    steps.map(move |(round, step)| {
        let calls = (round * PEOPLE..(round + 1) * PEOPLE).filter(|call| has(call, step));
        calls.map(|call| message(call, step).to_string()).collect()
    })
}

fn message(call: usize, step: Step) -> Value {
    json!({
        "topicName": format!("v2.users.{}.conversations.calls", person(call % PEOPLE)),
        "version": "2",
        "eventBody": body(call, step),
        "metadata": { "CorrelationId": id(step as u16, call) },
    })
}

/// What a call looks like after a step.
fn body(call: usize, step: Step) -> Value {
    let (is_answered, is_over) = (step >= Answered, step >= Ended);
    let recording = match step {
        Ringing | Answered | Ended | WrappedUp => "none",
        Paused => "paused",
        _ => "active",
    };
    let is_held = matches!(step, Held | HeldAgain);
    let state = match () {
        () if step == WrappedUp => "terminated",
        () if is_over => "disconnected",
        () if is_answered => "connected",
        () => "alerting",
    };
    let number = format!("+1555{:07}", call);
    let mut customer = json!({
        "id": id(0xc001, call), "name": number, "address": format!("tel:{number}"), "startTime": time(call, 0),
        "connectedTime": time(call, 0), "purpose": "customer", "state": if is_over { state } else { "connected" },
        "initialState": "alerting", "direction": "inbound", "held": false, "muted": false, "confined": is_held,
        "recording": recording != "none", "recordingState": recording, "securePause": false, "provider": "Edge",
        "wrapupRequired": false, "mediaRoles": ["full"], "ani": format!("tel:{number}"), "dnis": "tel:+15550199",
        "attributes": {}, "peer": id(0xbe01, call),
    });
    let mut queue = json!({
        "id": id(0xd001, call), "name": "Claims", "address": "", "startTime": time(call, 2), "connectedTime": time(call, 2),
        "purpose": "acd", "state": "connected", "direction": "inbound", "held": false, "muted": false, "confined": false,
        "recording": false, "recordingState": "none",
        "queue": { "id": "9be00001-3333-4a33-8b33-333333333333", "name": "Claims" }, "provider": "Edge",
        "wrapupRequired": false, "mediaRoles": ["full"],
    });
    let mut agent = json!({
        "id": id(0xa001, call), "name": format!("Nadia Verne {}", call % PEOPLE), "address": "sip:made-up-agent-address",
        "startTime": time(call, 12), "purpose": "agent", "state": state, "initialState": "alerting", "direction": "inbound",
        "held": is_held, "muted": step == Muted, "confined": false, "recording": recording != "none",
        "recordingState": recording, "securePause": step == Paused, "user": { "id": person(call % PEOPLE) },
        "queue": { "id": "9be00001-3333-4a33-8b33-333333333333" }, "provider": "Edge", "wrapupRequired": true,
        "wrapupPrompt": "timeout", "wrapupTimeoutMs": 30_000, "wrapupSkipped": false, "alertingTimeoutMs": 8_000,
        "mediaRoles": ["full"], "ani": format!("tel:{number}"), "dnis": "tel:+15550199", "peer": id(0xbe02, call),
    });
    if is_answered {
        agent["connectedTime"] = json!(time(call, 21));
        (queue["endTime"], queue["state"]) = (json!(time(call, 21)), json!("disconnected"));
        queue["disconnectType"] = json!("transfer");
    }
    if is_held {
        agent["startHoldTime"] = json!(time(call, if step == Held { 40 } else { 120 }));
    }
    if is_over {
        (customer["endTime"], customer["disconnectType"]) = (json!(time(call, 200)), json!("client"));
        (agent["endTime"], agent["disconnectType"]) = (json!(time(call, 200)), json!("peer"));
        agent["startAcwTime"] = json!(time(call, 200));
    }
    if step == WrappedUp {
        (agent["endAcwTime"], agent["wrapup"]) = (json!(time(call, 220)), wrap_up(call));
    }
    json!({
        "id": id(0xc0de, call),
        "participants": [customer, queue, agent],
        "otherMediaUris": [],
        "divisions": [{ "division": { "id": "d1000001-4444-4a44-8b44-444444444444" },
            "entities": [{ "id": person(call % PEOPLE) }] }],
        "recordingState": recording,
        "securePause": step == Paused,
        "maxParticipants": 0,
    })
}

fn wrap_up(call: usize) -> Value {
    json!({ "code": "7a7a0001-6666-4a66-8b66-666666666666", "notes": "", "tags": [], "durationSeconds": 20,
        "endTime": time(call, 220) })
}

/// The live record of a call after its end, before the work on it is done.
pub fn record(id_of_call: &str) -> Option<Value> {
    let call = usize::from_str_radix(id_of_call.rsplit('-').next()?, 16).ok().filter(|call| *call < CALLS)?;
    let party = |kind: u16, purpose: &str, name: &str, since: usize, answered: usize, until: usize, how: &str| {
        json!({
            "id": id(kind, call), "startTime": time(call, since), "connectedTime": time(call, answered),
            "endTime": time(call, until), "name": name, "purpose": purpose, "attributes": {},
            "calls": [{
                "id": id(kind + 0x100, call), "state": "disconnected", "direction": "inbound", "recording": false,
                "recordingState": "none", "held": false, "muted": false, "confined": false, "securePause": false,
                "connectedTime": time(call, answered), "disconnectedTime": time(call, until), "disconnectType": how,
                "provider": "Edge",
                "segments": [{ "startTime": time(call, since), "endTime": time(call, until), "type": "Interact",
                    "disconnectType": how }],
            }],
        })
    };
    let mut agent = party(0xa001, "agent", "Nadia Verne", 12, 21, 200, "peer");
    agent["userId"] = json!(person(call % PEOPLE));
    let number = format!("+1555{:07}", call);
    let customer = party(0xc001, "customer", &number, 0, 0, 200, "client");
    let queue = party(0xd001, "acd", "Claims", 2, 2, 21, "transfer");
    Some(json!({
        "id": id(0xc0de, call), "startTime": time(call, 0), "endTime": time(call, 200), "recordingState": "NONE",
        "securePause": false, "participants": [customer, queue, agent], "address": number,
        "selfUri": format!("/api/v2/conversations/{}", id(0xc0de, call)),
    }))
}
