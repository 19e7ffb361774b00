//! The fake answers as the documentation says, asked without the client of this crate.

use bytes::Bytes;
use connector_core::testing::http::{Answer, Answers, Request};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_nice::testing::{Endpoint, Fake, Generation, NotReady, Permission, PlaybackShape, fixtures};
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
            let of_call: Vec<&Value> =
                rows.iter().filter(|row| row["masterContactId"].as_u64() == ids[0].parse().ok()).collect();
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

mod recordings {
    use std::time::Duration;

    use super::*;

    /// A call with two legs that was recorded.
    fn passed_on(caller: &Caller) -> usize {
        let calls = caller.fake.scenario().calls.iter();
        calls.clone().position(|call| call.recorded && call.legs().len() == 2).expect("a call that was passed on")
    }

    /// A caller on a day with a recorded call of two legs.
    fn caller(faults: FaultPlan) -> (Caller, usize, String) {
        let caller = Caller::new(60, faults);
        let call = passed_on(&caller);
        let path = format!(
            "/media-playback/v1/contacts?acd-call-id={}&media-type=voice-only",
            caller.fake.contact_ids(call)[0]
        );
        (caller, call, path)
    }

    /// The link of an answer in the download form, as a path.
    fn link(answer: &Answer) -> String {
        assert_eq!(answer.status, 200);
        let link = body(answer)["redirectUrl"].as_str().expect("a link").to_owned();
        link.strip_prefix("https://media.example.com").expect("another host").to_owned()
    }

    fn fetch(caller: &Caller, link: &str) -> Answer {
        caller.send("GET", link, None, "")
    }

    #[test]
    fn every_form_of_an_answer_leads_to_the_file() {
        let (caller, call, path) = caller(FaultPlan::none());
        let clip = caller.fake.scenario().calls[call].audio;
        assert_eq!(fetch(&caller, &link(&caller.get(&format!("{path}&isDownload=true")))).body, clip.wav());
        let told = body(&caller.get(&path));
        let data = &told["interactions"][0]["data"];
        assert!(data["fileToPlayUrl"].is_string());
        assert_eq!(data["segmentsDataList"].as_array().map(Vec::len), Some(2));
        assert_eq!(data["participantDataList"].as_array().map(Vec::len), Some(3));
        let shapes = [
            (PlaybackShape::FileToPlayUrl, "/fileToPlayUrl"),
            (PlaybackShape::Interactions, "/interactions/0/data/fileToPlayUrl"),
            (PlaybackShape::UpperInteractions, "/Interactions/0/data/fileToPlayUrl"),
            (PlaybackShape::Value, "/value/Interactions/0/Interaction/data/fileToPlayUrl"),
        ];
        for (shape, place) in shapes {
            caller.fake.change(|settings| settings.playback_shape = shape);
            let told = body(&caller.get(&format!("{path}&isDownload=true")));
            assert!(told.pointer(place).is_some_and(Value::is_string), "{shape:?}: {told}");
        }
        caller
            .fake
            .change(|settings| (settings.playback_shape, settings.elevated) = (PlaybackShape::Interactions, true));
        let told = body(&caller.get(&path));
        assert!(told["interactions"][0]["data"]["fileToPlayUrl"].is_null());
        assert!(told["interactions"][1]["data"]["fileToPlayUrl"].is_string());
    }

