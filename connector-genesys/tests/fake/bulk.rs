//! The history in bulk: by ids, and by jobs.

use chrono::TimeDelta;

use super::*;

const DETAILS: &str = "/api/v2/analytics/conversations/details";

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn submit(caller: &Caller, query: &Value) -> String {
    let answer = caller.ask("POST", &format!("{DETAILS}/jobs"), query);
    assert_eq!(answer.status, 202);
    format!("{DETAILS}/jobs/{}", text(&body(&answer)["jobId"]))
}

fn day() -> Value {
    json!({ "interval": "2026-10-19T00:00:00.000Z/2026-10-20T00:00:00.000Z" })
}

/// Waits for a job, and returns the ids of the conversations it found.
fn found(caller: &Caller, query: &Value) -> Vec<String> {
    let job = submit(caller, query);
    while caller.get(&job).status == 202 {}
    let results = caller.good(&format!("{job}/results"));
    list(&results["conversations"]).iter().map(|row| text(&row["conversationId"]).to_owned()).collect()
}

#[test]
fn conversations_are_found_by_their_ids() {
    let caller = Caller::calm();
    let ids: Vec<&str> = caller.fake.scenario().calls.iter().map(|call| call.id.as_str()).collect();
    let many = caller.good(&format!("{DETAILS}?id={},nowhere,{}", ids[3], ids[1]));
    let rows = list(&many["conversations"]);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], caller.good(&format!("/api/v2/analytics/conversations/{}/details", ids[3])));
    assert_eq!(rows[1]["conversationId"], ids[1]);
    assert_eq!(caller.get(DETAILS).status, 400);
    assert_eq!(caller.get(&format!("{DETAILS}?id={}", vec!["x"; 101].join(","))).status, 400);
}

#[test]
fn a_job_is_queued_pending_and_done_and_its_results_go_on_after_a_cursor() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.job_asks = 2);
    let job = submit(&caller, &day());
    assert_eq!(caller.get(&format!("{job}/results")).status, 400, "too early");
    for (state, status) in [("QUEUED", 202), ("PENDING", 202), ("FULFILLED", 200)] {
        let answer = caller.get(&job);
        assert_eq!((answer.status.as_u16(), &body(&answer)["state"]), (status, &json!(state)));
        assert_eq!(body(&answer)["completionDate"].is_string(), status == 200);
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for left in [true, true, false] {
        let page = caller.good(&format!("{job}/results?pageSize=5{cursor}"));
        ids.extend(list(&page["conversations"]).iter().map(|row| text(&row["conversationId"]).to_owned()));
        assert!(page["dataAvailabilityDate"].is_string());
        assert_eq!(page["cursor"].is_string(), left);
        cursor = format!("&cursor={}", page["cursor"].as_str().unwrap_or_default());
    }
    assert_eq!(ids, caller.fake.scenario().calls.iter().map(|call| call.id.clone()).collect::<Vec<_>>());
}

#[test]
fn a_job_tells_the_same_as_a_query_and_attributes_besides() {
    let caller = Caller::calm();
    let job = submit(&caller, &day());
    while caller.get(&job).status == 202 {}
    let rows = list(&caller.good(&format!("{job}/results"))["conversations"]);
    for mut row in rows {
        let path = format!("/api/v2/analytics/conversations/{}/details", text(&row["conversationId"]));
        let parts = row["participants"].as_array_mut().expect("a list");
        assert!(parts[0]["attributes"]["orderNumber"].is_string());
        parts.iter_mut().for_each(|part| drop(part.as_object_mut().expect("an object").remove("attributes")));
        assert_eq!(row, caller.good(&path));
    }
}

#[test]
fn a_job_selects_by_what_goes_on_in_the_interval_not_by_days() {
    let caller = Caller::calm();
    let call = caller.fake.scenario().calls[4].clone();
    let around = |from: TimeDelta, to: TimeDelta| {
        let (from, to) = (instant(call.started + from), instant(call.started + to));
        json!({ "interval": format!("{from}/{to}") })
    };
    let second = TimeDelta::seconds(1);
    assert_eq!(found(&caller, &around(second, second * 2)), std::slice::from_ref(&call.id), "in the middle of it");
    assert!(found(&caller, &around(-second * 2, -second)).is_empty());
    let mut limited = day();
    limited["limit"] = json!(3);
    assert_eq!(found(&caller, &limited).len(), 3);
    for bad in [json!({}), json!({ "interval": "yesterday" })] {
        assert_eq!(caller.ask("POST", &format!("{DETAILS}/jobs"), &bad).status, 400, "{bad}");
    }
    let mut unknown = day();
    unknown["segmentFilters"] = json!([{ "type": "and", "predicates": [{ "dimension": "moonPhase" }] }]);
    assert_eq!(caller.ask("POST", &format!("{DETAILS}/jobs"), &unknown).status, 400);
}

#[test]
fn the_store_behind_jobs_lags_and_says_how_far() {
    let caller = Caller::calm();
    let calls = caller.fake.scenario().calls.clone();
    caller.fake.change(|settings| settings.jobs_lag = TimeDelta::hours(2));
    caller.fake.at(calls[6].started + TimeDelta::hours(2));
    assert_eq!(caller.good(&format!("{DETAILS}/jobs/availability"))["dataAvailabilityDate"], instant(calls[6].started));
    assert_eq!(found(&caller, &day()).len(), 6);
    assert!(body(&caller.query(&day()))["totalHits"].as_u64() > Some(6), "a query knows more");
    caller.fake.forbid("analytics:conversationDetail:view");
    assert_eq!(caller.get(&format!("{DETAILS}/jobs/availability")).status, 403);
    found(&caller, &day());
}

#[test]
fn a_job_fails_is_cancelled_or_was_never_there() {
    let caller = Caller::calm();
    caller.fake.change(|settings| (settings.failing_jobs, settings.job_asks) = (1, 0));
    let state = |job: &str| text(&caller.good(job)["state"]).to_owned();
    let (fails, works, cancelled) = (submit(&caller, &day()), submit(&caller, &day()), submit(&caller, &day()));
    assert!(caller.ask("DELETE", &cancelled, &Value::Null).status.is_success());
    assert_eq!([state(&fails), state(&works), state(&cancelled)], ["FAILED", "FULFILLED", "CANCELLED"]);
    assert!(caller.good(&fails)["errorMessage"].is_string());
    assert_eq!(caller.get(&format!("{fails}/results")).status, 400);
    assert_eq!(caller.get(&format!("{cancelled}/results")).status, 400);
    for path in ["x", "x/results"] {
        assert_eq!(caller.get(&format!("{DETAILS}/jobs/{path}")).status, 404);
    }
}
