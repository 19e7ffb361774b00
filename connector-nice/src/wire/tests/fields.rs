//! A table for each field: all the forms it comes in, and the one value they stand for.

use connector_core::Conversation;

use super::*;
use crate::conversation::conversation;
use crate::people;
use crate::wire::agents::{Agent, Group, Team};
use crate::wire::contacts::{Child, Contact, CustomData, Disposition, State, Tag};
use crate::wire::login::{Claims, Configuration, RegionalToken};

/// A contact with one more field, as everybody else sees it.
fn contact_with(name: &str, value: &Value) -> Conversation {
    let mut fields = json!({"contactId": 702200100200_i64, "contactStartDate": "2026-03-01T11:41:07.300Z",
        "totalDurationSeconds": 412});
    fields.as_object_mut().expect("an object").remove(if name == "contactStart" { "contactStartDate" } else { "" });
    fields[name] = value.clone();
    let contact = crate::wire::contacts::read(&raw(&fields)).unwrap_or_else(|| panic!("{name}: {value} costs the row"));
    conversation(&contact).expect("an id")
}

/// The same call without fingerprints, which are of all that was read: a field has to show elsewhere, too.
fn bare(mut call: Conversation) -> Conversation {
    let revisions = call.legs.iter_mut().filter_map(|leg| leg.revision.as_mut());
    revisions.for_each(|revision| revision.fingerprint.clear());
    call
}

/// All of these forms of a field give the same call, which is another one than without the field.
fn same(forms: &[(&str, Value)]) {
    let (first, value) = &forms[0];
    let expected = contact_with(first, value);
    for (name, value) in forms {
        assert_eq!(contact_with(name, value), expected, "{name}: {value}");
    }
    assert_ne!(bare(contact_with("unknown", &json!(1))), bare(expected), "{first} is not read at all");
}

/// Forms of nothing: the field may as well be missing.
fn nothing(name: &str, values: &[Value]) {
    for value in values.iter().chain(&[Value::Null, json!(""), json!("  "), json!([]), json!({"a": 1})]) {
        let with = bare(contact_with(name, value));
        assert_eq!(with, bare(contact_with("unknown", &json!(1))), "{name}: {value}");
    }
}

#[test]
fn ids_of_a_contact_are_numbers_or_texts() {
    for name in [
        "agentId",
        "teamId",
        "skillId",
        "campaignId",
        "primaryDispositionId",
        "secondaryDispositionId",
        "pointOfContactId",
    ] {
        same(&[
            (name, json!(31000101)),
            (name, json!("31000101")),
            (name, json!(31000101.0)),
            (name, json!(" 31000101 ")),
        ]);
        nothing(name, &[json!(0), json!("0"), json!(-1), json!("-1")]);
    }
    same(&[("masterContactId", json!(702200100100_i64)), ("masterContactId", json!("702200100100"))]);
    nothing("masterContactId", &[json!(0), json!(702200100200_i64)]);
    let id =
        |value: Value| crate::wire::contacts::read(&raw(&json!({ "contactId": value }))).and_then(|row| row.contact_id);
    for form in [json!(702200100200_i64), json!("702200100200"), json!(702200100200.0)] {
        assert_eq!(id(form).as_deref(), Some("702200100200"));
    }
    for form in [json!(null), json!(""), json!("soon"), json!({}), json!(0), json!(-7), json!(1.5)] {
        assert_eq!(id(form.clone()), None, "{form}");
    }
}

#[test]
fn numbers_of_a_contact_are_whole_broken_or_texts() {
    for name in
        ["totalDurationSeconds", "agentSeconds", "holdSeconds", "inQueueSeconds", "preQueueSeconds", "routingTime"]
    {
        same(&[(name, json!(21)), (name, json!("21")), (name, json!(21.0)), (name, json!("21.0"))]);
        same(&[(name, json!(21.5)), (name, json!("21.5"))]);
    }
    for (now, before) in [("acwSeconds", "ACWSeconds"), ("conferenceSeconds", "confSeconds")] {
        same(&[(now, json!(38)), (before, json!(38)), (now, json!("38")), (before, json!("38.0"))]);
        nothing(now, &[json!("soon")]);
        nothing(before, &[json!("soon")]);
    }
    same(&[("holdCount", json!(2)), ("holdCount", json!("2")), ("holdCount", json!(2.0))]);
    nothing("holdCount", &[json!("many"), json!(-3), json!(1e300)]);
    nothing("agentSeconds", &[json!("soon"), json!(-1), json!("NaN"), json!(true)]);
    nothing("holdSeconds", &[json!(1e300)]);
}

