//! The fake answers as the documentation says, asked without the client of this crate.

use bytes::Bytes;
use connector_core::testing::http::{Answer, Answers, Request};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_nice::testing::{Endpoint, Fake, Generation, Permission};
use serde_json::{Value, json};

/// Somebody who asks a fake, without sockets.
struct Caller {
    fake: Fake,
    answers: Box<dyn Answers>,
    token: String,
}

impl Caller {
    fn new(calls: usize, faults: FaultPlan) -> Self {
        let fake = Fake::new(&Scenario::day(calls, 7), faults);
        let answers = Box::new(fake.answers());
        let mut caller = Self { fake, answers, token: String::new() };
        caller.log_in();
        caller
    }

    fn calm() -> Self {
        Self::new(12, FaultPlan::none())
    }

    fn log_in(&mut self) {
        let answer = self.login(&self.form());
        self.token = body(&answer)["access_token"].as_str().expect("a token").to_owned();
    }

    /// The fields of a login.
    fn form(&self) -> String {
        let ((client, client_secret), (key, secret)) = (self.fake.client(), self.fake.access_key());
        format!("grant_type=password&username={key}&password={secret}&client_id={client}&client_secret={client_secret}")
    }

    fn login(&self, form: &str) -> Answer {
        self.send("POST", "/auth/token", None, form)
    }

