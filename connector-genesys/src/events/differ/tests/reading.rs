//! What the vendor's words mean.

use serde_json::{Value, json};

use super::*;
use crate::events::differ::reading::{of_call, of_conversation};
use crate::wire::calls::Call;
use crate::wire::conversations::Conversation;

/// A call with one participant, which has these fields.
fn read(fields: Value) -> Party {
    read_in(json!({}), fields)
}

fn read_in(call: Value, mut fields: Value) -> Party {
    let mut call = call;
    fields["id"] = json!("p");
    (call["id"], call["participants"]) = (json!("c-1"), json!([fields]));
    let call: Call = serde_json::from_str(&call.to_string()).expect("a call");
    of_call(call).expect("an id").parties.remove(0)
}

#[test]
fn who_somebody_is_stands_in_the_purpose() {
    for (purpose, role) in [
        ("customer", Role::Customer),
        ("external", Role::Customer),
        ("agent", Role::Agent),
        ("user", Role::Agent),
        ("AGENT", Role::Agent),
        ("Customer", Role::Customer),
        ("acd", Role::Machine),
        ("ivr", Role::Machine),
        ("voicemail", Role::Machine),
        ("something.new", Role::Machine),
        ("", Role::Machine),
    ] {
        assert_eq!(read(json!({ "purpose": purpose })).role, role, "{purpose}");
    }
    assert_eq!(read(json!({})).role, Role::Machine);
}

#[test]
fn how_far_somebody_is_stands_in_the_state() {
    for (state, phase) in [
        ("alerting", Phase::Ringing),
        ("contacting", Phase::Ringing),
        ("offering", Phase::Ringing),
        ("dialing", Phase::Ringing),
        ("Alerting", Phase::Ringing),
        ("connected", Phase::Connected),
        ("CONNECTED", Phase::Connected),
        ("disconnected", Phase::Over),
        ("terminated", Phase::Over),
        ("converting", Phase::Other),
        ("parked", Phase::Other),
        ("none", Phase::Other),
        ("something.new", Phase::Other),
    ] {
        assert_eq!(read(json!({ "state": state })).phase, phase, "{state}");
    }
}

#[test]
fn a_time_says_as_much_as_a_state() {
    let at = "2026-09-21T14:00:00Z";
    assert!(read(json!({ "connectedTime": at })).is_answered());
    assert!(read(json!({ "endTime": at })).is_over());
    assert!(!read(json!({ "startTime": at })).is_answered() && !read(json!({ "startTime": at })).is_over());
}

#[test]
fn a_recording_is_paused_by_its_state_or_for_security() {
    for (state, secure, is_paused) in [
        (json!("paused"), json!(false), Some(true)),
        (json!("PAUSED"), json!(null), Some(true)),
        (json!("active"), json!(false), Some(false)),
        (json!("ACTIVE"), json!(null), Some(false)),
        (json!("active"), json!(true), Some(true)),
        (json!("none"), json!(true), Some(true)),
        (json!("none"), json!(false), None),
        (json!("something.new"), json!(false), None),
        (json!(null), json!(null), None),
        (json!(null), json!(true), Some(true)),
    ] {
        let fields = json!({ "recordingState": state, "securePause": secure });
        assert_eq!(read(fields.clone()).is_paused, is_paused, "{fields}");
    }
}

#[test]
fn where_a_participant_says_nothing_of_its_recording_the_call_does() {
    let paused = || json!({ "recordingState": "paused", "securePause": false });
    assert_eq!(read_in(paused(), json!({})).is_paused, Some(true));
    assert_eq!(read_in(paused(), json!({ "recordingState": "active" })).is_paused, Some(false));
    assert_eq!(read_in(paused(), json!({ "recordingState": "none" })).is_paused, None, "it is not recorded");
    assert_eq!(read_in(json!({ "recordingState": "active" }), json!({})).is_paused, Some(false));
}

#[test]
fn wrap_up_is_done_with_a_code_or_at_the_end_of_the_work() {
    let (work, code) = ("2026-09-21T14:08:00Z", "2026-09-21T14:07:59Z");
    let at = |fields| read(fields).wrap_up.map(|done| done.at.map(|at| at.to_rfc3339()));
    let time = |text: &str| Some(Some(text.replace('Z', "+00:00")));
    assert_eq!(at(json!({})), None);
    assert_eq!(at(json!({ "wrapup": {} })), None, "nothing was chosen");
    assert_eq!(at(json!({ "wrapup": { "notes": "x", "endTime": code } })), None);
    assert_eq!(at(json!({ "wrapup": { "code": "7a" } })), Some(None));
    assert_eq!(at(json!({ "wrapup": { "code": "7a", "endTime": code } })), time(code));
    assert_eq!(at(json!({ "wrapup": { "code": "7a", "endTime": code }, "endAcwTime": work })), time(code));
    assert_eq!(at(json!({ "wrapup": { "code": "7a" }, "endAcwTime": work })), time(work));
    assert_eq!(at(json!({ "endAcwTime": work })), time(work));
}

#[test]
fn whoever_leaves_by_any_transfer_has_passed_the_call_on() {
    for (reason, has_passed_on) in [
        ("transfer", true),
        ("transfer.conference", true),
        ("transfer.consult", true),
        ("transfer.something.new", true),
        ("client", false),
        ("transport.failure", false),
        ("endpoint.dnd", false),
    ] {
        assert_eq!(read(json!({ "disconnectType": reason })).has_passed_on, has_passed_on, "{reason}");
    }
}

#[test]
fn holds_mutes_and_people_are_read() {
    let read = read(json!({ "held": true, "startHoldTime": "2026-09-21T14:03:10.250Z", "muted": true,
        "user": { "id": "a-1", "name": "Nadia Verne" } }));
    assert_eq!((read.is_holding, read.is_muted), (Some(true), Some(true)));
    assert_eq!(read.holding_since.map(|at| at.timestamp_millis()), Some(1_789_999_390_250));
    assert_eq!(read.agent, AgentRef::default().with_id("a-1"));
}

#[test]
fn what_has_no_id_is_nobody() {
    let read = |text: &str| of_call(serde_json::from_str(text).expect("a call"));
    assert!(read(r#"{"participants": []}"#).is_none());
    let nobody = read(r#"{"id": "c-1", "participants": [{"purpose": "agent", "state": "connected"}]}"#);
    assert!(nobody.expect("an id").parties.is_empty());
}

#[test]
fn of_several_calls_of_a_participant_the_one_that_goes_on_counts() {
    let read = |calls: Value| {
        let party = json!({ "id": "p", "purpose": "agent", "calls": calls });
        let row = json!({ "id": "c-1", "participants": [party] });
        let conversation: Conversation = serde_json::from_str(&row.to_string()).expect("a conversation");
        of_conversation(conversation).expect("an id").parties.remove(0).phase
    };
    let (going_on, at) = (json!({ "state": "connected" }), "2026-09-21T14:00:00Z");
    for over in [json!({ "state": "terminated" }), json!({ "state": "converting", "disconnectedTime": at })] {
        assert_eq!(read(json!([going_on, over])), Phase::Connected, "{over}");
        assert_eq!(read(json!([over, going_on])), Phase::Connected, "{over}");
    }
    let last = json!([{ "state": "terminated" }, { "state": "converting", "disconnectedTime": at }]);
    assert_eq!(read(last), Phase::Other, "the last of those that are over");
}
