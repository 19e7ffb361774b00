//! Events of sessions, and what a script pushes.

use super::*;

fn next(caller: &Caller, session: &str) -> Answer {
    caller.get(&format!("/incontactapi/services/v23.0/agent-sessions/{session}/get-next-event?timeout=1"))
}

fn join(caller: &Caller, agent: usize) -> Answer {
    let body = json!({ "asAgentId": 31_000_101 + agent }).to_string();
    caller.send("POST", "/incontactapi/services/v23.0/agent-sessions/join", Some(&caller.token), &body)
}

#[test]
fn a_session_tells_the_day_of_an_agent_under_changing_ids() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[0].clone();
    let agent = call.legs()[0].agent;
    caller.fake.at(call.started);
    let mut session = body(&join(&caller, agent))["sessionId"].as_str().expect("a session").to_owned();
    let first = session.clone();
    let mut events = Vec::new();
    for at in [call.started, caller.fake.scenario().starts + chrono::TimeDelta::hours(11)] {
        caller.fake.at(at);
        loop {
            let answer = next(&caller, &session);
            if answer.status == 304 {
                assert_eq!(answer.delay, std::time::Duration::from_millis(200), "a poll waits");
                break;
            }
            session = body(&answer)["sessionId"].as_str().expect("a session").to_owned();
            events.extend(body(&answer)["events"].as_array().expect("events").clone());
        }
    }
    assert_ne!(session, first);
    assert_eq!(next(&caller, &first).status, 409);
    assert_eq!(events[0]["Type"], "AgentSessionStart");
    let id = &caller.fake.contact_ids(0)[0];
    let of_call: Vec<&Value> = events.iter().filter(|event| event["ContactID"] == **id).collect();
    let last = of_call.last().expect("events of the call");
    assert_eq!((&last["Status"], &last["FinalState"]), (&json!("Disconnected"), &json!("True")));
    assert!(of_call.iter().all(|event| event.as_object().unwrap().values().all(Value::is_string)));
    let ended = events.iter().filter(|event| event["FinalState"] == "True").count();
    let legs =
        caller.fake.scenario().calls.iter().flat_map(|call| call.legs()).filter(|leg| leg.agent == agent).count();
    assert_eq!(ended, legs);
}

#[test]
fn who_is_logged_out_cannot_be_joined_and_a_session_ends() {
    let caller = Caller::calm();
    let session = body(&join(&caller, 0))["sessionId"].as_str().expect("a session").to_owned();
    caller.fake.log_out(0);
    assert_eq!((next(&caller, &session).status.as_u16(), join(&caller, 0).status.as_u16()), (409, 404));
    assert_eq!(join(&caller, 99).status, 404);
    let path = "/incontactapi/services/v23.0/agent-sessions/join?asAgentId=31000102";
    assert_eq!(caller.send("POST", path, Some(&caller.token), "").status, 200);
}

#[test]
fn a_push_names_the_last_leg() {
    let caller = Caller::calm();
    let push: Value = serde_json::from_str(&caller.fake.studio_push(0).expect("a call")).unwrap();
    let sample: Value = serde_json::from_str(fixtures::studio_push()).unwrap();
    assert_eq!(push["contactId"].as_str(), caller.fake.contact_ids(0).last().map(String::as_str));
    assert!(push.as_object().unwrap().keys().all(|key| sample[key].is_string()));
    assert!(caller.fake.studio_push(99).is_none());
}
