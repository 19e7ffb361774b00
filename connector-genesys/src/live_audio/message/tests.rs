//! Messages as the vendor sends them, and as it should not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn said(kind: &str, parameters: &Value) -> Said {
    let message = json!({ "version": "2", "id": "s-1", "type": kind, "seq": 2, "serverseq": 1, "position": "PT1S",
        "parameters": parameters });
    Heard::read(&message.to_string()).unwrap().said
}

#[test]
fn the_envelope_is_read() {
    let heard = Heard::read(
        r#"{"version":"2","id":"s-1","type":"ping","seq":3,"serverseq":2,"position":"PT1S","parameters":{"rtt":"PT0.0413S"}}"#,
    )
    .unwrap();
    assert_eq!((heard.id.as_deref(), heard.number, heard.seen), (Some("s-1"), Some(3), Some(2)));
    assert_eq!(heard.position, StreamTime::parse("PT1S"));
    assert!(matches!(heard.said, Said::Ping));
}

#[test]
fn each_kind_has_what_it_says() {
    assert!(matches!(said("close", &json!({ "reason": "end" })), Said::Close(Why::End)));
    for reason in [json!("error"), json!("disconnect"), json!("reconnect"), json!("moonlight"), json!(7), json!(null)] {
        assert!(matches!(said("close", &json!({ "reason": reason })), Said::Close(Why::Other)), "{reason}");
    }
    assert!(matches!(said("paused", &json!({})), Said::Paused));
    assert!(matches!(said("update", &json!({ "language": "de-DE" })), Said::Update));
    let gap = json!({ "start": "PT5.6S", "discarded": "PT4.2S" });
    let stretch = Stretch { start: StreamTime::parse("PT5.6S").unwrap(), length: StreamTime::parse("PT4.2S").unwrap() };
    assert!(matches!(said("resumed", &gap), Said::Resumed(Some(read)) if read == stretch));
    assert!(matches!(said("discarded", &gap), Said::Discarded(Some(read)) if read == stretch));
    assert!(matches!(said("discarded", &json!({ "start": "PT5.6S" })), Said::Discarded(None)));
    assert!(matches!(said("error", &json!({ "code": 429, "retryAfter": "PT3S" })), Said::Error(Some(429))));
    assert!(matches!(said("dtmf", &json!({ "digit": "7" })), Said::Other));
}

#[test]
fn the_number_of_the_customer_is_shown_nowhere() {
    let open = json!({ "organizationId": "o-1", "conversationId": "c-1", "language": "en-US",
        "participant": { "id": "p-1", "ani": "+15550100", "aniName": "Synthetic Caller", "dnis": "+15550199" },
        "customConfig": { "tenant": "acme" }, "media": [] });
    let open = said("open", &open);
    let shown = format!("{open:?}");
    let Said::Open(open) = open else { panic!("{shown}") };
    let participant = open.participant.unwrap();
    assert_eq!(participant.ani.unwrap().reveal(), "+15550100");
    assert_eq!(participant.dnis.unwrap().reveal(), "+15550199");
    assert!(!shown.contains("555") && !shown.contains("Caller") && !shown.contains("acme"), "{shown}");
}

#[test]
fn odd_types_and_unknown_fields_cost_nothing_else() {
    let heard = Heard::read(
        r#"{"id":17,"type":"open","seq":"1","serverseq":-1,"position":7,"new":[{}],
            "parameters":{"conversationId":"c-1","participant":"nobody","media":{"a":1},"language":{},"more":1}}"#,
    )
    .unwrap();
    assert_eq!((heard.id.as_deref(), heard.number, heard.seen, heard.position), (Some("17"), Some(1), None, None));
    let Said::Open(open) = heard.said else { panic!() };
    assert_eq!((open.call(), open.media.len(), open.language()), (Some("c-1"), 0, None));
    // Parameters that are none, or missing, are empty ones.
    for parameters in ["", r#","parameters":null"#, r#","parameters":"x""#, r#","parameters":[1]"#] {
        let heard = Heard::read(&format!(r#"{{"type":"close","seq":1{parameters}}}"#)).unwrap();
        assert!(matches!(heard.said, Said::Close(Why::Other)), "{parameters}");
    }
    // A field that is there twice counts as its last value.
    assert_eq!(Heard::read(r#"{"seq":1,"seq":2}"#).unwrap().number, Some(2));
}

#[test]
fn an_id_that_is_none_is_not_taken_for_one() {
    for (id, call) in [
        ("c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f", Some("c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f")),
        (NOBODY, None),
        ("of Joe Doe", None),
        ("../etc", None),
        (&"c".repeat(65), None),
        ("", None),
    ] {
        let Said::Open(open) = said("open", &json!({ "conversationId": id, "language": id })) else { panic!() };
        assert_eq!((open.call(), open.is_probe()), (call, id == NOBODY));
        assert_eq!(open.language().is_some(), call.is_some() || id == NOBODY);
    }
}

#[test]
fn what_is_no_object_or_too_long_is_none() {
    for text in ["", "hello", "[]", "7", "null", "{", r#"{"type":"ping"}x"#] {
        assert!(Heard::read(text).is_none(), "{text:?}");
    }
    // Characters count, not bytes.
    let long = |letters: usize| json!({ "type": "ping", "x": "ä".repeat(letters) }).to_string();
    let rest = long(0).chars().count();
    assert!(Heard::read(&long(LONGEST - rest)).is_some());
    assert!(Heard::read(&long(LONGEST - rest + 1)).is_none());
}

#[test]
fn what_we_say_is_complete() {
    let read = |saying: Saying<'_>| serde_json::from_str::<Value>(&saying.write("s-1", 4, 7)).unwrap();
    let complete = |kind: &str, parameters: Value| json!({ "version": "2", "id": "s-1", "type": kind, "seq": 4, "clientseq": 7, "parameters": parameters });
    assert_eq!(read(Saying::Pong), complete("pong", json!({})));
    assert_eq!(read(Saying::Updated), complete("updated", json!({})));
    assert_eq!(read(Saying::Closed), complete("closed", json!({})));
    assert_eq!(read(Saying::Opened(None)), complete("opened", json!({ "startPaused": false, "media": [] })));
    let bye = Saying::Disconnect(Farewell::Error, Some("wrong"));
    assert_eq!(read(bye), complete("disconnect", json!({ "reason": "error", "info": "wrong" })));
    let bye = Saying::Disconnect(Farewell::Completed, None);
    assert_eq!(read(bye), complete("disconnect", json!({ "reason": "completed" })));
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(text in "\\PC{0,200}") {
        let _ = Heard::read(&text);
    }

    #[test]
    fn a_message_of_any_values_is_read(
        kind in "open|close|ping|paused|resumed|discarded|update|error|other",
        value in prop_oneof![Just(json!(null)), Just(json!([])), Just(json!({})), Just(json!(1e300)), Just(json!("PT1S"))],
    ) {
        let message = json!({ "id": value, "type": kind, "seq": value, "serverseq": value, "position": value,
            "parameters": { "reason": value, "start": value, "discarded": value, "code": value, "media": value,
                "participant": value, "organizationId": value, "conversationId": value } });
        prop_assert!(Heard::read(&message.to_string()).is_some());
    }
}
