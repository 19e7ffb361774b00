//! Events of Genesys Cloud that come by Amazon EventBridge.
//!
//! An administrator adds the integration *Amazon EventBridge Source* with a filter of topics, and a rule at AWS hands what
//! comes to a queue of SQS. Genesys repeats towards AWS for up to four days, so that nothing is lost while a program does
//! not run; there is no limit of people, and no socket. What comes from the queue may come twice and in any order.
//!
//! [`decode`] reads one message of the queue. It remembers nothing: what is told again has the same key as before, and the
//! same as in the stream of [`GenesysEvents`](crate::GenesysEvents). So a program stores what was decoded, by its keys, and
//! deletes the message from the queue when that is done:
//!
//! ```
//! use std::collections::BTreeMap;
//! use connector_core::{CallEventKind, Clock};
//! use connector_genesys::eventbridge;
//!
//! # fn main() -> connector_core::Result<()> {
//! # let call = |topic: &str, state: &str, ended: &str| format!(r#"{{
//! #     "version": "0", "detail-type": "v2.users.{{id}}.conversations.calls", "detail": {{ "topicName": "{topic}",
//! #     "eventBody": {{ "id": "c0de0001", "participants": [{{ "id": "9a970002", "purpose": "agent", "state": "{state}",
//! #     "connectedTime": "2026-09-21T14:00:21.400Z" {ended}, "user": {{ "id": "a9e10001" }} }}] }} }} }}"#);
//! # let topic = "v2.users.a9e10001.conversations.calls";
//! # let ended = r#", "endTime": "2026-09-21T14:07:45.900Z""#;
//! # let queue = [call(topic, "connected", ""), call(topic, "connected", ""), call(topic, "disconnected", ended)];
//! let mut stored = BTreeMap::new(); // the program's database
//! for body in queue { // what SQS delivers: here a call that is answered, the same again, and its end
//!     let decoded = eventbridge::decode(&body, Clock::system().now())?;
//!     for event in decoded.events {
//!         stored.entry(event.key.clone()).or_insert(event);
//!     }
//!     // Now, and not before, the message is deleted from the queue.
//! }
//! let kinds: Vec<&CallEventKind> = stored.values().map(|event| &event.kind).collect();
//! assert_eq!(kinds, [&CallEventKind::Answered, &CallEventKind::LegEnded, &CallEventKind::Ended]);
//! # Ok(()) }
//! ```
//!
//! | topic | what is told of it |
//! |---|---|
//! | `v2.users.{id}.conversations.calls`, `….conversations`, the same of `v2.routing.queues.{id}` | ringing, answered, held, passed on, leg ended, wrap-up ended; call ended once all people are out of it |
//! | `v2.detail.events.conversation.{id}.user.start`, `….user.end`, `….wrapup` | ringing; leg ended and passed on; wrap-up ended |
//! | others | nothing but the conversation |
//!
//! What is only seen by comparing two states is not told here: that a hold ended, mutes, pauses of the recording, and a hold
//! without a time.
//!
//! The recorded events (`v2.detail.events`) lack what some keys need. None of them tells a hold, and none that somebody
//! answered: the end of a leg has only the length of the talk, by which it is known that there was one. The end of the work
//! after a call does not name the agent. None tells that a call is over: that the customer left does not say it of the
//! others. [`Decoded::conversation`] is what to look up in the history then.

use chrono::{DateTime, Utc};
use connector_core::{
    AgentRef, CallEvent, CallEventKind, ConversationRef, Error, EventKey, Result, Stamp, StampSource,
};

use crate::events::channel::frame::body;
use crate::events::differ::reading::{of_call, of_conversation};
use crate::events::differ::{Confirmed, Differ, Effect, Snapshot, key};
use crate::wire::detail::{Detail, Transcoded};
use crate::wire::reason::Reason;
use crate::wire::topic::{Delivery, Message, Topic};

/// What a message said.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Decoded {
    /// What happened. Agents are known by their ids.
    pub events: Vec<CallEvent>,
    /// The conversation that it is about; `None` where it is about none, or about none with a call.
    pub conversation: Option<ConversationRef>,
}

/// Reads a delivery of EventBridge, the JSON object that a rule hands to its target. `received` is when it came: it stands
/// where the vendor names no time. A topic that is not known says nothing, and is no error.
///
/// # Errors
/// `is_invalid` when it is no such delivery: the same text will fail again.
pub fn decode(delivery: &str, received: DateTime<Utc>) -> Result<Decoded> {
    let unreadable = || Error::invalid("this is no delivery of Amazon EventBridge");
    let delivery: Delivery = serde_json::from_str(delivery).map_err(|_| unreadable())?;
    let message = delivery.detail.ok_or_else(unreadable)?;
    let name = message.topic_name.clone().or(delivery.detail_type).ok_or_else(unreadable)?;
    Ok(match Topic::of(&name) {
        Topic::Calls => body(&message).and_then(of_call).map(|call| of_snapshot(&call, received)),
        Topic::Conversations => body(&message).and_then(of_conversation).map(|call| of_snapshot(&call, received)),
        Topic::Detail { what } => detail(&message, what, received),
        Topic::Transcoded => body::<Transcoded>(&message).and_then(|recording| about(recording.conversation_id?)),
        _ => None,
    }
    .unwrap_or_default())
}

