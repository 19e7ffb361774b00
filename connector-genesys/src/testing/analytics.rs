//! The history: conversations with participants, sessions and segments.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Direction;
use connector_core::testing::http::Answer;
use connector_core::testing::{Fault, FaultPlan, ScenarioCall};
use serde_json::{Map, Value, json};

use super::ask::{Ask, instant, refused, with_bad};
use super::day::Day;
use super::org::{DIVISION, id, queue_id};
use super::parts::{Part, parts, past};

/// A page of a query. What comes after the last page has no `conversations` at all.
pub(super) fn details(ask: &Ask<'_>, day: &Day, faults: &FaultPlan) -> Answer {
    let Ok(query) = serde_json::from_slice::<Value>(ask.request.body()) else {
        return refused(400, "bad.request", "The request could not be understood");
    };
    let Some((from, to)) = query["interval"].as_str().and_then(interval) else {
        return refused(400, "invalid.date", "interval is missing or no interval");
    };
    if from > to || to - from > day.settings.longest_interval {
        return refused(400, "bad.request", "interval is too long");
    }
    let paging = |name: &str, usual: u64| match &query["paging"][name] {
        Value::Null => Some(usual),
        number => number.as_u64().filter(|number| *number > 0),
    };
    let (Some(size), Some(page)) = (paging("pageSize", 25), paging("pageNumber", 1)) else {
        return refused(400, "invalid.value", "paging is not positive");
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > day.settings.most_rows {
        return refused(400, "bad.request", "pageSize is too large");
    }
    let now = day.now();
    // By the day on which they began, whatever the hours of the interval.
    let last_day = (to - TimeDelta::milliseconds(1)).max(from).date_naive();
    let days = from.date_naive()..=last_day;
    let begun = day.calls().filter(|(_, told)| days.contains(&told.started.date_naive()) && is_listed(told, day, now));
    let begun = begun.map(|(call, _)| call);
    let Some(calls) = wanted(&query, begun.collect(), day, now) else {
        return refused(400, "bad.request", "A filter is not known");
    };
    let mut rows: Vec<Value> = calls.into_iter().filter_map(|call| conversation(call, day, now)).collect();
    if query["order"] == "desc" {
        rows.reverse();
    }
    let total = rows.len();
    let rows = with_bad(rows, &day.settings);
    let first = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size);
    let mut shown: Vec<&Value> = rows.iter().skip(first).take(size).collect();
    let mut body = Map::new();
    if !shown.is_empty() {
        // What moved between two pages comes twice.
        if faults.fire(Fault::Duplicate) {
            shown.push(shown[0]);
        }
        if shown.len() > 1 && faults.fire(Fault::Reordered) {
            shown.reverse();
        }
        body.insert("conversations".to_owned(), json!(shown));
    }
    body.insert("totalHits".to_owned(), json!(total));
    Answer::json(&body)
}

pub(super) fn one(ask: &Ask<'_>, day: &Day) -> Answer {
    let now = day.now();
    let known = day.call(ask.id()).filter(|call| is_listed(day.told(*call), day, now));
    match known.and_then(|call| conversation(call, day, now)) {
        Some(conversation) => Answer::json(&conversation),
        None => refused(404, "not.found", "The requested resource was not found"),
    }
}

/// Those conversations of a list of ids that are known: `id=a,b`.
pub(super) fn many(ask: &Ask<'_>, day: &Day) -> Answer {
    let now = day.now();
    let ids = ask.query.iter().filter(|(name, _)| name == "id").flat_map(|(_, ids)| ids.split(','));
    let ids: Vec<&str> = ids.filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > day.settings.most_ids {
        return refused(400, "bad.request", "There are no ids, or too many");
    }
    let known = ids.into_iter().filter_map(|id| day.call(id)).filter(|call| is_listed(day.told(*call), day, now));
    let rows = known.filter_map(|call| conversation(call, day, now)).collect();
    Answer::json(&json!({ "conversations": with_bad(rows, &day.settings) }))
}

/// Whether a call shows in the history.
fn is_listed(told: &ScenarioCall, day: &Day, now: DateTime<Utc>) -> bool {
    told.started + day.settings.listed_after <= now
}

pub(super) fn interval(text: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (from, to) = text.split_once('/')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// The calls that all filters let through; `None` where a filter is not known here.
pub(super) fn wanted(query: &Value, calls: Vec<usize>, day: &Day, now: DateTime<Utc>) -> Option<Vec<usize>> {
    let judged = calls.into_iter().map(|call| Some((call, is_wanted(query, call, day, now)?)));
    let judged: Option<Vec<(usize, bool)>> = judged.collect();
    Some(judged?.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(call, _)| call).collect())
}