#[test]
fn truths_of_a_contact_are_words_too() {
    for name in ["isOutbound", "isLogged", "abandoned"] {
        let (no, yes) = (contact_with(name, &json!(false)), contact_with(name, &json!(true)));
        assert_ne!(no, yes, "{name}");
        same(&[
            (name, json!(true)),
            (name, json!("True")),
            (name, json!("true")),
            (name, json!(1)),
            (name, json!("1")),
        ]);
        same(&[(name, json!(false)), (name, json!("False")), (name, json!("FALSE")), (name, json!(0))]);
        nothing(name, &[json!("maybe"), json!(0.5)]);
    }
}

#[test]
fn the_type_of_media_is_read_in_both_names() {
    let of = |name: &str, value: Value| {
        crate::wire::contacts::read(&raw(&json!({"contactId": 1, name: value})))
            .and_then(|contact| contact.media_type_id)
    };
    for name in ["mediaTypeId", "mediaType"] {
        for form in [json!(4), json!("4"), json!(4.0)] {
            assert_eq!(of(name, form), Some(4));
        }
        assert_eq!(of(name, json!("voice")), None);
    }
}

#[test]
fn times_of_a_contact_come_with_and_without_fraction_and_offset() {
    let at = |text: &str| json!(text);
    let forms = [
        "2026-03-01T11:40:00.000Z",
        "2026-03-01T11:40:00Z",
        "2026-03-01T11:40:00",
        "2026-03-01 11:40:00",
        "2026-03-01T12:40:00+01:00",
        "2026-03-01T11:40:00.0000000",
    ];
    let start: Vec<(&str, Value)> =
        forms.iter().flat_map(|text| ["contactStartDate", "contactStart"].map(|name| (name, at(text)))).collect();
    same(&start);
    let update: Vec<(&str, Value)> = forms.iter().map(|text| ("lastUpdateTime", at(text))).collect();
    same(&update);
    nothing(
        "lastUpdateTime",
        &[at("soon"), at("0001-01-01T00:00:00"), at("9999-12-31T23:59:59Z"), json!(7), at("2026-13-01")],
    );
}

#[test]
fn texts_of_a_contact_may_be_numbers() {
    for (now, before) in [("fromAddress", "fromAddr"), ("toAddress", "toAddr")] {
        same(&[
            (now, json!("5550100123")),
            (before, json!("5550100123")),
            (now, json!(5550100123_i64)),
            (before, json!(5550100123_i64)),
            (now, json!(5550100123.0)),
        ]);
        nothing(now, &[]);
        nothing(before, &[]);
    }
    for name in [
        "teamName",
        "skillName",
        "campaignName",
        "mediaTypeName",
        "endReason",
        "dispositionNotes",
        "pointOfContactName",
        "transferIndicatorName",
    ] {
        same(&[(name, json!("77")), (name, json!(77)), (name, json!(77.0)), (name, json!(" 77 "))]);
        nothing(name, &[]);
    }
    for name in ["firstName", "lastName"] {
        let named = |value: Value| {
            let contact: Contact = read(&json!({"contactId": 1, "agentId": 7, name: value})).expect("a contact");
            crate::conversation::agent(&contact).and_then(|agent| agent.name)
        };
        assert_eq!(named(json!("77")), named(json!(77)));
        assert!(named(json!("77")).is_some() && named(json!(null)).is_none() && named(json!(" ")).is_none());
    }
}

#[test]
fn tags_are_read_in_both_names() {
    same(&[
        ("tags", json!([{"tagId": 7, "tagName": "VIP"}])),
        ("tags", json!([{"TagId": 7, "TagName": "VIP", "Contact_Id": 1}])),
        ("tags", json!([{"tagId": "7", "tagName": "VIP", "TagName": "VIP"}, null, "x", 7])),
    ]);
    nothing("tags", &[json!("VIP"), json!([null]), json!([{"tagId": 0}])]);
    assert_eq!(read::<Tag>(&json!({"tagId": 7})), read::<Tag>(&json!({"TagId": "7"})));
}