    #[test]
    fn the_file_of_a_call_grows_with_its_legs_and_each_leg_has_one_of_its_own() {
        let (caller, call, path) = caller(FaultPlan::none());
        let path = format!("{path}&isDownload=true");
        let told = caller.fake.scenario().calls[call].clone();
        caller.fake.at(told.started);
        assert_eq!(caller.get(&path).status, 404);
        caller.fake.at(told.legs()[0].ended);
        let first = fetch(&caller, &link(&caller.get(&path))).body;
        assert_eq!(Some(first.len() as u64), caller.fake.consolidated(call, 1).map(|clip| clip.len()));
        caller.fake.at(told.ended());
        assert_eq!(fetch(&caller, &link(&caller.get(&path))).body, told.audio.wav());
        assert!((first.len() as u64) < told.audio.len());
        let segments = caller.fake.segment_ids(call).into_iter().zip(caller.fake.segments(call));
        for (segment, clip) in segments {
            let told = body(&caller.get(&format!("/media-playback/v1/segments/{segment}")));
            let url = told["Interactions"][0]["data"]["fileToPlayUrl"].as_str().expect("a link").to_owned();
            assert_eq!(fetch(&caller, &url.replace("https://media.example.com", "")).body, clip.wav());
        }
    }

    #[test]
    fn what_was_not_recorded_and_the_id_of_a_later_leg_are_not_found() {
        let (caller, call, _) = caller(FaultPlan::none());
        let silent =
            caller.fake.scenario().calls.iter().position(|call| !call.recorded).expect("one without a recording");
        for id in [&caller.fake.contact_ids(silent)[0], &caller.fake.contact_ids(call)[1], &"1".to_owned()] {
            let answer = caller.get(&format!("/media-playback/v1/contacts?acd-call-id={id}"));
            assert_eq!(
                (answer.status.as_u16(), &body(&answer)["internalCode"]),
                (404, &json!("INTERACTION_NOT_FOUND"))
            );
        }
    }

