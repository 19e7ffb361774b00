//! From the samples of the vendor's forms to conversations, also when the samples are changed in every place.

use connector_core::StampSource;
use serde_json::{Map, Value, json};

use super::*;
use crate::testing::fixtures;
use crate::wire::analytics::Details;
use crate::wire::row;

fn details() -> Value {
    serde_json::from_str(fixtures::details()).expect("JSON")
}

fn sample() -> Value {
    details()["conversations"][0].clone()
}

fn read(told: &Value) -> Option<analytics::Conversation> {
    serde_json::from_str(&told.to_string()).ok()
}

fn live() -> Value {
    serde_json::from_str(fixtures::conversation()).expect("JSON")
}

fn mapped(told: &Value, live: Option<&Value>) -> Option<Conversation> {
    let live: Option<conversations::Conversation> =
        live.map(|live| serde_json::from_str(&live.to_string()).expect("any object can be read"));
    conversation(&read(told)?, live.as_ref())
}

fn stamp(text: &str) -> Option<Stamp> {
    Some(Stamp::vendor(format!("2026-09-21T{text}Z").parse().expect("a time")))
}

#[test]
fn a_call_has_all_that_both_records_tell() {
    let call = mapped(&sample(), Some(&live())).expect("a call");
    assert_eq!((call.direction, call.detail, &call.expected), (Direction::Inbound, Detail::Listed, &Expected::Some));
    assert_eq!((call.started, call.ended), (stamp("14:00:00.000"), stamp("14:07:45.900")));
    let numbers = [&call.ani, &call.dnis, &call.customer].map(|number| number.as_ref().map(PhoneNumber::reveal));
    assert_eq!(numbers, [Some("+15550100"), Some("+15550199"), Some("+15550100")]);
    let [leg] = &call.legs[..] else { panic!("one leg: {:?}", call.legs) };
    assert_eq!(leg.id, "9a970002-0000-4000-8000-00000000a001");
    assert_eq!(leg.agent.as_ref().and_then(|who| who.id.as_deref()), Some("a9e10001-1111-4a11-8b11-111111111111"));
    assert_eq!(leg.queue.as_ref().and_then(|queue| queue.id.as_deref()), Some("9be00001-3333-4a33-8b33-333333333333"));
    assert_eq!(
        [leg.started, leg.answered, leg.ended],
        [stamp("14:00:12.000"), stamp("14:00:21.400"), stamp("14:07:45.900")]
    );
    assert_eq!(leg.holds, [Hold { started: stamp("14:03:10.250").unwrap(), ended: stamp("14:04:02.000") }]);
    let millis = |length: Option<Duration>| length.map(|length| length.as_millis());
    let totals = &leg.totals;
    assert_eq!(
        [totals.ring, totals.queue, totals.talk, totals.hold, totals.wrap_up].map(millis),
        [Some(9_400), Some(19_400), Some(392_750), Some(51_750), Some(23_200)]
    );
    assert_eq!((totals.holds, leg.end_reason.as_deref(), leg.recorded), (Some(1), Some("peer"), Some(true)));
    assert_eq!(leg.dispositions[0].id.as_deref(), Some("7a7a0001-6666-4a66-8b66-666666666666"));
    assert!(leg.dispositions[0].name.is_some(), "the live record has its name");
    assert_eq!(leg_of_session(&call, "5e550003-0000-4000-8000-000000000003"), Some(leg.id.as_str()));
    assert_eq!(leg_of_session(&call, "5e550001-0000-4000-8000-000000000001"), None, "that of the customer");
    assert!(call.legs[0].ended.is_some_and(|stamp| stamp.source == StampSource::Vendor));
}

#[test]
fn the_live_record_makes_no_other_version() {
    let (alone, both) = (mapped(&sample(), None).unwrap(), mapped(&sample(), Some(&live())).unwrap());
    assert_eq!(alone.legs[0].revision, both.legs[0].revision);
    assert!(alone.legs[0].revision.is_some() && alone.legs[0] != both.legs[0]);
}

#[test]
fn a_wrap_up_that_is_told_later_is_newer() {
    let mut early = sample();
    let segments = early["participants"][2]["sessions"][0]["segments"].as_array_mut().unwrap();
    assert_eq!(segments.pop().unwrap()["segmentType"], "wrapup");
    let (early, late) = (mapped(&early, None).unwrap(), mapped(&sample(), None).unwrap());
    assert!(late.legs[0].supersedes(&early.legs[0]) && !early.legs[0].supersedes(&late.legs[0]));
}

#[test]
fn what_scripts_wrote_down_is_told_and_masked() {
    let mut live = live();
    live["participants"][0]["attributes"] = json!({ "order": "4417", "note": " ", "count": 7, "list": [1] });
    live["participants"][1]["attributes"] = json!({ "order": "9", "more": "x" });
    let call = mapped(&sample(), Some(&live)).unwrap();
    let custom: Vec<_> = call
        .attributes
        .iter()
        .filter(|(name, _)| name.starts_with("custom."))
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(custom, [("custom.count", "7"), ("custom.more", "x"), ("custom.order", "4417")]);
    assert!(!format!("{call:?} {live:?}", live = read(&sample())).contains("5550100"));
}

/// A second agent, answered so many seconds after 14:05:00, and how the first one left.
fn passed_on(how: &str, answered: u32) -> Value {
    let mut told = sample();
    let mut second = told["participants"][2].clone();
    second["participantId"] = json!("b-2");
    second["sessions"][0]["sessionId"] = json!("s-2");
    second["sessions"][0]["segments"] = json!([
        { "segmentStart": "2026-09-21T14:04:30.000Z", "segmentEnd": format!("2026-09-21T14:05:{answered:02}.000Z"), "segmentType": "alert" },
        { "segmentStart": format!("2026-09-21T14:05:{answered:02}.000Z"), "segmentEnd": "2026-09-21T14:07:45.900Z",
          "segmentType": "interact", "disconnectType": "peer" },
    ]);
    told["participants"][2]["sessions"][0]["segments"][3]["segmentEnd"] = json!("2026-09-21T14:05:10.000Z");
    told["participants"][2]["sessions"][0]["segments"][3]["disconnectType"] = json!(how);
    told["participants"].as_array_mut().unwrap().insert(0, second);
    told
}

