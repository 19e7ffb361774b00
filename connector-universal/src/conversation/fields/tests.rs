use connector_core::{ConversationRef, StampSource, Vendor};

use super::*;
use crate::sidecar::{Format, Limits, parse};

/// What becomes of a call that started at 15:15:00Z.
fn filled(map: &FieldMap, json: &str, parts: &[(&str, &str)]) -> Conversation {
    let sidecar = parse(Format::Json, json.as_bytes(), &Limits::default()).unwrap();
    let parts = parts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL);
    call.started = Some(Stamp::vendor("2026-11-02T15:15:00Z".parse().unwrap()));
    map.fill(Some(&sidecar), &parts, &mut call);
    call
}

fn by_default(json: &str) -> Conversation {
    filled(&FieldMap::default(), json, &[])
}

fn number(number: &Option<PhoneNumber>) -> Option<&str> {
    number.as_ref().map(PhoneNumber::reveal)
}

#[test]
fn every_field_stays_an_attribute_and_null_does_not() {
    let call = by_default(r#"{"Caller ID": "+15550100142", "amount": 2500.50, "notes": "", "stage": null}"#);
    let attributes: Vec<_> = call.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(attributes, [("Caller ID", "+15550100142"), ("amount", "2500.50"), ("notes", "")]);
}

#[test]
fn the_customer_of_an_outbound_call_is_not_the_one_who_calls() {
    let json = |direction: &str| {
        format!(r#"{{"direction": "{direction}", "caller_id": "+15550100100", "dnis": "+15550100142"}}"#)
    };
    assert_eq!(number(&by_default(&json("IN")).customer), Some("+15550100100"));
    assert_eq!(number(&by_default(&json("")).customer), Some("+15550100100"));
    let outbound = by_default(&json("Outbound"));
    assert_eq!(number(&outbound.customer), Some("+15550100142"));
    assert_eq!((number(&outbound.ani), number(&outbound.dnis)), (Some("+15550100100"), Some("+15550100142")));

    let contact = by_default(r#"{"direction": "out", "caller_id": "+15550100100", "contact_phone": "+15550100177"}"#);
    assert_eq!(number(&contact.customer), Some("+15550100177"));
    let inbound = filled(&FieldMap::default(), r#"{"stage": "Won"}"#, &[("dir", "I"), ("ani", "+15550100142")]);
    assert_eq!(number(&inbound.customer), Some("+15550100142"));
}

#[test]
fn directions_are_known_by_many_words() {
    let directions = Directions::default();
    for (words, direction) in [
        (["IN", "inbound", "I", " In "], Direction::Inbound),
        (["OUT", "Outbound", "o", "out"], Direction::Outbound),
        (["INT", "internal", "Int", "INTERNAL"], Direction::Internal),
        (["", "inner", "0", "incoming"], Direction::Unknown),
    ] {
        assert!(words.iter().all(|word| directions.of(word) == direction), "{words:?}");
    }
    let own: Directions = serde_json::from_str(r#"{"Incoming": "inbound", "o": "internal"}"#).unwrap();
    assert_eq!(
        (own.of("incoming"), own.of("O"), own.of("out")),
        (Direction::Inbound, Direction::Internal, Direction::Outbound)
    );
    assert!(serde_json::from_str::<Directions>(r#"{"Incoming": "upwards"}"#).is_err());
}

#[test]
fn ids_become_aliases_and_the_sidecar_is_believed_before_the_name() {
    let parts = [("session", "30017"), ("dir", "OUT"), ("ani", "+15550100100"), ("campaign", "Old")];
    let json = r#"{"five9_session_id": "30017", "external_id": "x-9", "direction": "IN", "campaign_name": "Renewals"}"#;
    let call = filled(&FieldMap::default(), json, &parts);
    assert_eq!(call.this.aliases, [Alias::new("external_id", "x-9"), Alias::new("session_id", "30017")]);
    assert_eq!(call.direction, Direction::Inbound);
    assert_eq!(call.legs[0].campaign, Some(Named::by_name("Renewals")));
    assert_eq!((call.attributes["session"].as_str(), call.attributes["campaign"].as_str()), ("30017", "Old"));
}

#[test]
fn a_word_nobody_knows_leaves_the_direction_to_the_name() {
    let call = filled(&FieldMap::default(), r#"{"direction": "sideways"}"#, &[("dir", "OUT")]);
    assert_eq!(call.direction, Direction::Outbound);
    assert_eq!(by_default(r#"{"direction": "sideways"}"#).direction, Direction::Unknown);
}

#[test]
fn the_duration_gives_the_end_that_is_missing() {
    let call = by_default(r#"{"duration_seconds": 90.25}"#);
    let end = call.ended.unwrap();
    assert_eq!((end.to_string().as_str(), end.source), ("2026-11-02T15:16:30.250Z", StampSource::Derived));
    assert_eq!((call.legs[0].started, call.legs[0].ended), (call.started, call.ended));

    let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL);
    call.ended = Some(Stamp::vendor("2026-11-02T15:15:00Z".parse().unwrap()));
    let sidecar = parse(Format::Csv, b"Duration\n60\n", &Limits::default()).unwrap();
    FieldMap::default().fill(Some(&sidecar), &BTreeMap::new(), &mut call);
    assert_eq!(call.started.unwrap().to_string(), "2026-11-02T15:14:00Z");
}

#[test]
fn a_duration_that_is_none_is_left_alone() {
    for value in ["-1", "1e400", "1e18", "99999999999", "\"\"", "\"00:12:30\"", "\"NaN\"", "\"inf\"", "null"] {
        let call = by_default(&format!(r#"{{"duration": {value}}}"#));
        let far = call.ended.is_none_or(|end| value == "99999999999" && end.at > call.started.unwrap().at);
        assert!(far, "{value}: {:?}", call.ended);
    }
}

#[test]
fn the_leg_takes_what_belongs_to_it_and_keeps_what_nobody_says() {
    let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL);
    let mut leg = Leg::new("c-1");
    leg.skill = Some(Named::by_name("Sales"));
    leg.queue = Some(Named::by_name("Old"));
    call.legs.push(leg);
    let sidecar = parse(Format::Yml, b"queue_name: Renewals\nskill:\nCall Outcome: Won\n", &Limits::default()).unwrap();
    for _ in 0..2 {
        FieldMap::default().fill(Some(&sidecar), &BTreeMap::new(), &mut call);
    }
    assert_eq!(call.legs.len(), 1);
    let leg = &call.legs[0];
    assert_eq!((&leg.queue, &leg.skill), (&Some(Named::by_name("Renewals")), &Some(Named::by_name("Sales"))));
    assert_eq!(leg.dispositions, [Named::by_name("Won")]);
    assert!(leg.campaign.is_none());
}

#[test]
fn a_source_can_name_its_own_fields() {
    let map: FieldMap =
        serde_json::from_str(r#"{"disposition": ["result"], "aliases": {"ticket": ["Ticket No."]}}"#).unwrap();
    let call = filled(&map, r#"{"result": "Won", "disposition": "Lost", "ticket_no": "T-1", "session_id": "5"}"#, &[]);
    assert_eq!(call.legs[0].dispositions, [Named::by_name("Won")]);
    assert_eq!(call.this.aliases, [Alias::new("ticket", "T-1")]);
    assert_eq!(map.queue, FieldMap::default().queue);
    assert!(serde_json::from_str::<FieldMap>(r#"{"que": ["q"]}"#).is_err());
}

#[test]
fn without_a_sidecar_the_name_is_enough() {
    let mut call = Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL);
    let parts = [("dir", "IN"), ("ani", ""), ("dnis", "100")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    FieldMap::default().fill(None, &parts.into(), &mut call);
    assert_eq!((call.direction, call.legs.len()), (Direction::Inbound, 1));
    assert_eq!((number(&call.ani), number(&call.dnis), number(&call.customer)), (None, Some("100"), None));
}
