//! Every shape of an answer.

use super::*;
use crate::wire::contacts::{Hierarchy, OneContact};
use crate::wire::list::List;
use crate::wire::media::Playback;

fn whole<T: DeserializeOwned>(answer: &Value) -> serde_json::Result<T> {
    serde_json::from_str(&answer.to_string())
}

fn list(value: &Value, key: &'static str) -> Result<List, String> {
    List::read(whole(value).unwrap_or_else(|error| panic!("{error}: {value}")), key)
}

#[test]
fn a_list_stands_under_its_key_in_any_case_or_within_a_result_set() {
    const KEY: &str = "contactCustomData";
    for key in [KEY, "ContactCustomData"] {
        for total in [json!(2), json!("2"), json!(2.0)] {
            let plain = json!({"totalRecords": total, key: [{"a": 1}, 7], "lastPollTime": "2026-03-01T12:05:10.120Z"});
            for answer in [json!({ "resultSet": plain }), plain] {
                let found = list(&answer, KEY).expect("a list");
                assert_eq!((found.rows.len(), found.total), (2, Some(2)), "{answer}");
                assert!(found.last_poll_time.is_some(), "{answer}");
            }
        }
        for empty in [json!({key: null}), json!({key: [], "totalRecords": 7}), json!({}), json!({"resultSet": null})] {
            assert!(list(&empty, KEY).expect("a list").rows.is_empty(), "{empty}");
        }
        for no_list in [json!("7 rows"), json!({"a": 1}), json!(7)] {
            let answer = json!({key: no_list});
            assert!(list(&answer, KEY).is_err(), "what is no list is not an empty one: {answer}");
        }
    }
}

#[test]
fn of_several_lists_the_one_that_was_asked_for_is_read() {
    let answer = json!({"groups": [], "agents": [{"agentId": 1}], "teams": [{"teamId": 2}, 3], "totalRecords": 1});
    for (key, rows) in [("groups", 0), ("agents", 1), ("teams", 2)] {
        assert_eq!(list(&answer, key).map(|found| found.rows.len()), Ok(rows), "{key}");
    }
}

#[test]
fn a_list_under_an_unknown_key_is_not_taken_for_an_empty_one() {
    let answer = json!({"totalRecords": 2, "finishedContacts": [{"contactId": 1, "a": "kay@example.com"}, 7]});
    for answer in [json!({ "resultSet": answer }), answer] {
        let said = list(&answer, "completedContacts").expect_err("rows that nobody reads");
        assert_eq!(said, "there is no list completedContacts, though it tells of 2 rows");
    }
    for nothing in [json!({"totalRecords": 0, "others": [1]}), json!({"totalRecords": 7, "others": [], "more": 7})] {
        assert!(list(&nothing, "completedContacts").expect("a list").rows.is_empty(), "{nothing}");
    }
}

#[test]
fn a_contact_stands_under_its_key_and_may_be_wrapped() {
    for answer in [json!({"contactId": {"contactId": 7}}), json!({"resultSet": {"contactId": {"contactId": 7}}})] {
        let one: OneContact = whole(&answer).expect("an answer");
        let one = one.inner.map_or(one.contact, |inner| inner.contact);
        assert_eq!(one.expect("a contact").get(), r#"{"contactId":7}"#);
    }
    let family = json!({"masterContactId": "7", "childContacts": [{"contactId": 8}, null, "x", {"contactId": "9"}]});
    let plain: Hierarchy = whole(&family).expect("an answer");
    let wrapped: Hierarchy = whole(&json!({ "resultSet": family })).expect("an answer");
    let wrapped = *wrapped.inner.expect("a result set");
    assert_eq!((plain.child_contacts.len(), &plain.child_contacts), (2, &wrapped.child_contacts));
}

#[test]
fn a_link_is_found_in_every_shape_of_an_answer() {
    let url = "https://media.example.com/t/abc.mp4?sig=00";
    let data = json!({"data": {"fileToPlayUrl": url}});
    for answer in [
        json!({"redirectUrl": url}),
        json!({"fileToPlayUrl": url}),
        json!({"interactions": [data]}),
        json!({"Interactions": [data]}),
        json!({"value": {"contactId": "x", "Interactions": [{"Interaction": data}]}}),
        json!({"interactions": [{"data": {}}, null, 7, data], "redirectUrl": url}),
        json!({"interactions": null, "redirectUrl": url}),
    ] {
        let playback: Playback = whole(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let found: Vec<String> = playback.playables().into_iter().filter_map(|playable| playable.url).collect();
        assert_eq!(found, [url], "{answer}");
    }
    for answer in [
        json!({}),
        json!({"interactions": []}),
        json!({"interactions": [{"data": {"fileToPlayUrl": null}}]}),
        json!({"redirectUrl": ""}),
    ] {
        let playback: Playback = whole(&answer).expect("an answer");
        assert!(playback.playables().is_empty(), "{answer}");
    }
}

#[test]
fn a_row_with_a_key_twice_is_read() {
    let twice =
        RawValue::from_string(r#"{"contactId": 7, "contactId": 7, "isLogged": "True"}"#.to_owned()).expect("JSON");
    assert_eq!(crate::wire::contacts::read(&twice).and_then(|contact| contact.is_logged), Some(true));
    for bad in ["7", "null", "[7]", r#""text""#, "{}"] {
        let raw = RawValue::from_string(bad.to_owned()).expect("JSON");
        assert!(crate::wire::contacts::read(&raw).is_none(), "{bad}");
    }
}
