//! People, groups, queues and teams.

use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::ask::{Ask, no_page, numbered, page, refused, with_bad};
use super::day::Day;
use super::org::{CLIENT, DIVISION, ORGANIZATION, former_id, id, idle_id, queue_id, team_id};

pub(super) fn organization(day: &Day) -> Answer {
    Answer::json(&json!({ "id": id(ORGANIZATION, 1), "name": day.org.scenario.company, "state": "active" }))
}

/// Whose token it is: that of a client, not of a person.
pub(super) fn me(day: &Day) -> Answer {
    Answer::json(&json!({
        "organization": { "id": id(ORGANIZATION, 1), "name": day.org.scenario.company },
        "OAuthClient": { "id": CLIENT.0, "name": "Ingest" },
    }))
}

/// People: only the active ones, unless others are asked for.
pub(super) fn users(ask: &Ask<'_>, day: &Day) -> Answer {
    let ids: Vec<&str> = ask.query.iter().filter(|(name, _)| name == "id").map(|(_, id)| id.as_str()).collect();
    if ids.len() > 100 {
        return refused(400, "max.user.ids", "At most 100 ids");
    }
    let wanted = ask.get("state").unwrap_or("active");
    let is_wanted = |user: &Value| {
        let is_named = ids.is_empty() || ids.iter().any(|id| user["id"] == *id);
        is_named && (wanted == "any" || user["state"] == wanted)
    };
    numbered(ask, &day.settings, with_bad(everybody(day).filter(is_wanted).collect(), &day.settings))
}

pub(super) fn one_user(ask: &Ask<'_>, day: &Day) -> Answer {
    match everybody(day).find(|user| user["id"] == ask.id()) {
        Some(user) => Answer::json(&user),
        None => refused(404, "not.found", "The requested resource was not found"),
    }
}

/// A person. The user name is the address.
fn user(day: &Day, agent: usize) -> Value {
    let who = &day.org.scenario.agents[agent];
    let email = who.email.reveal();
    json!({
        "id": who.id,
        "name": who.name.reveal(),
        "division": { "id": id(DIVISION, 1), "name": "Home" },
        "email": email,
        "username": email,
        "state": "active",
        "department": who.group,
        "version": 3 + agent,
        "primaryContactInfo": [{ "address": email, "mediaType": "EMAIL", "type": "PRIMARY" }],
        "addresses": [],
        "groups": [{ "id": day.org.scenario.groups[day.org.group_of(agent)].id }],
        "selfUri": format!("/api/v2/users/{}", who.id),
    })
}

/// Those of the scenario, those who take no calls, and those who have left.
fn everybody(day: &Day) -> impl Iterator<Item = Value> {
    let idle = (0..day.settings.idle).map(|number| other(&idle_id(number), "idle", number, "active"));
    let former = (0..day.settings.inactive).map(|number| other(&former_id(number), "former", number, "inactive"));
    (0..day.org.scenario.agents.len()).map(|agent| user(day, agent)).chain(idle).chain(former)
}

fn other(id: &str, kind: &str, number: usize, state: &str) -> Value {
    let email = format!("{kind}.{number}@example.com");
    json!({ "id": id, "name": format!("Somebody {kind} {number}"), "email": email, "username": email, "state": state,
        "version": 9, "groups": [], "selfUri": format!("/api/v2/users/{id}") })
}

pub(super) fn groups(ask: &Ask<'_>, day: &Day) -> Answer {
    let group = |(index, group): (usize, &connector_core::testing::ScenarioGroup)| {
        json!({ "id": group.id, "name": group.name, "state": "active", "memberCount": day.org.members(index).len(),
            "type": "official", "visibility": "public", "selfUri": format!("/api/v2/groups/{}", group.id) })
    };
    let rows = day.org.scenario.groups.iter().enumerate().map(group).collect();
    numbered(ask, &day.settings, with_bad(rows, &day.settings))
}

