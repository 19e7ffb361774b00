//! The history and the live record.

use super::*;

/// Everything that began on the day.
fn day(size: u64, page: u64) -> Value {
    json!({ "interval": "2026-10-19T00:00:00.000Z/2026-10-20T00:00:00.000Z",
        "paging": { "pageSize": size, "pageNumber": page } })
}

fn conversations(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    list(&body(answer)["conversations"])
}

#[test]
fn after_the_last_page_there_are_no_conversations_at_all() {
    let caller = Caller::calm();
    let mut found = Vec::new();
    for page in 1..=3 {
        found.extend(conversations(&caller.query(&day(5, page))));
    }
    let ids: Vec<&str> = found.iter().map(|row| text(&row["conversationId"])).collect();
    assert_eq!(ids, caller.fake.scenario().calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>());
    assert_eq!(body(&caller.query(&day(5, 4))), json!({ "totalHits": 12 }));
}

#[test]
fn an_interval_selects_by_the_day_on_which_a_call_began() {
    let caller = Caller::calm();
    for (interval, expected) in [
        ("2026-10-19T23:00:00.000Z/2026-10-19T23:01:00.000Z", 12),
        ("2026-10-18T00:00:00.000Z/2026-10-19T00:00:00.000Z", 0),
        ("2026-10-20T00:00:00.000Z/2026-10-21T00:00:00.000Z", 0),
    ] {
        let answer = caller.query(&json!({ "interval": interval, "paging": { "pageSize": 100 } }));
        assert_eq!(body(&answer)["totalHits"], expected, "{interval}");
    }
    for bad in ["2026-10-01T00:00:00Z/2026-10-20T00:00:00Z", "yesterday", "2026-10-20T00:00:00Z/2026-10-19T00:00:00Z"] {
        assert_eq!(caller.query(&json!({ "interval": bad })).status, 400, "{bad}");
    }
}

#[test]
fn filters_are_heeded_or_refused() {
    let caller = Caller::calm();
    let scenario = caller.fake.scenario();
    let middle = scenario.calls[6].started + (scenario.calls[6].ended() - scenario.calls[6].started) / 2;
    caller.fake.at(middle);
    let filtered = |name: &str, kind: &str, predicates: Value| {
        let mut query = day(100, 1);
        query[name] = json!([{ "type": kind, "predicates": predicates }]);
        caller.query(&query)
    };
    let ended = json!([{ "type": "dimension", "dimension": "conversationEnd", "operator": "exists" }]);
    assert_eq!(conversations(&caller.query(&day(100, 1))).len(), 7);
    assert_eq!(conversations(&filtered("conversationFilters", "and", ended)).len(), 6);
    let agent = scenario.calls[0].legs()[0].agent;
    let of = |id: &str| json!([{ "type": "dimension", "dimension": "userId", "operator": "matches", "value": id }]);
    let found = conversations(&filtered("segmentFilters", "or", of(&scenario.agents[agent].id)));
    assert!(found.iter().any(|row| row["conversationId"] == scenario.calls[0].id.as_str()));
    assert_eq!(body(&filtered("segmentFilters", "or", of("nobody")))["totalHits"], 0);
    let chat = json!([{ "dimension": "mediaType", "operator": "matches", "value": "chat" }]);
    assert_eq!(body(&filtered("segmentFilters", "and", chat))["totalHits"], 0);
    let unknown = json!([{ "dimension": "moonPhase", "operator": "matches", "value": "full" }]);
    assert_eq!(filtered("segmentFilters", "and", unknown).status, 400);
}

#[test]
fn both_records_tell_of_the_same_legs() {
    let caller = Caller::calm();
    let (mut holds, mut passed_on) = (0, 0);
    for call in &caller.fake.scenario().calls {
        let history = caller.good(&format!("/api/v2/analytics/conversations/{}/details", call.id));
        let live = caller.good(&format!("/api/v2/conversations/{}", call.id));
        let (parts, live_parts) = (list(&history["participants"]), list(&live["participants"]));
        assert_eq!((&history["conversationEnd"], parts.len()), (&live["endTime"], live_parts.len()));
        let users = parts.iter().filter(|part| part["userId"].is_string());
        assert_eq!(users.clone().count(), call.legs().len());
        for (part, live) in parts.iter().zip(&live_parts) {
            assert_eq!(part["participantId"], live["id"]);
            let segments = list(&part["sessions"][0]["segments"]);
            assert!(segments.iter().all(|segment| segment["segmentEnd"].is_string()));
            holds += segments.iter().filter(|segment| segment["segmentType"] == "hold").count();
            passed_on += usize::from(part["userId"].is_string() && live["calls"][0]["disconnectType"] == "transfer");
        }
        let codes = parts.iter().flat_map(|part| list(&part["sessions"][0]["segments"]));
        assert_eq!(codes.filter(|segment| segment["wrapUpCode"].is_string()).count(), 1, "the last leg's");
    }
    assert!(holds > 0 && passed_on > 0);
}

#[test]
fn a_call_that_goes_on_has_no_end() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[3].clone();
    caller.fake.at(call.legs()[0].answered);
    let (history, live) = (
        caller.good(&format!("/api/v2/analytics/conversations/{}/details", call.id)),
        caller.good(&format!("/api/v2/conversations/{}", call.id)),
    );
    assert!(history["conversationEnd"].is_null() && live["endTime"].is_null());
    let agent = list(&live["participants"]).into_iter().find(|part| part["userId"].is_string()).expect("an agent");
    assert_eq!((&agent["calls"][0]["state"], &agent["endTime"]), (&json!("connected"), &Value::Null));
    caller.fake.at(call.started - chrono::TimeDelta::seconds(1));
    assert_eq!(body(&caller.get(&format!("/api/v2/conversations/{}", call.id)))["code"], "conversation.not.found");
}

#[test]
fn live_records_are_kept_for_a_while() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.kept_for = chrono::TimeDelta::minutes(5));
    let id = &caller.fake.scenario().calls[0].id;
    assert_eq!(caller.get(&format!("/api/v2/conversations/{id}")).status, 404);
    caller.good(&format!("/api/v2/analytics/conversations/{id}/details"));
}