/// Whether all filters let a call through; `None` where one is not known here.
fn is_wanted(query: &Value, call: usize, day: &Day, now: DateTime<Utc>) -> Option<bool> {
    let filters = |name: &str| query[name].as_array().cloned().unwrap_or_default();
    let told = day.told(call);
    for filter in filters("conversationFilters") {
        let matches = |predicate: &Value| match predicate["dimension"].as_str()? {
            "conversationEnd" => match predicate["operator"].as_str()? {
                "exists" => Some(told.ended() <= now),
                "notExists" => Some(told.ended() > now),
                _ => None,
            },
            "conversationId" => Some(predicate["value"] == told.id.as_str()),
            "originatingDirection" => Some(predicate["value"] == direction(told.direction)),
            _ => None,
        };
        if !judged(&filter, matches)? {
            return Some(false);
        }
    }
    let wanted = filters("segmentFilters");
    for part in parts(day, call) {
        let matches = |predicate: &Value| match predicate["dimension"].as_str()? {
            "mediaType" => Some(predicate["value"] == "voice"),
            "purpose" => Some(predicate["value"] == part.purpose),
            "userId" => {
                Some(part.agent.is_some_and(|agent| predicate["value"] == day.org.scenario.agents[agent].id.as_str()))
            }
            "queueId" => Some(part.queue.is_some_and(|queue| predicate["value"] == queue_id(queue).as_str())),
            _ => None,
        };
        let judged: Option<Vec<bool>> = wanted.iter().map(|filter| judged(filter, matches)).collect();
        if judged?.into_iter().all(|is_wanted| is_wanted) {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether all predicates of a filter hold, or any, as it says.
fn judged(filter: &Value, matches: impl Fn(&Value) -> Option<bool>) -> Option<bool> {
    let judged: Vec<bool> = filter["predicates"].as_array()?.iter().map(matches).collect::<Option<_>>()?;
    match filter["type"].as_str()? {
        "and" => Some(judged.into_iter().all(|holds| holds)),
        "or" => Some(judged.into_iter().any(|holds| holds)),
        _ => None,
    }
}

fn direction(direction: Direction) -> &'static str {
    if direction == Direction::Outbound { "outbound" } else { "inbound" }
}

/// What is known of a call by now; `None` before it began.
pub(super) fn conversation(call: usize, day: &Day, now: DateTime<Utc>) -> Option<Value> {
    let told = day.told(call);
    let participants = parts(day, call).into_iter().filter(|part| part.started <= now);
    let mut row = json!({
        "conversationId": told.id,
        "conversationStart": past(told.started, now)?,
        "originatingDirection": direction(told.direction),
        "divisionIds": [id(DIVISION, 1)],
        "mediaStatsMinConversationMos": 4.41,
        "participants": participants.map(|part| participant(day, call, &part, now)).collect::<Vec<_>>(),
    });
    if told.direction == Direction::Inbound {
        row["conversationInitiator"] = json!("customer");
    }
    if let Some(ended) = past(told.ended(), now) {
        row["conversationEnd"] = json!(ended);
    }
    Some(row)
}

fn participant(day: &Day, call: usize, part: &Part, now: DateTime<Utc>) -> Value {
    let told = day.told(call);
    let (from, to) = match told.direction {
        Direction::Outbound => (told.centre.reveal(), told.customer.reveal()),
        _ => (told.customer.reveal(), told.centre.reveal()),
    };
    let mut session = json!({
        "sessionId": part.session,
        "mediaType": "voice",
        "direction": direction(told.direction),
        "ani": format!("tel:{from}"),
        "dnis": format!("tel:{to}"),
        "provider": "Edge",
        "segments": segments(part, now),
        "metrics": metrics(part, now),
    });
    if part.purpose != "acd" {
        session["recording"] = json!(told.recorded);
    }
    if part.agent.is_none() && part.purpose != "acd" {
        session["protocolCallId"] = json!(format!("{}@192.0.2.10", part.session));
    }
    let mut row = json!({
        "participantId": part.participant,
        "participantName": part.name,
        "purpose": part.purpose,
        "sessions": [session],
    });
    if let Some(agent) = part.agent {
        row["userId"] = json!(day.org.scenario.agents[agent].id);
    }
    row
}

/// Ringing, talking, on hold, talking, and the work after it: each with an end once it is over.
fn segments(part: &Part, now: DateTime<Utc>) -> Vec<Value> {
    let mut stretches = Vec::new();
    let rang_until = part.answered.unwrap_or(part.ended);
    if rang_until > part.started {
        stretches.push(("alert", part.started, rang_until));
    }
    if let Some(mut talks_since) = part.answered {
        for hold in &part.holds {
            stretches.extend([("interact", talks_since, hold.start), ("hold", hold.start, hold.end)]);
            talks_since = hold.end;
        }
        stretches.push(("interact", talks_since, part.ended));
    }
    if let Some((done, _)) = &part.wrap_up {
        stretches.push(("wrapup", part.ended, *done));
    }
    let begun = stretches.into_iter().filter(|(_, from, _)| *from <= now);
    let segment = |(kind, from, to): (&str, DateTime<Utc>, DateTime<Utc>)| {
        let mut row = json!({ "segmentStart": instant(from), "segmentType": kind, "conference": false });
        if let Some(to) = past(to, now) {
            row["segmentEnd"] = json!(to);
            if kind != "wrapup" && to == instant(part.ended) {
                row["disconnectType"] = json!(part.left);
            }
            if kind == "wrapup" {
                row["wrapUpCode"] = json!(part.wrap_up.as_ref().map(|(_, code)| code));
            }
        }
        if let Some(queue) = part.queue {
            row["queueId"] = json!(queue_id(queue));
        }
        row
    };
    begun.map(segment).collect()
}

/// Lengths in milliseconds, once they are known.
fn metrics(part: &Part, now: DateTime<Utc>) -> Vec<Value> {
    let held: TimeDelta = part.holds.iter().map(|hold| hold.end - hold.start).sum();
    let rang_until = part.answered.unwrap_or(part.ended);
    let talk = part.answered.map(|answered| ("tTalk", part.ended, part.ended - answered - held));
    let work = part.wrap_up.as_ref().map(|(done, _)| ("tAcw", *done, *done - part.ended));
    let ring = ("tAlert", rang_until, rang_until - part.started);
    let of_hold = (!part.holds.is_empty()).then_some(("tHeld", part.ended, held));
    let all = [ring]
        .into_iter()
        .chain(talk)
        .chain(of_hold)
        .chain(work)
        .filter(|(_, at, _)| part.agent.is_some() && *at <= now);
    all.map(|(name, at, length)| json!({ "name": name, "emitDate": instant(at), "value": length.num_milliseconds() }))
        .collect()
}
