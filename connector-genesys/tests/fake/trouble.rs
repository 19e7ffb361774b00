//! Logins, permissions, and what is planned to go wrong.

use connector_core::testing::Fault;

use super::*;

#[test]
fn only_client_credentials_get_a_token() {
    let caller = Caller::calm();
    for (basic, form, status) in [
        (Some(BASIC), "grant_type=client_credentials", 200),
        (Some("Basic eDp5"), "grant_type=client_credentials", 401),
        (None, "grant_type=client_credentials", 401),
        (Some(BASIC), "grant_type=password", 400),
    ] {
        assert_eq!(caller.send("POST", "/oauth/token", basic, form).status, status, "{form}");
    }
    caller.fake.log_in_fails();
    assert_eq!(caller.send("POST", "/oauth/token", Some(BASIC), "grant_type=client_credentials").status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_dies_after_its_life() {
    let mut caller = Caller::calm();
    let code = |caller: &Caller| body(&caller.get("/api/v2/tokens/me"))["code"].as_str().map(str::to_owned);
    tokio::time::advance(std::time::Duration::from_secs(86_399)).await;
    assert_eq!(code(&caller), None);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(code(&caller).as_deref(), Some("bad.credentials"));
    caller.log_in();
    assert_eq!(code(&caller), None);
    caller.fake.end_tokens();
    assert_eq!(code(&caller).as_deref(), Some("bad.credentials"));
    let bare = caller.send("GET", "/api/v2/users", None, "");
    assert_eq!((bare.status.as_u16(), &body(&bare)["code"]), (401, &json!("authentication.required")));
}

#[test]
fn any_of_several_permissions_is_enough() {
    let caller = Caller::calm();
    let path = "/api/v2/routing/queues";
    let queue = text(&caller.rows(path)[0]["id"]).to_owned();
    caller.fake.forbid("routing:queue:view");
    let refused = caller.get(path);
    assert_eq!((refused.status.as_u16(), &body(&refused)["code"]), (403, &json!("missing.any.permissions")));
    assert!(text(&body(&refused)["message"]).contains("routing:queue:view"));
    assert!(refused.headers.contains_key("inin-correlation-id"));
    caller.rows(&format!("{path}/{queue}/members"));
    Endpoint::QueueMembers.permissions().iter().for_each(|permission| caller.fake.forbid(*permission));
    assert_eq!(caller.get(&format!("{path}/{queue}/members")).status, 403);
    assert_eq!(caller.rows("/api/v2/users").len(), 12, "people need none");
}

#[test]
fn planned_faults_happen() {
    let faults = FaultPlan::none().throttle(1).refuse_tokens(1).delay_recordings(1).expire_links(1).cut_downloads(1);
    let mut caller = Caller::new(faults.repeat_deliveries(1).reorder_events(1));
    assert_eq!(caller.get("/api/v2/users").status, 401);
    caller.log_in();
    let throttled = caller.get("/api/v2/users");
    assert_eq!((throttled.status.as_u16(), &throttled.headers["retry-after"]), (429, &"1".parse().expect("a value")));
    let query = json!({ "interval": "2026-10-19T00:00:00Z/2026-10-20T00:00:00Z", "paging": { "pageSize": 100 } });
    let rows = list(&body(&caller.query(&query))["conversations"]);
    assert_eq!(rows.len(), 13, "one twice");
    let call = caller.fake.scenario().calls.iter().position(|call| call.recorded).expect("a recorded call");
    let id = &caller.fake.scenario().calls[call].id;
    let path = format!("/api/v2/conversations/{id}/recordings/{}", caller.fake.recording_id(call));
    assert_eq!(caller.get(&path).status, 202);
    let link = text(&caller.good(&path)["mediaUris"]["S"]["mediaUri"]).replace("https://media.example.com", "");
    assert_eq!(caller.send("GET", &link, None, "").status, 403);
    let link = text(&caller.good(&path)["mediaUris"]["S"]["mediaUri"]).replace("https://media.example.com", "");
    assert!(caller.send("GET", &link, None, "").cut.is_some());
    assert!(caller.send("GET", &link, None, "").cut.is_none());
    assert_eq!(caller.fake.faults().unfired(), [] as [(Fault, usize); 0]);
}

#[test]
fn bad_rows_and_an_unavailable_server_are_there_when_asked_for() {
    let caller = Caller::calm();
    caller.fake.change(|settings| (settings.bad_rows, settings.unavailable) = (2, 1));
    assert_eq!(caller.get("/api/v2/users").status, 503);
    assert_eq!(caller.rows("/api/v2/users").len(), 14);
}

#[test]
fn requests_are_remembered_and_their_queries_are_not_shown() {
    let caller = Caller::calm();
    caller.get("/api/v2/users?state=any");
    caller.get("/api/v2/moon");
    let asked = caller.fake.requests();
    assert_eq!((asked.len(), caller.fake.count(Endpoint::Users)), (3, 1));
    assert_eq!((asked[2].endpoint, asked[2].status), (None, 404));
    assert_eq!(format!("{:?}", asked[1]), "Asked(GET /api/v2/users, 200)");
    assert_eq!(Endpoint::Recording.to_string(), "GET /api/v2/conversations/{id}/recordings/{recording}");
}

#[tokio::test]
async fn on_ports_of_this_machine_the_store_is_another_host() {
    let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await.expect("two ports");
    assert_eq!(fake.region().api(), fake.region().login());
    assert_ne!(fake.region().api().port(), fake.media().port());
}