#[test]
fn a_leg_knows_which_one_handed_the_call_on() {
    for (how, previous) in
        [("transfer", true), ("consultTransfer", true), ("TRANSFER_TO_THE_MOON", true), ("client", false)]
    {
        for answered in [5, 15] {
            let call = mapped(&passed_on(how, answered), None).unwrap();
            assert_eq!(call.legs.len(), 2);
            assert_eq!((call.legs[1].id.as_str(), call.legs[0].previous.as_deref()), ("b-2", None));
            assert_eq!(call.legs[1].previous.as_ref(), previous.then_some(&call.legs[0].id), "{how}");
        }
    }
}

#[test]
fn whoever_did_not_answer_has_no_leg() {
    let mut told = sample();
    told["participants"][2]["sessions"][0]["segments"].as_array_mut().unwrap().truncate(1);
    assert!(mapped(&told, None).unwrap().legs.is_empty());
    let mut told = sample();
    told["participants"][2]["sessions"][0]["mediaType"] = json!("screenshare");
    assert!(mapped(&told, None).unwrap().legs.is_empty(), "no call at all");
}

#[test]
fn a_leg_that_goes_on_has_no_end() {
    let mut told = sample();
    told["participants"][2]["sessions"][0]["segments"][3].as_object_mut().unwrap().remove("segmentEnd");
    assert_eq!(mapped(&told, None).unwrap().legs[0].ended, None);
}

#[test]
fn numbers_lose_their_scheme_alone() {
    for (address, text) in [
        ("tel:+15550100", Some("+15550100")),
        ("TEL:+15550100", Some("+15550100")),
        ("sip:+15550100@example.com", Some("+15550100@example.com")),
        ("sips:kay@example.com", Some("kay@example.com")),
        ("+15550100", Some("+15550100")),
        ("anonymous", Some("anonymous")),
        ("tel:", None),
        ("é", Some("é")),
    ] {
        assert_eq!(number(&address.into()).as_ref().map(PhoneNumber::reveal), text, "{address}");
    }
}

#[test]
fn an_outbound_call_has_its_customer_at_the_other_end() {
    let mut told = sample();
    told["originatingDirection"] = json!("outbound");
    let call = mapped(&told, None).unwrap();
    assert_eq!((call.direction, &call.customer), (Direction::Outbound, &call.dnis));
    told["originatingDirection"] = json!("sideways");
    assert_eq!(mapped(&told, None).unwrap().direction, Direction::Unknown);
}

#[test]
fn a_call_that_nobody_recorded_says_so_and_one_that_says_nothing_does_not() {
    let with = |recording: Value| {
        let mut told = sample();
        for party in told["participants"].as_array_mut().unwrap() {
            party["sessions"][0]["recording"] = recording.clone();
        }
        mapped(&told, None).unwrap().expected
    };
    assert_eq!(
        [with(json!(false)), with(json!(null)), with(json!(true))],
        [Expected::None, Expected::Unknown, Expected::Some]
    );
}

/// The places of everything in a value, and whether it is a list or an object.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(number, item)| (number.to_string(), item)).collect(),
        _ => return,
    };
    for (step, value) in below {
        let path = format!("{path}/{step}");
        places(value, &path, found);
        found.push(path);
    }
}

fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| each_object(value, change));
            change(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}

#[test]
fn nothing_strange_in_any_place_is_fatal() {
    let strange = [
        json!(null),
        json!("something.new"),
        json!(-1),
        json!(1e300),
        json!([7, {}, null]),
        json!({ "a": [] }),
        json!(""),
    ];
    for (name, whole) in [("details", sample()), ("live", live())] {
        let mut found = Vec::new();
        places(&whole, "", &mut found);
        assert!(found.len() > 50, "{name}");
        for place in found {
            for other in &strange {
                let mut changed = whole.clone();
                *changed.pointer_mut(&place).expect("its place") = other.clone();
                let call = if name == "live" { mapped(&sample(), Some(&changed)) } else { mapped(&changed, None) };
                assert!(call.is_some() || place == "/conversationId", "{name}{place}: {other} costs the call");
            }
        }
    }
}

#[test]
fn unknown_fields_change_nothing() {
    for unknown in [json!(null), json!(7), json!([1, { "a": [] }]), json!({ "id": [], "a": null })] {
        let (mut told, mut live) = (sample(), live());
        let expected = mapped(&told, Some(&live));
        each_object(&mut told, &mut |fields| drop(fields.insert("someThingNew".to_owned(), unknown.clone())));
        for party in live["participants"].as_array_mut().unwrap() {
            party["someThingNew"] = unknown.clone();
        }
        assert_eq!(mapped(&told, Some(&live)), expected);
    }
}

#[test]
fn a_page_without_conversations_is_an_empty_one() {
    for text in ["{}", r#"{"totalHits": "7"}"#, r#"{"conversations": null}"#, r#"{"conversations": 7, "cursor": 5}"#] {
        let page: Details = serde_json::from_str(text).unwrap();
        assert!(page.conversations.is_empty(), "{text}");
    }
    let page: Details = serde_json::from_str(fixtures::details()).unwrap();
    assert!(row::<analytics::Conversation>(&page.conversations[0]).is_some());
}