pub(super) fn group_members(ask: &Ask<'_>, day: &Day) -> Answer {
    match day.org.scenario.groups.iter().position(|group| group.id == ask.id()) {
        Some(group) => {
            let rows = day.org.members(group).into_iter().map(|agent| user(day, agent)).collect();
            numbered(ask, &day.settings, with_bad(rows, &day.settings))
        }
        None => refused(404, "not.found", "The requested resource was not found"),
    }
}

pub(super) fn queues(ask: &Ask<'_>, day: &Day) -> Answer {
    let queue = |(index, name): (usize, &String)| {
        json!({ "id": queue_id(index), "name": name, "division": { "id": id(DIVISION, 1), "name": "Home" },
            "memberCount": day.org.members(index).len(), "enableAudioMonitoring": !day.settings.unmonitored.contains(name),
            "selfUri": format!("/api/v2/routing/queues/{}", queue_id(index)) })
    };
    let rows = day.org.queues.iter().enumerate().map(queue).collect();
    numbered(ask, &day.settings, with_bad(rows, &day.settings))
}

/// The people of a queue. Such a list has neither a total nor a number of pages.
pub(super) fn queue_members(ask: &Ask<'_>, day: &Day) -> Answer {
    let Some(queue) = (0..day.org.queues.len()).find(|queue| queue_id(*queue) == ask.id()) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let member = |agent: usize| {
        let user = user(day, agent);
        json!({ "id": user["id"], "name": user["name"], "user": user, "ringNumber": 1, "joined": true, "memberBy": "user" })
    };
    let rows = day.org.members(queue).into_iter().map(member).collect();
    let answer = numbered(ask, &day.settings, with_bad(rows, &day.settings));
    let Ok(Value::Object(mut body)) = serde_json::from_slice(&answer.body) else { return answer };
    ["total", "pageCount", "lastUri"].iter().for_each(|name| drop(body.remove(*name)));
    Answer::json(&body).with_status(answer.status.as_u16())
}

pub(super) fn teams(ask: &Ask<'_>, day: &Day) -> Answer {
    let team = |(index, group): (usize, &connector_core::testing::ScenarioGroup)| {
        json!({ "id": team_id(index), "name": format!("{} A", group.name), "memberCount": day.org.members(index).len(),
            "division": { "id": id(DIVISION, 1), "name": "Home" } })
    };
    let rows = day.org.scenario.groups.iter().enumerate().map(team).collect();
    from_cursor(ask, day, with_bad(rows, &day.settings))
}

/// The people of a team: their ids and names, and more where `expand=entities` asks for it.
pub(super) fn team_members(ask: &Ask<'_>, day: &Day) -> Answer {
    let Some(team) = (0..day.org.scenario.groups.len()).find(|team| team_id(*team) == ask.id()) else {
        return refused(404, "not.found", "The requested resource was not found");
    };
    let is_whole = ask.get("expand") == Some("entities");
    let member = |agent: usize| {
        let user = user(day, agent);
        if is_whole { user } else { json!({ "id": user["id"], "name": user["name"] }) }
    };
    let rows = day.org.members(team).into_iter().map(member).collect();
    from_cursor(ask, day, with_bad(rows, &day.settings))
}

/// A page of a list that goes on after a cursor.
fn from_cursor(ask: &Ask<'_>, day: &Day, rows: Vec<Value>) -> Answer {
    let Some((size, _)) = page(ask, &day.settings) else { return no_page() };
    let from = ask.get("after").and_then(|after| after.strip_prefix("row-")?.parse().ok()).unwrap_or(0_usize);
    let next = from.saturating_add(size);
    let mut body = json!({ "entities": rows.iter().skip(from).take(size).collect::<Vec<_>>() });
    if next < rows.len() {
        body["nextUri"] = json!(format!("{}?pageSize={size}&after=row-{next}", ask.request.uri().path()));
    }
    Answer::json(&body)
}
