//! The whole state of a call, as it stands on a topic of calls.

use chrono::{DateTime, Utc};
use connector_core::Direction;
use connector_core::testing::ScenarioCall;

use super::samples::differing;
use super::*;

/// What the topic of an agent tells of a call at an instant.
fn told(caller: &Caller, agent: usize, call: usize, at: DateTime<Utc>) -> Option<Value> {
    let message = caller.fake.snapshot(agent, call, at)?;
    Some(serde_json::from_str(&message).expect("JSON"))
}

/// The n-th leg of a call in what is told of it.
fn leg(message: &Value, number: usize) -> Value {
    let parts = list(&message["eventBody"]["participants"]);
    parts.into_iter().filter(|part| part["user"].is_object()).nth(number).expect("a leg")
}

fn find(caller: &Caller, wanted: impl Fn(&ScenarioCall) -> bool) -> (usize, ScenarioCall) {
    let calls = &caller.fake.scenario().calls;
    let call = calls.iter().position(wanted).expect("such a call");
    (call, calls[call].clone())
}

#[test]
fn what_is_told_has_the_form_of_the_samples() {
    let caller = Caller::calm();
    let samples =
        [fixtures::call_answered(), fixtures::call_held(), fixtures::call_ended(), fixtures::call_wrapped_up()];
    let samples: Vec<Value> = samples.map(|sample| serde_json::from_str(sample).expect("JSON")).to_vec();
    let all_participants: Vec<Value> =
        samples.iter().flat_map(|sample| list(&sample["eventBody"]["participants"])).collect();
    let mut sample = samples[0].clone();
    sample["eventBody"]["participants"] = json!(all_participants);
    let mut seen = 0;
    for (index, call) in caller.fake.scenario().calls.iter().enumerate() {
        for at in caller.fake.instants(index) {
            let Some(message) = told(&caller, call.legs()[0].agent, index, at) else { continue };
            let mut found = Vec::new();
            differing(&sample, &message, "", &mut found);
            assert!(found.is_empty(), "{found:?} in {message}");
            seen += 1;
        }
    }
    assert!(seen > 12 * 3, "{seen}");
}

#[test]
fn a_hold_shows_while_it_lasts_and_the_customer_hears_music() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| call.legs().iter().any(|leg| !leg.holds.is_empty()));
    let number = call.legs().iter().position(|leg| !leg.holds.is_empty()).expect("a hold");
    let (agent, hold) = (call.legs()[number].agent, call.legs()[number].holds[0].clone());
    let at = |at| told(&caller, agent, index, at).expect("told");
    let millisecond = chrono::TimeDelta::milliseconds(1);
    for (time, held) in
        [(hold.start - millisecond, false), (hold.start, true), (hold.end - millisecond, true), (hold.end, false)]
    {
        let message = at(time);
        assert_eq!(leg(&message, number)["held"], held, "{time}");
        assert_eq!(leg(&message, number)["startHoldTime"].is_string(), held, "{time}");
        assert_eq!(message["eventBody"]["participants"][0]["confined"], held, "{time}");
    }
    assert!(caller.fake.instants(index).contains(&hold.start) && caller.fake.instants(index).contains(&hold.end));
}

#[test]
fn a_call_rings_is_answered_ends_and_is_wrapped_up() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| call.direction == Direction::Inbound && call.legs().len() == 1);
    let leg_told = call.legs().remove(0);
    let instants = caller.fake.instants(index);
    assert_eq!((instants[0], instants[1]), (call.started, leg_told.answered));
    let state = |at| {
        let message = told(&caller, leg_told.agent, index, at).expect("told");
        let part = leg(&message, 0);
        (text(&part["state"]).to_owned(), part["connectedTime"].is_string(), part["endTime"].is_string(), part)
    };
    let (ringing, answered) = (state(call.started), state(leg_told.answered));
    assert_eq!((ringing.0.as_str(), ringing.1, ringing.2), ("alerting", false, false));
    assert_eq!((answered.0.as_str(), answered.1, answered.2), ("connected", true, false));
    let (ended, last) = (state(call.ended()), state(*instants.last().expect("some")));
    assert_eq!((ended.0.as_str(), ended.2), ("disconnected", true));
    assert!(
        ended.3["wrapup"].is_null() && ended.3["startAcwTime"].is_string() && ended.3["disconnectType"].is_string()
    );
    assert_eq!(last.0, "terminated");
    assert!(last.3["wrapup"]["code"].is_string() && last.3["wrapup"]["endTime"] == last.3["endAcwTime"]);
    assert!(
        told(&caller, leg_told.agent, index, *instants.last().expect("some") + chrono::TimeDelta::seconds(1)).is_none()
    );
}

#[test]
fn somebody_who_dials_is_dialing_and_no_queue_takes_part() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| call.direction == Direction::Outbound);
    let message = told(&caller, call.legs()[0].agent, index, call.started).expect("told");
    let part = leg(&message, 0);
    assert_eq!((&part["state"], &part["purpose"], &part["queue"]), (&json!("dialing"), &json!("user"), &Value::Null));
    let purposes: Vec<Value> =
        list(&message["eventBody"]["participants"]).iter().map(|part| part["purpose"].clone()).collect();
    assert_eq!(purposes, ["external", "user"]);
}