#[test]
fn the_newer_name_counts_where_both_are_there() {
    for (now, before, value, other) in [
        ("contactStartDate", "contactStart", json!("2026-03-01T11:40:00Z"), json!("2026-03-01T10:00:00Z")),
        ("fromAddress", "fromAddr", json!("5550100123"), json!("5550100999")),
        ("toAddress", "toAddr", json!("5550100123"), json!("5550100999")),
        ("acwSeconds", "ACWSeconds", json!(3), json!(4)),
        ("conferenceSeconds", "confSeconds", json!(3), json!(4)),
        ("mediaTypeId", "mediaType", json!(4), json!(9)),
    ] {
        let both: Contact = read(&json!({"contactId": 1, now: value.clone(), before: other})).expect("a contact");
        let one: Contact = read(&json!({"contactId": 1, now: value})).expect("a contact");
        assert_eq!(both.normal(), one.normal(), "{now}");
    }
}

/// Reads one field of a row in each of these forms.
fn each<T: DeserializeOwned, V: PartialEq + std::fmt::Debug>(
    name: &str,
    forms: &[Value],
    of: impl Fn(T) -> V,
    expected: &V,
) {
    for form in forms {
        let row: T = read(&json!({ name: form })).unwrap_or_else(|| panic!("{name}: {form} costs the row"));
        assert_eq!(of(row), *expected, "{name}: {form}");
    }
}

fn id_forms() -> [Value; 3] {
    [json!(8801), json!("8801"), json!(8801.0)]
}

#[test]
fn people_groups_and_teams_are_read_in_every_form() {
    let id = Some("8801".to_owned());
    each("agentId", &id_forms(), |row: Agent| row.agent_id, &id);
    each("groupId", &id_forms(), |row: Group| row.group_id, &id);
    each("teamId", &id_forms(), |row: Team| row.team_id, &id);
    each("groupName", &id_forms(), |row: Group| row.group_name, &id);
    each("teamName", &id_forms(), |row: Team| row.team_name, &id);
    each("teamName", &id_forms(), |row: Agent| row.team_name, &id);
    for truth in [true, false] {
        let forms = [
            json!(truth),
            json!(truth.to_string()),
            json!(if truth { "True" } else { "False" }),
            json!(i32::from(truth)),
        ];
        each("isActive", &forms, |row: Agent| row.is_active, &Some(truth));
    }
    for (name, other) in [
        ("userName", "UserName"),
        ("firstName", "FirstName"),
        ("lastName", "LastName"),
        ("emailAddress", "EmailAddress"),
        ("teamName", "TeamName"),
        ("userId", "userID"),
    ] {
        let agent = |fields: Value| people::agent(read(&fields).expect("an agent"));
        let expected = agent(json!({"agentId": 7, name: "ana"}));
        assert_ne!(expected, agent(json!({"agentId": 7})), "{name} is not read at all");
        assert_eq!(agent(json!({"agentId": 7, other: "ana"})), expected, "{other}");
        assert_eq!(agent(json!({"agentId": 7, name: "ana", other: "ana"})), expected, "{name} and {other}");
    }
    assert!(people::agent(read(&json!({"userName": "ana"})).expect("an agent")).is_none(), "without an id");
}

#[test]
fn what_belongs_to_a_call_is_read_in_every_form() {
    let id = Some("8801".to_owned());
    let at = "2026-03-01T11:40:00Z".parse().ok();
    let times = [json!("2026-03-01T11:40:00.000Z"), json!("2026-03-01T11:40:00")];
    each("contactId", &id_forms(), |row: Child| row.contact_id, &id);
    each("startTime", &times, |row: Child| row.start_time, &at);
    each("endTime", &times, |row: Child| row.end_time, &at);
    each("endTime", &[json!(""), json!(null), json!("0001-01-01T00:00:00")], |row: Child| row.end_time, &None);
    each("stateIndex", &id_forms(), |row: State| row.state_index, &Some(8801));
    each("contactStateName", &id_forms(), |row: State| row.contact_state_name, &id);
    each("startDate", &times, |row: State| row.start_date, &at);
    each("duration", &id_forms(), |row: State| row.duration, &id);
    each("dispositionId", &id_forms(), |row: Disposition| row.disposition_id, &id);
    each("dispositionName", &id_forms(), |row: Disposition| row.disposition_name, &id);
    each("name", &id_forms(), |row: CustomData| row.name, &id);
    each("value", &id_forms(), |row: CustomData| row.value, &id);
}

#[test]
fn what_login_and_discovery_say_is_read_in_every_form() {
    let id = Some("8801".to_owned());
    each("tenantId", &id_forms(), |row: Claims| row.tenant_id, &id);
    each("expires_in", &id_forms(), |row: RegionalToken| row.expires_in, &Some(8801.0));
    each("area", &id_forms(), |row: Configuration| row.area, &id);
    each("area", &[json!(null), json!("")], |row: Configuration| row.area, &None);
}
