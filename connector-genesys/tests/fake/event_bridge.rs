//! What a call tells behind Amazon EventBridge.

use super::samples::differing;
use super::*;

fn deliveries(caller: &Caller, call: usize) -> Vec<Value> {
    let deliveries = caller.fake.event_bridge(call);
    deliveries.iter().map(|delivery| serde_json::from_str(delivery).expect("JSON")).collect()
}

#[test]
fn a_delivery_has_the_form_of_the_sample() {
    let caller = Caller::calm();
    let sample: Value = serde_json::from_str(fixtures::event_bridge()).expect("JSON");
    let mut seen = 0;
    for call in 0..12 {
        for delivery in deliveries(&caller, call) {
            let mut found = Vec::new();
            if delivery["detail-type"] == "v2.detail.events.conversation.{id}.customer.end" {
                differing(&sample, &delivery, "", &mut found);
                seen += 1;
            } else {
                let mut envelope = delivery.clone();
                envelope["detail"]["eventBody"] = json!({});
                differing(&sample, &envelope, "", &mut found);
            }
            assert!(found.is_empty(), "{found:?} in {delivery}");
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn a_call_is_told_by_its_states_and_by_what_happens_in_it() {
    let caller = Caller::calm();
    let calls = caller.fake.scenario().calls.clone();
    let index = calls.iter().position(|call| call.legs().len() == 2).expect("a transfer");
    let (call, told) = (&calls[index], deliveries(&caller, index));
    let of = |suffix: &str| -> Vec<Value> {
        let wanted = format!("v2.detail.events.conversation.{}.{suffix}", call.id);
        let found = told.iter().filter(|delivery| delivery["detail"]["topicName"] == wanted.as_str());
        found.map(|delivery| delivery["detail"]["eventBody"].clone()).collect()
    };
    let ends = of("user.end");
    let ids: Vec<&str> = ends.iter().map(|end| text(&end["participantId"])).collect();
    assert_eq!(ids, caller.fake.leg_ids(index));
    assert_eq!(ends[0]["disconnectType"], "TRANSFER");
    for (end, leg) in ends.iter().zip(call.legs()) {
        assert_eq!(end["userId"], caller.fake.scenario().agents[leg.agent].id);
        assert_eq!(end["eventTime"], leg.ended.timestamp_millis());
        let held: i64 = leg.holds.iter().map(|hold| (hold.end - hold.start).num_milliseconds()).sum();
        assert_eq!((&end["heldDurationMs"], of("user.start").len()), (&json!(held), 2));
    }
    let wrap_up = of("wrapup").remove(0);
    assert!(wrap_up["wrapupCode"].is_string() && wrap_up["userId"].is_null(), "{wrap_up}");
    let states = told.iter().filter(|delivery| delivery["detail-type"] == "v2.users.{id}.conversations.calls");
    let expected: usize = (0..caller.fake.scenario().agents.len())
        .map(|agent| {
            let told = |at| caller.fake.snapshot(agent, index, at).is_some();
            caller.fake.instants(index).into_iter().filter(|at| told(*at)).count()
        })
        .sum();
    assert_eq!(states.count(), expected);
    let times: Vec<&str> = told.iter().map(|delivery| text(&delivery["time"])).collect();
    assert!(times.is_sorted());
    let ids: std::collections::BTreeSet<&str> = told.iter().map(|delivery| text(&delivery["id"])).collect();
    assert_eq!(ids.len(), told.len());
}

#[test]
fn a_missed_call_ends_without_a_talk() {
    let caller = Caller::calm();
    let inbound = |call: &connector_core::testing::ScenarioCall| call.direction == connector_core::Direction::Inbound;
    let index = caller.fake.scenario().calls.iter().position(inbound).expect("an inbound call");
    caller.fake.change(|settings| settings.declined = vec![index]);
    let told = deliveries(&caller, index);
    let mut ends = told.iter().filter(|delivery| text(&delivery["detail-type"]).ends_with(".user.end"));
    let missed = &ends.next().expect("an end")["detail"]["eventBody"];
    assert_eq!(missed["disconnectType"], "NO_ANSWER_TRANSFER");
    assert_eq!(missed["interactingDurationMs"], 0);
    assert!(missed["alertingDurationMs"].as_i64() > Some(0));
}