fn about(conversation: String) -> Option<Decoded> {
    Some(Decoded { events: Vec::new(), conversation: Some(ConversationRef::new(conversation)) })
}

/// All that a state proves by itself.
fn of_snapshot(snapshot: &Snapshot, received: DateTime<Utc>) -> Decoded {
    let (mut differ, mut told) = (Differ::default(), Vec::new());
    differ.see(snapshot, &|_| true, received, &mut told);
    if snapshot.looks_over() {
        differ.confirmed(&snapshot.conversation, Confirmed::Over(None), received, &mut told);
    }
    let event = |effect| match effect {
        Effect::Emit(event) if is_proven(&event) => Some(*event),
        Effect::Emit(_) | Effect::Confirm(_) | Effect::Gap(_) => None,
    };
    let conversation = Some(ConversationRef::new(&snapshot.conversation)).filter(|_| !snapshot.parties.is_empty());
    Decoded { events: told.into_iter().filter_map(event).collect(), conversation }
}

/// Whether the key of an event needs nothing from before. What goes on and off is counted, unless the vendor says since when.
fn is_proven(event: &CallEvent) -> bool {
    use CallEventKind::{Answered, Ended, Held, LegEnded, Ringing, Transferred, WrapUpEnded};
    match event.kind {
        Ringing | Answered | LegEnded | Transferred | WrapUpEnded | Ended => true,
        Held => event.at.source == StampSource::Vendor,
        _ => false,
    }
}

/// A recorded event: one thing that happened to one participant.
fn detail(message: &Message, what: &str, received: DateTime<Utc>) -> Option<Decoded> {
    let detail: Detail = body(message)?;
    if detail.media_type.as_deref().is_some_and(|media| !media.eq_ignore_ascii_case("voice")) {
        return None;
    }
    let mut decoded = about(detail.conversation_id.clone()?)?;
    decoded.events = kinds(what, &detail).into_iter().filter_map(|kind| event(&detail, kind, received)).collect();
    Some(decoded)
}

fn kinds(what: &str, detail: &Detail) -> Vec<CallEventKind> {
    match what {
        // The vendor does not say what starts: its end counts the ringing in.
        "user.start" => vec![CallEventKind::Ringing],
        // Whoever never talked did not have the call.
        "user.end" if detail.interacting_duration_ms > Some(0) || detail.held_duration_ms > Some(0) => {
            let is_transfer = detail.disconnect_type.as_deref().is_some_and(|why| Reason::of(why).is_transfer());
            let passed_on = is_transfer.then_some(CallEventKind::Transferred);
            passed_on.into_iter().chain([CallEventKind::LegEnded]).collect()
        }
        "wrapup" => vec![CallEventKind::WrapUpEnded],
        _ => Vec::new(),
    }
}