#[test]
fn a_transfer_is_told_to_both_and_then_to_the_second_alone() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| call.legs().len() == 2);
    let [first, second] = [0, 1].map(|number| call.legs().remove(number));
    assert!(told(&caller, second.agent, index, first.answered).is_none(), "it is not in the call yet");
    let message = told(&caller, first.agent, index, first.ended).expect("told");
    assert_eq!(message["topicName"], told_to(&caller, first.agent));
    assert_eq!((&leg(&message, 0)["disconnectType"], &leg(&message, 1)["endTime"]), (&json!("transfer"), &Value::Null));
    let other = told(&caller, second.agent, index, first.ended).expect("told");
    assert_eq!((&other["eventBody"], &other["topicName"]), (&message["eventBody"], &told_to(&caller, second.agent)));
    assert!(told(&caller, first.agent, index, second.answered).is_none());
    assert!(told(&caller, second.agent, index, call.ended()).is_some());
    caller.fake.change(|settings| settings.silent_after_leg = false);
    assert!(told(&caller, first.agent, index, call.ended()).is_some());
}

fn told_to(caller: &Caller, agent: usize) -> Value {
    json!(format!("v2.users.{}.conversations.calls", caller.fake.scenario().agents[agent].id))
}

#[test]
fn mutes_and_pauses_show_in_the_message_and_in_the_live_record() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| call.recorded && call.legs().len() == 1);
    let agent = call.legs()[0].agent;
    let before = caller.fake.instants(index);
    caller.fake.change(|settings| (settings.muted, settings.paused) = (vec![index], vec![index]));
    let after = caller.fake.instants(index);
    let new: Vec<DateTime<Utc>> = after.into_iter().filter(|at| !before.contains(at)).collect();
    let expected = [(true, "active"), (false, "active"), (false, "paused"), (false, "active")];
    assert_eq!(new.len(), expected.len());
    for (at, (muted, recording)) in new.into_iter().zip(expected) {
        let message = told(&caller, agent, index, at).expect("told");
        let part = leg(&message, 0);
        assert_eq!((&part["muted"], &part["recordingState"]), (&json!(muted), &json!(recording)));
        assert_eq!(message["eventBody"]["recordingState"], recording);
        caller.fake.at(at);
        let live = caller.good(&format!("/api/v2/conversations/{}", call.id));
        let part = list(&live["participants"]).into_iter().find(|part| part["userId"].is_string()).expect("an agent");
        assert_eq!(
            (&part["calls"][0]["muted"], &part["calls"][0]["recordingState"]),
            (&json!(muted), &json!(recording))
        );
        assert_eq!(live["recordingState"], recording.to_uppercase());
    }
}

#[test]
fn a_call_that_nobody_records_is_never_recording() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| !call.recorded);
    for at in caller.fake.instants(index) {
        let message = call.legs().iter().find_map(|leg| told(&caller, leg.agent, index, at)).expect("told");
        assert_eq!(message["eventBody"]["recordingState"], "none");
        assert!(list(&message["eventBody"]["participants"]).iter().all(|part| part["recording"] == false));
    }
}

#[test]
fn a_call_that_is_missed_once_is_offered_again_as_another_participant() {
    let caller = Caller::calm();
    let (index, call) = find(&caller, |call| call.direction == Direction::Inbound && call.legs().len() == 1);
    let agent = call.legs()[0].agent;
    let before = caller.fake.leg_ids(index);
    caller.fake.change(|settings| settings.declined = vec![index]);
    assert_eq!(caller.fake.leg_ids(index), before);
    let missed = caller.fake.instants(index)[1];
    let message = told(&caller, agent, index, missed).expect("told");
    let (first, second) = (leg(&message, 0), leg(&message, 1));
    assert_eq!((&first["state"], &first["disconnectType"]), (&json!("disconnected"), &json!("transfer.noanswer")));
    assert!(first["connectedTime"].is_null() && first["endTime"].is_string());
    assert_eq!(
        (&second["state"], &second["id"], &second["user"]),
        (&json!("alerting"), &json!(before[0]), &first["user"])
    );
    let live = caller.good(&format!("/api/v2/conversations/{}", call.id));
    let history = caller.good(&format!("/api/v2/analytics/conversations/{}/details", call.id));
    let of_agents = |record: &Value| {
        list(&record["participants"]).into_iter().filter(|part| part["userId"].is_string()).collect::<Vec<_>>()
    };
    assert_eq!(of_agents(&live)[0]["calls"][0]["disconnectType"], "transfer.noanswer");
    let segments = list(&of_agents(&history)[0]["sessions"][0]["segments"]);
    let kinds: Vec<&Value> = segments.iter().map(|segment| &segment["segmentType"]).collect();
    assert_eq!((kinds, &segments[0]["disconnectType"]), (vec![&json!("alert")], &json!("noAnswerTransfer")));
    let metrics = list(&of_agents(&history)[0]["sessions"][0]["metrics"]);
    assert!(metrics.iter().all(|metric| metric["name"] == "tAlert"));
}