    fn send(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request: Request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
        self.answers.answer(&request)
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Some(&self.token), "")
    }

    /// The answer of the ACD API, which has to be 200.
    fn acd(&self, path: &str) -> Value {
        let answer = self.get(&format!("/incontactapi/services/v23.0/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        body(&answer)
    }

    /// The calls, chats aside, of a list of completed contacts.
    fn completed(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/incontactapi/services/v23.0/contacts/completed?mediaTypeId=4&{query}"));
        if answer.status == 204 {
            return Vec::new();
        }
        body(&answer)["completedContacts"].as_array().expect("a list").clone()
    }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Everything that started on the day.
const DAY: &str = "startDate=2026-10-19T00:00:00Z&endDate=2026-10-20T00:00:00Z";
/// Everything that was updated on the day.
const SINCE: &str = "updatedSince=2026-10-19T00:00:00.000Z";

mod login {
    use super::*;

    #[test]
    fn discovery_leads_from_the_issuer_to_the_api() {
        let caller = Caller::calm();
        let discovery = body(&caller.send("GET", "/.well-known/openid-configuration", None, ""));
        assert_eq!(discovery["token_endpoint"], "https://login.example.com/auth/token");
        let tenant = caller.fake.tenant_id();
        let found = caller.send("GET", &format!("/.well-known/cxone-configuration?tenantId={tenant}"), None, "");
        assert_eq!(body(&found)["api_endpoint"], "https://api-na1.example.com");
        for name in ["private", "ui_endpoint", "auth_endpoint", "api_endpoint", "domain", "uhDomain"] {
            assert!(!body(&found)[name].is_null(), "{name}");
        }
        assert_eq!(caller.send("GET", "/.well-known/cxone-configuration?tenantId=other", None, "").status, 404);
    }

    #[test]
    fn a_wrong_client_key_or_grant_gets_no_token() {
        let caller = Caller::calm();
        let form = caller.form();
        assert_eq!(caller.login(&form).status, 200);
        for (was, is, status) in [
            ("client_secret=demo", "client_secret=x", 401),
            ("password=access", "password=x", 400),
            ("grant_type=password", "grant_type=client_credentials", 400),
        ] {
            let answer = caller.login(&form.replace(was, is));
            assert_eq!(answer.status, status, "{is}");
            assert!(body(&answer)["errorDescription"].is_string());
        }
    }

    #[test]
    fn the_client_pair_comes_as_a_basic_header_or_as_fields() {
        let caller = Caller::calm();
        let (key, secret) = caller.fake.access_key();
        let form = format!("grant_type=password&username={key}&password={secret}");
        let basic = |pair: &str| {
            let request = http::Request::builder().method("POST").uri("/auth/token").header("authorization", pair);
            caller.answers.answer(&request.body(Bytes::from(form.clone())).expect("a request")).status
        };
        // demo-client:demo-client-secret
        let good = "Basic ZGVtby1jbGllbnQ6ZGVtby1jbGllbnQtc2VjcmV0";
        assert_eq!((basic(good), basic("Basic eDp4")), (200.try_into().unwrap(), 401.try_into().unwrap()));
        assert_eq!(caller.login(&form).status, 401);
        caller.fake.change(|settings| settings.client_in_form = true);
        assert_eq!((basic(good).as_u16(), caller.login(&caller.form()).status.as_u16()), (401, 200));
    }

    #[test]
    fn an_unknown_an_ended_and_a_rotated_token_are_refused() {
        let mut caller = Caller::calm();
        assert_eq!(caller.send("GET", "/incontactapi/services/v23.0/contacts/completed", None, "").status, 401);
        caller.fake.end_tokens();
        assert_eq!(body(&caller.get("/incontactapi/services/v23.0/server-time")), json!({ "message": "Unauthorized" }));
        let before = caller.form();
        caller.fake.rotate_credentials();
        assert_eq!(caller.login(&before).status, 400);
        caller.log_in();
        assert!(!caller.completed(DAY).is_empty());
        caller.fake.log_in_fails();
        assert_eq!(caller.login(&caller.form()).status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_dies_after_its_life() {
        let caller = Caller::calm();
        tokio::time::advance(std::time::Duration::from_secs(3_599)).await;
        assert!(!caller.completed(DAY).is_empty());
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert_eq!(caller.get("/incontactapi/services/v23.0/contacts/completed").status, 401);
    }

    #[test]
    fn the_regional_login_renews_its_token_under_other_keys() {
        let caller = Caller::calm();
        let (key, secret) = caller.fake.access_key();
        let pair = json!({ "accessKeyId": key, "accessKeySecret": secret }).to_string();
        let first = body(&caller.send("POST", "/authentication/v1/token/access-key", None, &pair));
        let renew = json!({ "token": first["refresh_token"] }).to_string();
        let fresh = body(&caller.send("POST", "/public/user/refresh", None, &renew));
        assert!(fresh["token"].is_string() && fresh["refreshToken"].is_string() && fresh["access_token"].is_null());
        assert_eq!(fresh["tokenExpirationTimeSec"], 3_600);
        assert_eq!(caller.send("POST", "/public/user/refresh", None, &renew).status, 401);
        assert_eq!(caller.send("POST", "/authentication/v1/token/access-key", None, "{}").status, 401);
    }
}

mod completed {
    use super::*;

    #[test]
    fn a_day_shows_every_leg_once_with_the_id_of_its_call() {
        let caller = Caller::calm();
        let rows = caller.completed(DAY);
        let legs: usize = caller.fake.scenario().calls.iter().map(|call| call.legs().len()).sum();
        assert_eq!(rows.len(), legs);
        assert!(legs > 12, "no call was passed on");
        for (index, call) in caller.fake.scenario().calls.iter().enumerate() {
            let ids = caller.fake.contact_ids(index);
            let of_call: Vec<&Value> = rows.iter().filter(|row| row["masterContactId"].to_string() == ids[0]).collect();
            assert_eq!(of_call.len(), call.legs().len());
            assert!(of_call.iter().all(|row| row["isLogged"] == call.recorded));
        }
        assert_eq!(caller.acd(&format!("contacts/completed?{DAY}"))["totalRecords"], legs + 2, "two chats");
    }

    #[test]
    fn two_generations_say_the_same_under_other_names() {
        let caller = Caller::calm();
        let old = caller.completed(DAY);
        caller.fake.change(|settings| settings.generation = Generation::New);
        let new = caller.completed(DAY);
        let renamed = [
            ("contactStart", "contactStartDate"),
            ("fromAddr", "fromAddress"),
            ("toAddr", "toAddress"),
            ("mediaType", "mediaTypeId"),
            ("confSeconds", "conferenceSeconds"),
            ("ACWSeconds", "acwSeconds"),
        ];
        for (old, new) in old.iter().zip(&new) {
            for (before, now) in renamed {
                assert!(new[before].is_null() && old[now].is_null(), "{before}");
                let (before, now) = (&old[before], &new[now]);
                assert!(before == now || before.as_f64() == now.as_f64(), "{before} is not {now}");
            }
            assert_eq!((&old["contactId"], &old["agentId"]), (&new["contactId"], &new["agentId"]));
        }
        caller.fake.change(|settings| settings.generation = Generation::ByVersion);
        let by_version = body(&caller.get(&format!("/inContactAPI/services/v33.0/contacts/completed?{DAY}")));
        assert!(by_version["completedContacts"][0]["contactStartDate"].is_string());
    }

    #[test]
    fn pages_are_cut_and_linked_and_an_empty_list_has_no_body() {
        let caller = Caller::calm();
        let all = caller.completed(DAY);
        let mut paged = Vec::new();
        while paged.len() < all.len() {
            let page = caller.completed(&format!("{DAY}&top=5&skip={}", paged.len()));
            assert!(!page.is_empty());
            paged.extend(page);
        }
        assert_eq!(paged, all);
        let first = caller.acd(&format!("contacts/completed?{DAY}&top=5"));
        let next = first["_links"]["next"].as_str().expect("a further page").replace("https://api-na1.example.com", "");
        assert_eq!(body(&caller.get(&next))["completedContacts"].as_array().map(Vec::len), Some(5));
        let none = caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{DAY}&agentId=1"));
        assert_eq!((none.status.as_u16(), none.body.len()), (204, 0));
        caller.fake.change(|settings| settings.most_rows = 3);
        assert_eq!(caller.completed(&format!("{DAY}&top=10000")).len(), 3);
    }

    #[test]
    fn old_versions_wrap_a_list() {
        let caller = Caller::calm();
        caller.fake.change(|settings| settings.result_set = true);
        let answer = caller.acd(&format!("contacts/completed?{DAY}"));
        assert!(answer["completedContacts"].is_null() && answer["resultSet"]["completedContacts"].is_array());
    }

    #[test]
    fn a_time_with_an_offset_and_a_missing_time_are_refused() {
        let caller = Caller::calm();
        for query in ["", "updatedSince=2026-10-19T00:00:00%2B02:00", "startDate=2026-10-19T00:00:00Z"] {
            let answer = caller.get(&format!("/incontactapi/services/v23.0/contacts/completed?{query}"));
            assert_eq!((answer.status.as_u16(), answer.body.len()), (400, 0), "{query}");
            assert!(answer.headers.contains_key("icstatusdescription"));
        }
        assert!(!caller.completed("startDate=2026-10-19&endDate=2026-10-20").is_empty());
    }

    #[test]
    fn a_call_shows_when_it_is_over_and_again_when_the_work_after_it_is_done() {
        let caller = Caller::calm();
        let call = caller.fake.scenario().calls[0].clone();
        let shown = caller.fake.scenario().calls[0].ended() + chrono::TimeDelta::seconds(1);
        caller.fake.at(call.ended());
        assert!(caller.completed(SINCE).len() < call.legs().len());
        caller.fake.at(shown);
        let row = caller.completed(SINCE).pop().expect("the last leg");
        assert!(row["primaryDispositionId"].is_null() && row["ACWSeconds"] == 0);
        caller.fake.play(1);
        let later = caller.completed(SINCE).into_iter().find(|later| later["contactId"] == row["contactId"]);
        let later = later.expect("the same leg");
        assert!(later["primaryDispositionId"].is_u64() && later["ACWSeconds"].as_u64() > Some(0));
        assert!(later["lastUpdateTime"].as_str() > row["lastUpdateTime"].as_str());
        let after = format!("updatedSince={}", later["lastUpdateTime"].as_str().unwrap_or_default());
        assert_eq!(caller.completed(&after).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_unfolds_while_somebody_polls() {
        let caller = Caller::calm();
        caller.fake.follow(connector_core::Clock::starting_at(caller.fake.scenario().starts));
        let mut seen = std::collections::BTreeSet::new();
        let mut rounds = 0;
        let mut since = caller.fake.scenario().starts.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        caller.fake.change(|settings| settings.token_life = std::time::Duration::from_secs(90_000));
        let mut caller = caller;
        caller.log_in();
        while seen.len() < caller.completed(DAY).len() || rounds < 66 {
            tokio::time::advance(std::time::Duration::from_secs(600)).await;
            let answer = caller
                .get(&format!("/incontactapi/services/v23.0/contacts/completed?updatedSince={since}&mediaTypeId=4"));
            if answer.status == 200 {
                since = body(&answer)["lastPollTime"].as_str().expect("a time").to_owned();
                seen.extend(
                    body(&answer)["completedContacts"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|row| row["contactId"].to_string()),
                );
            }
            rounds += 1;
        }
        let legs: usize = caller.fake.scenario().calls.iter().map(|call| call.legs().len()).sum();
        assert_eq!((seen.len(), rounds), (legs, 66));
    }

    #[test]
    fn a_row_that_is_updated_between_two_pages_hides_the_one_behind_it() {
        let caller = Caller::calm();
        caller.fake.change(|settings| settings.shifts = 1);
        let ids = |rows: Vec<Value>| rows.into_iter().map(|row| row["contactId"].to_string()).collect::<Vec<_>>();
        let page =
            |skip: usize| ids(caller.completed(&format!("{SINCE}&orderBy=lastUpdateTime%20asc&top=4&skip={skip}")));
        let all = ids(caller.completed(&format!("{SINCE}&orderBy=lastUpdateTime%20asc")));
        let paged: Vec<String> = (0..all.len()).step_by(4).flat_map(page).collect();
        let missed: Vec<&String> = all.iter().filter(|id| !paged.contains(id)).collect();
        assert_eq!(missed, [&all[4]]);
    }

    #[test]
    fn a_lost_call_is_shown_by_no_poll_but_by_the_window() {
        let caller = Caller::new(12, FaultPlan::none().lose_events(2));
        let whole = caller.completed(DAY).len();
        let polled = caller.completed(SINCE);
        assert_eq!(caller.fake.lost().len(), 2);
        let lost: usize = caller.fake.lost().iter().map(|call| caller.fake.contact_ids(*call).len()).sum();
        assert_eq!(polled.len() + lost, whole);
        assert_eq!(caller.completed(SINCE), polled, "what is lost stays lost, and nothing else is");
        assert!(caller.fake.faults().unfired().is_empty());
    }

    #[test]
    fn rows_come_twice_and_out_of_order_in_polls_alone() {
        let caller = Caller::new(12, FaultPlan::none().repeat_deliveries(1).reorder_events(1));
        let window = caller.completed(DAY);
        assert_eq!(caller.fake.faults().fired(Fault::Duplicate), 0);
        let mut polled = caller.completed(&format!("{SINCE}&orderBy=contactStart"));
        assert_eq!(polled.len(), window.len() + 1);
        polled.reverse();
        polled.dedup();
        assert_eq!(polled, window);
    }

    #[test]
    fn rows_that_make_no_sense_stand_among_the_others() {
        let caller = Caller::calm();
        let good = caller.completed(DAY).len();
        caller.fake.change(|settings| settings.bad_rows = 2);
        let rows = caller.completed(DAY);
        assert_eq!(rows.len(), good + 2);
        assert_eq!(rows.iter().filter(|row| row["contactId"].is_string()).count(), 2);
    }
}

mod directory {
    use super::*;

    /// What is the same number, as a number or as a text.
    fn id(value: &Value) -> String {
        value.to_string().trim_matches('"').to_owned()
    }

    #[test]
    fn groups_have_agents_and_teams_have_them_nested() {
        let caller = Caller::calm();
        let groups = caller.acd("groups");
        assert_eq!((groups["totalRecords"].as_u64(), groups["groups"].as_array().map(Vec::len)), (Some(3), Some(3)));
        let mut people = Vec::new();
        for group in groups["groups"].as_array().into_iter().flatten() {
            let members = caller.acd(&format!("groups/{}/agents?assigned=true", id(&group["groupId"])));
            let others = caller.acd(&format!("groups/{}/agents?assigned=false", id(&group["groupId"])));
            assert_eq!(
                members["totalRecords"].as_u64().zip(others["totalRecords"].as_u64()).map(|(a, b)| a + b),
                Some(12)
            );
            people.extend(members["agents"].as_array().expect("agents").iter().map(|agent| id(&agent["agentId"])));
        }
        people.sort();
        let all: Vec<String> = (31_000_101..=31_000_112).map(|id: u32| id.to_string()).collect();
        assert_eq!(people, all);
        let team = caller.acd("teams/8801/agents");
        assert!(team["agents"].is_null());
        assert_eq!(
            team["teams"][0]["agents"].as_array().map(Vec::len),
            team["totalRecords"].as_u64().map(|n| n as usize)
        );
        assert_eq!(caller.acd("teams/agents")["teams"].as_array().map(Vec::len), Some(3));
        assert_eq!(caller.get("/incontactapi/services/v23.0/groups/1/agents").status, 404);
    }

    #[test]
    fn numbers_come_as_texts_and_truths_as_words_here_and_there() {
        let agents = Caller::calm().acd("agents")["agents"].as_array().expect("agents").clone();
        let some = |is: fn(&Value) -> bool| agents.iter().filter(|agent| is(agent)).count();
        assert_eq!((some(|agent| agent["agentId"].is_string()), some(|agent| agent["agentId"].is_u64())), (4, 8));
        assert_eq!((some(|agent| agent["isActive"] == "True"), some(|agent| agent["isActive"] == true)), (3, 6));
    }

    #[test]
    fn agents_come_in_pages_with_the_fields_asked_for() {
        let caller = Caller::calm();
        let page = caller.acd("agents?skip=10&top=5&fields=agentId,UserName");
        let agents = page["agents"].as_array().expect("agents");
        assert_eq!((agents.len(), page["totalRecords"].as_u64()), (2, Some(12)));
        assert!(agents.iter().all(|agent| agent.as_object().is_some_and(|agent| agent.len() == 2)), "{agents:?}");
        assert!(page["_links"]["next"].is_null() && page["_links"]["previous"].is_string());
        assert_eq!(caller.get("/incontactapi/services/v23.0/agents?skip=12").status, 204);
        assert_eq!(caller.acd("agents/31000103")["agents"][0]["lastName"], "Brandt");
    }

    #[test]
    fn entries_that_make_no_sense_stand_among_the_others() {
        let caller = Caller::calm();
        caller.fake.change(|settings| settings.bad_rows = 1);
        assert_eq!(
            (caller.acd("groups")["totalRecords"].as_u64(), caller.acd("agents")["totalRecords"].as_u64()),
            (Some(4), Some(13))
        );
    }
}

mod trouble {
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
}