    #[test]
    fn a_recording_is_not_ready_in_three_forms_and_then_it_is() {
        let (caller, _, path) = caller(FaultPlan::none().delay_recordings(1));
        caller.fake.change(|settings| settings.not_ready_asks = 2);
        let answers = [(); 4].map(|()| caller.get(&path));
        assert_eq!(answers.each_ref().map(|answer| answer.status.as_u16()), [404, 200, 202, 200]);
        assert_eq!(body(&answers[1])["interactions"], json!([]));
        assert!(answers[2].body.is_empty());
        assert!(caller.fake.faults().unfired().is_empty());
        caller.fake.change(|settings| (settings.not_ready_asks, settings.not_ready) = (9, Some(NotReady::Accepted)));
        assert_eq!(caller.get(&path).status, 202);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_the_limit_is_throttled_until_time_has_passed() {
        let (caller, _, path) = caller(FaultPlan::none());
        caller.fake.change(|settings| settings.playback_limit = (2, Duration::from_secs(300)));
        let status = || caller.get(&path).status.as_u16();
        assert_eq!([status(), status(), status()], [200, 200, 429]);
        tokio::time::advance(Duration::from_secs(299)).await;
        assert_eq!(status(), 429);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(status(), 200);
    }

    #[test]
    fn without_the_permission_nothing_is_played() {
        let (caller, _, path) = caller(FaultPlan::none());
        caller.fake.forbid(Permission::Playback);
        let answer = caller.get(&path);
        assert!(answer.status == 403 && body(&answer)["internalCode"].is_string());
        assert!(!caller.completed(DAY).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_ends_after_its_life_after_its_uses_and_by_fault() {
        let (caller, _, path) = caller(FaultPlan::none().expire_links(1));
        let path = format!("{path}&isDownload=true");
        let first = link(&caller.get(&path));
        assert_eq!([fetch(&caller, &first).status, fetch(&caller, &first).status], [403, 403]);
        caller.fake.change(|settings| settings.link_uses = 1);
        let once = link(&caller.get(&path));
        assert_eq!([fetch(&caller, &once).status, fetch(&caller, &once).status], [200, 403]);
        caller.fake.change(|settings| (settings.link_uses, settings.link_life) = (9, Duration::from_secs(30)));
        let brief = link(&caller.get(&path));
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(fetch(&caller, &brief).status, 200);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(fetch(&caller, &brief).status, 403);
        assert_eq!(fetch(&caller, &brief.replace("Signature=0", "Signature=1")).status, 403);
    }

    #[test]
    fn the_store_wants_no_token_and_says_what_it_holds() {
        let (caller, _, path) = caller(FaultPlan::none());
        let link = link(&caller.get(&format!("{path}&isDownload=true")));
        assert_eq!(fetch(&caller, &link).headers["content-type"], "audio/wav");
        assert_eq!(caller.fake.leaked_tokens(), 0);
        assert_eq!(caller.get(&link).status, 400);
        assert_eq!(caller.fake.leaked_tokens(), 1);
        caller.fake.delete_recordings();
        assert_eq!((fetch(&caller, &link).status.as_u16(), caller.get(&path).status.as_u16()), (404, 404));
    }

    #[test]
    fn legacy_files_belong_to_a_leg_and_come_in_base64() {
        let (caller, call, _) = caller(FaultPlan::none());
        let ids = caller.fake.contact_ids(call);
        for (id, clip) in ids.iter().zip(caller.fake.segments(call)) {
            let files = caller.acd(&format!("contacts/{id}/files"))["files"].as_array().expect("files").clone();
            let good: Vec<&Value> =
                files.iter().filter(|file| file["isDeleted"] == false && file["weblink"] == false).collect();
            assert_eq!((files.len(), good.len(), good[0]["size"].as_u64()), (3, 1, Some(clip.len())));
            let name = good[0]["fullFileName"].as_str().expect("a name");
            let file = caller.acd(&format!("files?fileName={name}"));
            let text = file["files"]["file"].as_str().expect("base64");
            assert_eq!(text.len() as u64, clip.len().div_ceil(3) * 4);
            assert!(text.starts_with("UklGR"), "RIFF");
        }
        assert_eq!(caller.get("/incontactapi/services/v23.0/contacts/1/files").status, 204);
        assert_eq!(caller.get("/incontactapi/services/v23.0/files?fileName=CallLog/x.wav").status, 404);
    }

    #[tokio::test]
    async fn three_hosts_do_what_is_theirs_and_a_download_is_cut_and_resumed() {
        use connector_core::http::{AccountKey, HttpClient, HttpOptions};
        use connector_core::{Context, Vendor};

        let fake = Fake::start(&Scenario::small(7), FaultPlan::none().cut_downloads(1)).await.expect("free ports");
        let key = AccountKey::new(Vendor::named("nice"), "fake");
        let client =
            |base| HttpClient::new(&Context::default(), &key, base, &HttpOptions::default()).expect("a client");
        assert!(client(fake.api()).get(".well-known/openid-configuration").send().await.unwrap_err().is_not_found());
        assert!(
            client(fake.media()).get("incontactapi/services/v23.0/groups").send().await.unwrap_err().is_not_found()
        );
        let found: Value =
            client(fake.issuer()).get(".well-known/openid-configuration").send().await.unwrap().json().unwrap();
        assert_eq!(found["token_endpoint"], format!("{}auth/token", fake.issuer()));
        let ((user, password), (id, secret)) = (fake.access_key(), fake.client());
        let form = [
            ("grant_type", "password"),
            ("username", &user),
            ("password", &password),
            ("client_id", &id),
            ("client_secret", &secret),
        ];
        let login: Value = client(fake.issuer()).post("auth/token").form(&form).send().await.unwrap().json().unwrap();
        let token = format!("Bearer {}", login["access_token"].as_str().unwrap());

        let call = fake.scenario().calls.iter().position(|call| call.recorded).expect("a recording");
        let asked =
            client(fake.api()).get("media-playback/v1/contacts").query("acd-call-id", &fake.contact_ids(call)[0]);
        let asked = asked.query("isDownload", true).header("authorization".parse().unwrap(), &token);
        let told: Value = asked.send().await.unwrap().json().unwrap();
        let link: url::Url = told["redirectUrl"].as_str().unwrap().parse().unwrap();
        assert_eq!(link.port(), fake.media().port());

        let wav = fake.scenario().calls[call].audio.wav();
        let (head, cut) = raw_get(&link, "bytes=0-").await;
        assert!(head.starts_with("HTTP/1.1 206") && cut.len() < wav.len() && wav.starts_with(&cut), "{head}");
        let (head, rest) = raw_get(&link, &format!("bytes={}-", cut.len())).await;
        assert!(head.contains(&format!("content-range: bytes {}-", cut.len())), "{head}");
        assert_eq!([cut, rest].concat(), wav);
        assert!(fake.faults().unfired().is_empty());
        assert_eq!(fake.count(Endpoint::Media), 2);
    }

    /// What comes back until the connection ends: the head and the body.
    async fn raw_get(link: &url::Url, range: &str) -> (String, Vec<u8>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", link.port().unwrap())).await.unwrap();
        let asked =
            format!("GET {}?{} HTTP/1.1\r\nHost: media\r\nRange: {range}\r\n\r\n", link.path(), link.query().unwrap());
        stream.write_all(asked.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let end = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        (String::from_utf8_lossy(&all[..end]).into_owned(), all.split_off(end + 4))
    }
}

mod reports {
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
}

mod sessions {
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
}

mod samples {
    use super::*;

    #[test]
    fn every_fixture_is_json_but_the_file() {
        for (name, text) in fixtures::all() {
            assert_eq!(serde_json::from_str::<Value>(text).is_ok(), name != "extraction_csv", "{name}");
        }
        assert!(fixtures::extraction_csv().starts_with('\u{feff}'));
    }

    /// Whether all keys of the sample are in what was told.
    fn has_keys_of(told: &Value, sample: &Value) {
        for key in sample.as_object().expect("an object").keys() {
            assert!(told.get(key).is_some(), "{key} is missing");
        }
    }

    #[test]
    fn the_fake_uses_the_keys_of_the_samples() {
        let caller = Caller::new(60, FaultPlan::none());
        let sample = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let completed = sample(fixtures::completed_contacts());
        let told = caller.acd(&format!("contacts/completed?{DAY}"));
        has_keys_of(&told, &completed);
        has_keys_of(&told["completedContacts"][0], &completed["completedContacts"][0]);
        caller.fake.change(|settings| settings.generation = Generation::New);
        let told = caller.acd(&format!("contacts/completed?{DAY}"));
        has_keys_of(&told["completedContacts"][0], &sample(fixtures::completed_contact_new()));
        let id = &caller.fake.contact_ids(0)[0];
        has_keys_of(&caller.acd(&format!("contacts/{id}"))["contactId"], &sample(fixtures::contact())["contactId"]);
        let agents = sample(fixtures::group_agents());
        let told = caller.acd("groups/7001/agents?assigned=true");
        has_keys_of(&told, &agents);
        has_keys_of(&told["agents"][0], &agents["agents"][0]);
        let playback = sample(fixtures::playback());
        let recorded = caller.fake.scenario().calls.iter().position(|call| call.recorded).unwrap();
        let master = &caller.fake.contact_ids(recorded)[0];
        let told = body(&caller.get(&format!("/media-playback/v1/contacts?acd-call-id={master}")));
        has_keys_of(&told, &playback);
        has_keys_of(&told["interactions"][0], &playback["interactions"][0]);
        has_keys_of(&told["interactions"][0]["data"], &playback["interactions"][0]["data"]);
        let files = caller.acd(&format!("contacts/{master}/files"));
        has_keys_of(&files["files"][0], &sample(fixtures::contact_files())["files"][0]);
        let tenant = caller.fake.tenant_id();
        let found = caller.send("GET", &format!("/.well-known/cxone-configuration?tenantId={tenant}"), None, "");
        has_keys_of(&body(&found), &sample(fixtures::discovery()));
        has_keys_of(&body(&caller.login(&caller.form())), &sample(fixtures::token()));
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
