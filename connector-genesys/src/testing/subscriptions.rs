//! Channels and their topics, as they are asked for.

use std::time::Duration;

use connector_core::testing::http::Answer;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ask::{Ask, instant, refused};
use super::channels::{Channel, Channels};
use super::day::Day;
use super::login::Login;
use super::org::{former_id, idle_id};
use super::snapshot::Topic;

/// What a topic of calls asks for. Not documented: `availabletopics` tells.
pub(super) const NEEDED: &str = "conversation:communication:view";

/// The topics that the fake tells, as `availabletopics` names them.
const TOPICS: [(&str, &str); 2] = [
    ("v2.users.{id}.conversations.calls", "Calls of a user"),
    ("v2.routing.queues.{id}.conversations.calls", "Calls of a queue"),
];

pub(super) fn open(ask: &Ask<'_>, day: &Day, channels: &mut Channels) -> Answer {
    let token = ask.token().unwrap_or_default();
    let id = channels.open(token, &day.settings).id.clone();
    channels.get(&id).map_or_else(gone, |channel| Answer::json(&told(channel, channels)))
}

/// Those of the token; with `includechannels=oauthclient` all of the client, where those of other tokens have no ids.
pub(super) fn list(ask: &Ask<'_>, channels: &Channels) -> Answer {
    let is_own = |channel: &Channel| Some(channel.token.as_str()) == ask.token();
    let wants_all = ask.get("includechannels") == Some("oauthclient");
    let wanted = channels.iter().filter(|channel| wants_all || is_own(channel));
    let row = |channel: &Channel| match is_own(channel) {
        true => told(channel, channels),
        false => json!({ "expires": ends(channel, channels) }),
    };
    Answer::json(&json!({ "entities": wanted.map(row).collect::<Vec<_>>() }))
}

/// Whether there is such a channel.
pub(super) fn has(ask: &Ask<'_>, day: &Day, channels: &Channels) -> Answer {
    if found(ask, day, channels).is_some() { Answer::new(200) } else { gone() }
}

pub(super) fn subscriptions(ask: &Ask<'_>, day: &Day, channels: &Channels) -> Answer {
    found(ask, day, channels).map_or_else(gone, |channel| {
        let rows = channel.topics.iter().map(|topic| permitted(topic, &channel.id));
        Answer::json(&json!({ "entities": rows.collect::<Vec<_>>() }))
    })
}

/// Adds topics, or puts them in the place of all.
pub(super) fn subscribe(ask: &Ask<'_>, day: &Day, channels: &mut Channels, login: &Login, replaces: bool) -> Answer {
    let Some(channel) = found(ask, day, channels) else { return gone() };
    let (id, before) = (channel.id.clone(), if replaces { Vec::new() } else { channel.topics.clone() });
    let Some(asked) = topics(ask) else { return refused(400, "bad.request", "The request could not be understood") };
    let judged: Vec<(String, Judged)> = asked
        .into_iter()
        .map(|topic| (judge(&topic, day, login), topic))
        .map(|(judged, topic)| (topic, judged))
        .collect();
    if ask.get("ignoreErrors") != Some("true") {
        if judged.iter().any(|(_, judged)| *judged == Judged::Unknown) {
            return refused(400, "notification.invalid.topic", "A topic is not known");
        }
        if judged.iter().any(|(_, judged)| *judged == Judged::Forbidden) {
            return refused(403, "missing.any.permissions", "A topic is not permitted");
        }
    }
    let mut kept = before;
    for (topic, _) in judged.iter().filter(|(_, judged)| *judged == Judged::Permitted) {
        if !kept.contains(topic) {
            kept.push(topic.clone());
        }
    }
    if kept.len() > day.settings.most_topics {
        return refused(400, "notification.subscription.too.many.subscriptions", "A channel has too many topics");
    }
    channels.set_topics(&id, kept, day.settings.channel_life);
    let rows = judged.iter().map(|(topic, judged)| match judged {
        Judged::Permitted => permitted(topic, &id),
        Judged::Forbidden => rejected(topic, "missing permission", &[NEEDED]),
        Judged::Unknown => rejected(topic, "unknown topic", &[]),
    });
    Answer::json(&json!({ "entities": rows.collect::<Vec<_>>() }))
}

