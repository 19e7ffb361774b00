//! Single contacts, and those that go on.

use super::*;

/// Index of a call with a hold, and when it is on hold.
fn held(caller: &Caller) -> (usize, chrono::DateTime<chrono::Utc>) {
    let mut calls = caller.fake.scenario().calls.iter().enumerate();
    calls.find_map(|(index, call)| Some((index, call.legs()[0].holds.first()?.start))).expect("a call with a hold")
}

#[test]
fn a_call_that_goes_on_is_active_and_then_it_is_not() {
    let caller = Caller::calm();
    let (call, held) = held(&caller);
    let id: u64 = caller.fake.contact_ids(call)[0].parse().unwrap();
    caller.fake.at(held);
    let active = caller.acd("contacts/active?mediaTypeId=4");
    let row = &active["activeContacts"][0];
    assert_eq!((row["contactId"].as_u64(), row["stateName"].as_str()), (Some(id), Some("Holding")));
    assert!(row["endReason"].is_null() && row["totalDurationSeconds"].is_null(), "nobody knows the end yet");
    let states = caller.acd("contacts/states");
    assert_eq!(states["contactStates"][0]["contactStateId"], row["stateId"]);
    let one = caller.acd(&format!("contacts/{id}"));
    assert_eq!((&one["contactId"]["isActive"], &one["contactId"]["stateName"]), (&json!(true), &json!("Holding")));
    let busy = caller.acd("agents/states")["agentStates"].as_array().unwrap().clone();
    assert_eq!(busy.iter().filter(|agent| agent["contactId"] == id).count(), 1);
    caller.fake.at(caller.fake.scenario().calls[call].ended());
    assert_eq!(caller.get("/incontactapi/services/v23.0/contacts/active?mediaTypeId=4").status, 204);
}

#[test]
fn ids_of_states_differ_from_fake_to_fake_and_are_described() {
    let described = |seed: u64| {
        let fake = Fake::new(&Scenario::day(2, seed), FaultPlan::none());
        let answers = Box::new(fake.answers());
        let mut caller = Caller { fake, answers, token: String::new() };
        caller.log_in();
        caller.acd("contact-state-descriptions")["contactStateDescriptions"].clone()
    };
    let (one, other) = (described(1), described(2));
    assert_ne!(one[0]["ContactStateId"], other[0]["ContactStateId"]);
    assert_eq!(one[3]["ContactStateDescription"], "Released");
}

#[test]
fn a_call_that_was_passed_on_has_a_family_with_true_ends() {
    let caller = Caller::calm();
    let calls = &caller.fake.scenario().calls;
    let call = calls.iter().position(|call| call.legs().len() == 2).expect("one that was passed on");
    let ids = caller.fake.contact_ids(call);
    let family = caller.acd(&format!("contacts/{}/hierarchy", ids[1]));
    assert_eq!(family["masterContactId"].to_string(), ids[0]);
    let ends: Vec<&str> =
        family["childContacts"].as_array().unwrap().iter().filter_map(|leg| leg["endTime"].as_str()).collect();
    let wanted: Vec<String> =
        calls[call].legs().iter().map(|leg| leg.ended.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).collect();
    assert_eq!(ends, wanted);
    caller.fake.at(calls[call].legs()[0].ended);
    let family = caller.acd(&format!("contacts/{}/hierarchy", ids[0]));
    assert!(family["childContacts"][1]["endTime"].is_null());
}

#[test]
fn a_hold_stands_in_the_history_of_states_under_both_spellings() {
    let caller = Caller::calm();
    let (call, held) = held(&caller);
    let id = &caller.fake.contact_ids(call)[0];
    let history = caller.acd(&format!("contacts/{id}/state-history"));
    assert_eq!(history, caller.acd(&format!("contacts/{id}/statehistory")));
    let states = history["contactStateHistory"].as_array().unwrap();
    let hold = states.iter().find(|state| state["contactStateName"] == "Holding").expect("a hold");
    assert_eq!(hold["startDate"].as_str(), Some(&*held.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()));
    assert!(hold["duration"].as_str().is_some_and(|length| length.starts_with("PT") && length.ends_with('S')));
    assert_eq!(states.last().map(|state| &state["contactStateName"]), Some(&json!("Released")));
}

#[test]
fn a_disposition_has_a_name_once_the_work_is_done() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[0].clone();
    let id = caller.fake.contact_ids(0).pop().unwrap();
    let path = format!("/incontactapi/services/v23.0/contacts/{id}/disposition");
    caller.fake.at(call.ended());
    assert_eq!(caller.get(&path).status, 204);
    caller.fake.play(1);
    assert_eq!(body(&caller.get(&path))["dispositionName"], call.disposition);
    let known = caller.acd("dispositions");
    let names: Vec<&Value> =
        known["dispositions"].as_array().unwrap().iter().map(|one| &one["dispositionName"]).collect();
    assert!(names.contains(&&json!(call.disposition)));
    assert!(caller.acd(&format!("contacts/{id}/custom-data"))["contactCustomData"][0]["value"].is_string());
}

#[test]
fn what_nobody_knows_is_nothing() {
    let caller = Caller::calm();
    for path in ["contacts/1", "contacts/1/hierarchy", "contacts/1/state-history", "contacts/1/custom-data"] {
        assert_eq!(caller.get(&format!("/incontactapi/services/v23.0/{path}")).status, 204, "{path}");
    }
    assert_eq!(caller.get("/incontactapi/services/v23.0/contact").status, 404);
}
