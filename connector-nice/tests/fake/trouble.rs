//! What any request can meet.

use super::*;

#[test]
fn a_refused_token_is_gone_for_good() {
    let mut caller = Caller::new(12, FaultPlan::none().refuse_tokens(1));
    assert_eq!(caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{DAY}")).status, 401);
    assert_eq!(caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{DAY}")).status, 401);
    caller.log_in();
    assert!(!caller.completed(DAY).is_empty());
    assert!(caller.fake.faults().unfired().is_empty());
}

#[test]
fn every_other_throttled_answer_says_when_to_come_back() {
    let caller = Caller::new(12, FaultPlan::none().throttle(2));
    let answers = [(); 2].map(|()| caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{DAY}")));
    assert!(answers.iter().all(|answer| answer.status == 429 && body(answer)["route"].is_string()));
    assert_eq!(answers.map(|answer| answer.headers.contains_key("retry-after")), [true, false]);
    assert!(!caller.completed(DAY).is_empty());
}

#[test]
fn a_missing_permission_is_a_403() {
    let caller = Caller::calm();
    caller.fake.forbid(Permission::Contacts);
    assert_eq!(caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{DAY}")).status, 403);
}

#[test]
fn requests_are_written_down_without_their_query_in_debug() {
    let caller = Caller::calm();
    caller.completed("updatedSince=2026-10-19T00:00:00Z&toAddress=5550100123");
    let asked = caller.fake.requests().pop().expect("a request");
    assert!(asked.has_token && asked.status == 204);
    assert_eq!((asked.endpoint, asked.parameter("mediatypeid")), (Some(Endpoint::Completed), Some("4")));
    assert!(!format!("{asked:?}").contains("5550100123"));
    assert_eq!((caller.fake.count(Endpoint::Token), caller.fake.count(Endpoint::Completed)), (1, 1));
}

#[test]
fn so_many_requests_find_the_service_unavailable() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.unavailable = 2);
    let status = || caller.get("/incontactapi/services/v23.0/server-time").status.as_u16();
    assert_eq!([status(), status(), status()], [503, 503, 200]);
}