fn event(detail: &Detail, kind: CallEventKind, received: DateTime<Utc>) -> Option<CallEvent> {
    let (conversation, party) = (detail.conversation_id.as_deref()?, detail.participant_id.as_deref()?);
    let at = detail.event_time.map_or(Stamp::received(received), Stamp::vendor);
    let leg = ConversationRef::new(conversation).with_leg(party);
    let mut event = CallEvent::new(EventKey::new(key(conversation, party, &kind)), leg, kind, at);
    event.agent = detail.user_id.as_ref().map(|id| AgentRef::default().with_id(id));
    Some(event)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::fixtures;

    const CALL: &str = "c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f";
    const AGENT: &str = "9a970002-0000-4000-8000-00000000a001";

    fn now() -> DateTime<Utc> {
        "2026-09-21T15:00:00Z".parse().expect("a time")
    }

    /// A message of a socket, as EventBridge delivers it.
    fn delivered(message: &str) -> String {
        let message: Value = serde_json::from_str(message).expect("JSON");
        json!({ "version": "0", "detail-type": "v2.users.{id}.conversations.calls", "detail": message }).to_string()
    }

    fn recorded(what: &str, fields: Value) -> String {
        let mut body = json!({ "eventTime": 1_789_999_665_880_u64, "conversationId": CALL, "participantId": AGENT,
            "mediaType": "VOICE" });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let topic = format!("v2.detail.events.conversation.{CALL}.{what}");
        json!({ "version": "0", "detail": { "topicName": topic, "eventBody": body } }).to_string()
    }

    fn kinds_of(delivery: &str) -> Vec<String> {
        decode(delivery, now()).expect("a delivery").events.iter().map(|event| event.kind.to_string()).collect()
    }

    /// The whole call, as the stream tells it.
    fn streamed(messages: &[&str]) -> BTreeMap<String, Stamp> {
        let (mut differ, mut told) = (Differ::default(), Vec::new());
        for message in messages {
            let message: Message = serde_json::from_str(message).expect("a message");
            let call = body(&message).and_then(of_call).expect("a call");
            differ.see(&call, &|_| true, now(), &mut told);
        }
        differ.confirmed(CALL, Confirmed::Over(None), now(), &mut told);
        let event = |effect| {
            if let Effect::Emit(event) = effect { Some((event.key.as_str().to_owned(), event.at)) } else { None }
        };
        told.into_iter().filter_map(event).collect()
    }

    #[test]
    fn what_both_tell_has_the_same_key_and_time_in_whatever_order_it_comes() {
        let messages = [
            fixtures::call_answered(),
            fixtures::call_held(),
            fixtures::call_resumed(),
            fixtures::call_ended(),
            fixtures::call_wrapped_up(),
        ];
        let streamed = streamed(&messages);
        let mut decoded = BTreeMap::new();
        for message in messages.iter().rev().chain(&messages) {
            for event in decode(&delivered(message), now()).expect("a delivery").events {
                assert_eq!(*decoded.entry(event.key.as_str().to_owned()).or_insert(event.at), event.at);
            }
        }
        let only_compared: Vec<&String> = streamed.keys().filter(|key| !decoded.contains_key(*key)).collect();
        assert!(only_compared.len() == 1 && only_compared[0].contains(":resumed:"), "{only_compared:?}");
        for (key, at) in &decoded {
            assert_eq!(streamed.get(key), Some(at), "{key}");
        }
        assert_eq!(decoded.len(), 5);
    }

    #[test]
    fn the_conversations_topic_tells_the_same() {
        let body: Value = serde_json::from_str(fixtures::conversation()).expect("JSON");
        let topic = json!({ "topicName": "v2.users.a.conversations", "eventBody": body }).to_string();
        assert_eq!(kinds_of(&delivered(&topic)), ["answered", "leg_ended", "wrap_up_ended", "ended"]);
    }

    #[test]
    fn recorded_events_have_the_keys_of_the_stream_where_they_tell_the_same() {
        let streamed = streamed(&[fixtures::call_answered(), fixtures::call_ended(), fixtures::call_wrapped_up()]);
        let talked = json!({ "userId": "a-1", "interactingDurationMs": 444_500, "disconnectType": "CONSULT_TRANSFER" });
        let decoded = decode(&recorded("user.end", talked), now()).expect("a delivery");
        let keys: Vec<&str> = decoded.events.iter().map(|event| event.key.as_str()).collect();
        assert_eq!(keys, [format!("{CALL}:{AGENT}:transferred"), format!("{CALL}:{AGENT}:leg_ended")]);
        assert!(streamed.contains_key(keys[1]));
        assert_eq!(decoded.events[1].at.at.to_rfc3339(), "2026-09-21T14:07:45.880+00:00");
        assert_eq!(decoded.events[1].agent, Some(AgentRef::default().with_id("a-1")));

        let wrapped = decode(&recorded("wrapup", json!({ "wrapupNotes": "private" })), now()).expect("a delivery");
        assert!(streamed.contains_key(wrapped.events[0].key.as_str()) && wrapped.events[0].agent.is_none());
        assert_eq!(kinds_of(&recorded("user.start", json!({}))), ["ringing"]);
    }

    #[test]
    fn whoever_never_talked_and_what_is_no_call_are_not_told() {
        for (what, fields) in [
            ("user.end", json!({ "alertingDurationMs": 8000, "interactingDurationMs": 0 })),
            ("user.end", json!({})),
            ("user.end", json!({ "mediaType": "CHAT", "interactingDurationMs": 5 })),
            ("user.start", json!({ "participantId": null })),
            ("acd.start", json!({})),
            ("something.new", json!({})),
        ] {
            assert_eq!(kinds_of(&recorded(what, fields.clone())), Vec::<String>::new(), "{what} {fields}");
        }
    }

    #[test]
    fn that_the_customer_left_names_the_conversation_alone() {
        let decoded = decode(fixtures::event_bridge(), now()).expect("a delivery");
        assert_eq!((decoded.events.len(), decoded.conversation), (0, Some(ConversationRef::new(CALL))));
        let recording = decode(&delivered(fixtures::transcoded()), now()).expect("a delivery");
        assert!(recording.events.is_empty() && recording.conversation.is_some());
    }

    #[test]
    fn a_call_that_somebody_still_has_is_not_over() {
        let mut call: Value = serde_json::from_str(fixtures::call_ended()).expect("JSON");
        call["eventBody"]["participants"][0] = json!({ "id": "p-0", "purpose": "customer", "state": "connected" });
        assert_eq!(kinds_of(&delivered(&call.to_string())), ["answered", "leg_ended"]);
    }

    #[test]
    fn what_is_no_delivery_is_an_error_and_an_unknown_topic_is_none() {
        for text in ["", "junk", "[]", "{}", r#"{"detail": 7}"#, r#"{"detail": {}}"#] {
            let error = decode(text, now()).expect_err(text);
            assert!(error.is_invalid(), "{error}");
        }
        for topic in ["v2.users.a.presence", "v7.new", "v2.users.a.conversations.calls"] {
            let text = json!({ "detail": { "topicName": topic, "eventBody": [] } }).to_string();
            assert_eq!(decode(&text, now()).expect("a delivery"), Decoded::default(), "{topic}");
        }
    }
}