/// Drops all topics. What it answers is not documented.
pub(super) fn unsubscribe(ask: &Ask<'_>, day: &Day, channels: &mut Channels) -> Answer {
    let Some(id) = found(ask, day, channels).map(|channel| channel.id.clone()) else { return gone() };
    channels.set_topics(&id, Vec::new(), day.settings.channel_life);
    Answer::new(204)
}

/// The socket of a channel, to whoever has its address.
pub(super) fn socket(ask: &Ask<'_>, channels: &Channels) -> Answer {
    match channels.get(ask.id()) {
        Some(_) => Answer::switch(ask.request).unwrap_or_else(|| refused(400, "bad.request", "This is a socket")),
        None => gone(),
    }
}

pub(super) fn available(ask: &Ask<'_>) -> Answer {
    let wants =
        |name: &str| ask.query.iter().any(|(key, value)| key == "expand" && value.split(',').any(|one| one == name));
    let row = |(topic, words): (&str, &str)| {
        let mut row = json!({ "id": topic });
        if wants("description") {
            row["description"] = json!(words);
        }
        if wants("requiresPermissions") {
            row["requiresPermissions"] = json!([NEEDED]);
        }
        row
    };
    Answer::json(&json!({ "entities": TOPICS.map(row) }))
}

/// The channel that is asked for, where the token may see it.
fn found<'a>(ask: &Ask<'_>, day: &Day, channels: &'a Channels) -> Option<&'a Channel> {
    let is_own = |channel: &&Channel| !day.settings.channels_by_token || Some(channel.token.as_str()) == ask.token();
    channels.get(ask.id()).filter(is_own)
}

fn gone() -> Answer {
    refused(404, "not.found", "The requested channel was not found")
}

fn told(channel: &Channel, of: &Channels) -> Value {
    json!({
        "connectUri": format!("{}channels/{}", of.streaming, channel.id),
        "id": channel.id,
        "expires": ends(channel, of),
    })
}

fn ends(channel: &Channel, of: &Channels) -> String {
    let left: Duration = channel.expires.saturating_duration_since(Instant::now());
    instant(of.clock.now() + left)
}

/// What becomes of a topic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    Permitted,
    Forbidden,
    Unknown,
}

/// Whoever is not known is as forbidden as whoever may not be seen: what Genesys makes of unknown ids is not documented.
fn judge(topic: &str, day: &Day, login: &Login) -> Judged {
    let is_other = |user: &str| {
        let number = user.rsplit('-').next().and_then(|number| usize::from_str_radix(number, 16).ok());
        number.is_some_and(|number| {
            (number < day.settings.idle && idle_id(number) == user)
                || (number < day.settings.inactive && former_id(number) == user)
        })
    };
    let Some(subject) = topic.strip_prefix("v2.").and_then(|rest| rest.strip_suffix(".conversations.calls")) else {
        return Judged::Unknown;
    };
    let (users, queues) = (subject.strip_prefix("users."), subject.strip_prefix("routing.queues."));
    let is_seen = match Topic::of(topic, &day.org) {
        Some(Topic::User(user)) => !day.settings.hidden.contains(&user),
        Some(Topic::Queue(_)) => true,
        None => users.is_some_and(is_other),
    };
    match () {
        () if users.or(queues).is_none() => Judged::Unknown,
        () if is_seen && !login.forbidden.contains(NEEDED) => Judged::Permitted,
        () => Judged::Forbidden,
    }
}

/// The topics of a request, each once.
fn topics(ask: &Ask<'_>) -> Option<Vec<String>> {
    let body: Vec<Value> = ask.json()?;
    let mut topics: Vec<String> = Vec::new();
    for row in body {
        let topic = row["id"].as_str()?.to_owned();
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    Some(topics)
}

fn permitted(topic: &str, channel: &str) -> Value {
    json!({ "id": topic, "state": "Permitted",
        "selfUri": format!("/api/v2/notifications/channels/{channel}/subscriptions") })
}

fn rejected(topic: &str, why: &str, missing: &[&str]) -> Value {
    json!({ "id": topic, "state": "Rejected", "rejectionReason": why, "missingPermissions": missing })
}
