//! Every sample, changed in every place: nothing is fatal, and what means the same is read as the same.

use connector_core::http::Link;
use connector_core::testing::fixtures::{lists_and_objects, missing, strange, unknown_fields, values};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::events::differ::reading::{of_call, of_conversation};
use crate::testing::fixtures;
use crate::wire::calls::Call;
use crate::wire::channels::{Channel, Subscribed, System};
use crate::wire::conversations::Conversation;
use crate::wire::detail::{Detail, Transcoded};
use crate::wire::errors::ErrorBody;
use crate::wire::list::List;
use crate::wire::topic::{Delivery, Message, Topic};
use crate::wire::users::User;

fn whole<T: DeserializeOwned>(answer: &Value) -> Option<T> {
    serde_json::from_str(&answer.to_string()).ok()
}

/// What is read of a message: how many things, and what they say.
fn told(message: Message) -> (usize, String) {
    let topic = message.topic_name.unwrap_or_default();
    let Some(body) = message.event_body else { return (0, topic) };
    match Topic::of(&topic) {
        Topic::Calls => {
            let found = row::<Call>(&body).and_then(of_call);
            (found.as_ref().map_or(0, |found| 1 + found.parties.len()), format!("{found:?}"))
        }
        Topic::Metadata => (1, String::new()),
        Topic::Transcoded => (1, format!("{:?}", row::<Transcoded>(&body))),
        Topic::Detail { what } => (1, format!("{what} {:?}", row::<Detail>(&body))),
        topic => (1, format!("{topic:?}")),
    }
}

/// The rows of a page that can be read.
fn read<T: DeserializeOwned + Default>(page: List<T>) -> Vec<T> {
    page.entities.into_iter().flatten().flatten().collect()
}

/// What is read of a sample, or `None` where it cannot be read at all.
fn neutral(name: &str, answer: &Value) -> Option<(usize, String)> {
    Some(match name {
        "users" => {
            let page: List<User> = whole(answer)?;
            let pages = format!("{:?} {:?} {:?}", page.page_count, page.total, page.next_uri);
            let users = read(page);
            let people = users.iter().map(|user| {
                let login = user.username.as_ref().map(|login| login.reveal().to_owned());
                let email = user.email.as_ref().map(|email| email.reveal().to_owned());
                let name = user.name.as_ref().map(|name| name.reveal().to_owned());
                format!("{user:?} {login:?} {email:?} {name:?}")
            });
            let shown: Vec<String> = people.collect();
            (users.iter().filter(|user| user.id.is_some()).count(), format!("{shown:?} {pages}"))
        }
        "channel" => {
            let channel: Channel = whole(answer)?;
            (1, format!("{:?} {:?} {:?}", channel.id, channel.connect_uri, channel.expires))
        }
        "subscriptions" => {
            let topics = read(whole::<List<Subscribed>>(answer)?);
            (topics.len(), format!("{topics:?}"))
        }
        "throttled" => (1, format!("{:?}", whole::<ErrorBody>(answer)?)),
        "conversation" => {
            let conversation: Conversation = whole(answer)?;
            let ended = conversation.end_time;
            let found = of_conversation(conversation);
            (found.as_ref().map_or(0, |found| 1 + found.parties.len()), format!("{ended:?} {found:?}"))
        }
        "details" => {
            let page: analytics::Details = whole(answer)?;
            let calls = page.conversations.iter().filter_map(|raw| row::<analytics::Conversation>(raw));
            let calls: Vec<_> = calls.filter_map(|call| crate::conversation::conversation(&call, None)).collect();
            let numbers = calls.iter().map(|call| call.customer.as_ref().map(|number| number.reveal().to_owned()));
            let shown = format!("{calls:?} {:?} {:?}", numbers.collect::<Vec<_>>(), page.total_hits);
            (calls.len(), shown)
        }
        "recording_metadata" => {
            let rows = recordings::many(answer.to_string().as_bytes());
            (rows.len(), format!("{rows:?} {:?}", rows.iter().map(recordings::Recording::state).collect::<Vec<_>>()))
        }
        "recording" | "recording_not_ready" => {
            let found = recordings::one(answer.to_string().as_bytes())?;
            // A link does not show itself.
            let links: Vec<bool> = found.media_uris.iter().map(|(_, link)| *link == Link::new(LINK).signed()).collect();
            (1, format!("{found:?} {links:?}"))
        }
        "batch_done" => {
            let done: recordings::BatchProgress = whole(answer)?;
            (done.results.len(), format!("{} {:?}", done.is_done(), done.results))
        }
        "event_bridge" => told(whole::<Delivery>(answer)?.detail.unwrap_or_default()),
        _ => told(whole(answer)?),
    })
}

/// The link of the sample.
const LINK: &str = "https://media.example.test/made-up/rec.wav?X-Sig=made-up&X-Expires=3600";

/// Those that are read; the others are sent, or read by the core.
fn samples() -> Vec<(&'static str, Value)> {
    const ELSEWHERE: [&str; 3] = ["token", "details_query", "batch"];
    let all = fixtures::all();
    let read: Vec<_> = all
        .iter()
        .filter(|(name, _)| !ELSEWHERE.contains(name))
        .map(|(name, text)| (*name, serde_json::from_str(text).expect("JSON")))
        .collect();
    assert_eq!(read.len() + ELSEWHERE.len(), all.len());
    read
}

/// Other forms of a value that mean the same.
fn alike(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(truth) => vec![json!(truth.to_string()), json!(truth.to_string().to_uppercase())],
        Value::Number(number) => {
            let broken = number.as_i64().map(|number| json!(number as f64));
            broken.into_iter().chain([json!(number.to_string()), json!(format!(" {number} "))]).collect()
        }
        Value::String(text) => vec![json!(format!(" {text} "))],
        _ => Vec::new(),
    }
}

#[test]
fn what_means_the_same_is_read_as_the_same() {
    let mut changes = 0;
    for (name, answer) in samples() {
        let expected = neutral(name, &answer).expect("a sample can be read");
        assert!(expected.0 > 0, "{name}");
        for changed in values(&answer, alike) {
            assert_eq!(neutral(name, &changed.answer).as_ref(), Some(&expected), "{name}{changed}");
            changes += 1;
        }
    }
    assert!(changes > 300, "only {changes}");
}

#[test]
fn unknown_fields_are_ignored_everywhere() {
    for (name, answer) in samples() {
        let expected = neutral(name, &answer);
        for changed in unknown_fields(&answer) {
            assert_eq!(neutral(name, &changed), expected, "{name}: {changed}");
        }
    }
}

#[test]
fn a_strange_value_costs_a_field_and_never_the_message() {
    for (name, answer) in samples() {
        let rows = neutral(name, &answer).expect("a sample can be read").0;
        for changed in values(&answer, |_| strange()) {
            let read = neutral(name, &changed.answer).unwrap_or_else(|| panic!("{name}{changed} is fatal"));
            let place = &changed.place;
            // Without the name of its topic a message says nothing, and without an id a row does not.
            if place.ends_with("opicName")
                || place.ends_with("/conversationId") && name == "details"
                || place == "/eventBody/id"
                || (name == "conversation" && place == "/id")
            {
                continue;
            }
            let least = rows - usize::from(place.ends_with("/id"));
            assert!(read.0 >= least, "{name}{changed} costs a row");
        }
    }
}

#[test]
fn a_strange_list_or_object_is_never_fatal() {
    let odd = |_: &Value| vec![json!(null), json!("x"), json!(7), json!([]), json!([7, null, "x", []]), json!({})];
    let mut changes = 0;
    for (name, answer) in samples() {
        for changed in lists_and_objects(&answer, odd) {
            assert!(neutral(name, &changed.answer).is_some(), "{name}{changed} is fatal");
            changes += 1;
        }
    }
    assert!(changes > 200, "only {changes}");
}

#[test]
fn any_field_may_be_missing() {
    for (name, answer) in samples() {
        for changed in missing(&answer) {
            assert!(neutral(name, &changed.answer).is_some(), "{name}{changed}");
        }
    }
}

#[test]
fn a_row_with_a_key_twice_is_read() {
    let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON");
    assert_eq!(row::<Ref>(&raw(r#"{"id": "a", "id": "b"}"#)).and_then(|row| row.id).as_deref(), Some("b"));
    for bad in ["7", "null", "[7]", r#""text""#] {
        assert!(row::<Ref>(&raw(bad)).is_none(), "{bad}");
    }
}

#[test]
fn a_bad_row_costs_the_row() {
    let page: List<Ref> = whole(&json!({"entities": [{"id": 1}, null, 7, "x", [], {"id": "2"}]})).expect("a page");
    assert_eq!(read(page).into_iter().filter_map(|row| row.id).collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn what_is_said_of_a_subscription_is_known() {
    let topics = read::<Subscribed>(serde_json::from_str(fixtures::subscriptions()).expect("a page"));
    assert_eq!(topics.iter().map(Subscribed::is_rejected).collect::<Vec<_>>(), [false, true]);
    assert_eq!(topics[1].missing_permissions.len(), 1);
    for (reason, is_evicted) in [("another_channel_subscribed", true), ("user_tokens_revoked", false), ("", false)] {
        let system: System = whole(&json!({"systemTopicType": "no_longer_subscribed", "reason": reason})).expect("one");
        assert_eq!(system.is_evicted(), is_evicted, "{reason}");
    }
}

#[test]
fn recorded_events_are_timed_in_milliseconds() {
    let delivery: Delivery = serde_json::from_str(fixtures::event_bridge()).expect("a delivery");
    let message = delivery.detail.expect("a message");
    let topic = message.topic_name.expect("a topic");
    let Topic::Detail { what } = Topic::of(&topic) else { panic!("{topic}") };
    let detail: Detail = row(&message.event_body.expect("a body")).expect("an event");
    assert_eq!(
        (detail.conversation_id.as_deref(), what),
        (Some("c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f"), "customer.end")
    );
    assert_eq!(detail.event_time.expect("a time").to_rfc3339(), "2026-09-21T14:07:45.880+00:00");
    assert_eq!(delivery.detail_type.as_deref(), Some("v2.detail.events.conversation.{id}.customer.end"));
}

#[test]
fn nothing_personal_or_secret_is_shown() {
    let call: Message = serde_json::from_str(fixtures::call_answered()).expect("a message");
    let call: Call = row(&call.event_body.expect("a body")).expect("a call");
    let users = read::<User>(serde_json::from_str(fixtures::users()).expect("a page"));
    let channel: Channel = serde_json::from_str(fixtures::channel()).expect("a channel");
    let shown = format!("{call:?} {users:?} {channel:?}");
    for text in ["+1555", "5550100", "Nadia", "nadia", "klee", "streaming-5"] {
        assert!(!shown.contains(text), "{text}: {shown}");
    }
}
