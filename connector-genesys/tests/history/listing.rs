//! Listings: windows, pages, positions, refusals.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::testing::http::{Answer, Answers, Request};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{Conversation, ConversationHistory, HistoryQuery, ListingExt, Page, Result};
use connector_genesys::testing::{Endpoint, Fake};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::org::{Org, changed};

fn of(calls: usize) -> Fake {
    Fake::new(&Scenario::day(calls, 7), FaultPlan::none())
}

fn day(org: &Org) -> HistoryQuery {
    let starts = org.fake.scenario().starts;
    HistoryQuery::between(starts, starts + TimeDelta::hours(12))
}

/// The ids of all rows, in order, with repetitions.
async fn listed(org: &Org, query: HistoryQuery) -> Result<Vec<String>> {
    let rows = org.genesys.history().ended(query).items(|row| panic!("left out: {row}"));
    rows.map_ok(|call| call.this.id).try_collect().await
}

/// Those of the calls that ended in a window, in the order in which they began.
fn ended(org: &Org, query: &HistoryQuery) -> Vec<String> {
    let calls = org.fake.scenario().calls.iter();
    calls.filter(|call| (query.from..query.to).contains(&call.ended())).map(|call| call.id.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_call_is_listed_once_in_pages_of_any_size() {
    for page in [1, 2, 3, 7, 20, 100] {
        let org = Org::with(of(50), |_, _, answer| answer, |config| config.with_page(page));
        assert_eq!(listed(&org, day(&org)).await.unwrap(), ended(&org, &day(&org)), "pages of {page}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_calls_that_ended_in_the_window_are_told() {
    let org = Org::of(of(30));
    let call = &org.fake.scenario().calls[15];
    for (from, to) in [
        (call.ended(), call.ended() + TimeDelta::milliseconds(1)),
        (call.ended() + TimeDelta::milliseconds(1), call.ended() + TimeDelta::hours(1)),
        (call.started, call.ended()),
    ] {
        let query = HistoryQuery::between(from, to);
        assert_eq!(listed(&org, query.clone()).await.unwrap(), ended(&org, &query));
    }
}

/// A fake whose day begins so late that calls go on at midnight.
fn late() -> Fake {
    let mut scenario = Scenario::day(30, 7);
    let middle = &scenario.calls[15];
    let to_midnight = "2026-10-20T00:00:00Z".parse::<DateTime<Utc>>().unwrap()
        - (middle.started + (middle.ended() - middle.started) / 2);
    scenario.starts += to_midnight;
    scenario.calls.iter_mut().for_each(|call| call.started += to_midnight);
    Fake::new(&scenario, FaultPlan::none())
}

#[tokio::test(start_paused = true)]
async fn a_call_across_midnight_is_listed_on_the_day_of_its_end() {
    let org = Org::of(late());
    let midnight: DateTime<Utc> = "2026-10-20T00:00:00Z".parse().unwrap();
    let call = &org.fake.scenario().calls[15];
    assert!(call.started < midnight && midnight < call.ended());
    let after = HistoryQuery::between(midnight, midnight + TimeDelta::days(1));
    let (found, expected) = (listed(&org, after.clone()).await.unwrap(), ended(&org, &after));
    assert!(found.contains(&call.id) && found == expected);
    let before = HistoryQuery::between(midnight - TimeDelta::days(1), midnight);
    let found = listed(&org, before.clone()).await.unwrap();
    assert!(!found.contains(&call.id) && found == ended(&org, &before));
}

#[tokio::test(start_paused = true)]
async fn no_question_is_about_more_than_a_day() {
    let org = Org::with(
        of(30),
        |_, request, answer| {
            if request.uri().path().ends_with("details/query") {
                let query: Value = serde_json::from_slice(request.body()).unwrap();
                let (from, to) = query["interval"].as_str().unwrap().split_once('/').unwrap();
                let [from, to] = [from, to].map(|at| at.parse::<DateTime<Utc>>().unwrap());
                assert!(
                    from < to
                        && to - from <= TimeDelta::days(1)
                        && from.date_naive() == (to - TimeDelta::milliseconds(1)).date_naive()
                );
                assert_eq!((&query["orderBy"], &query["order"]), (&json!("conversationStart"), &json!("asc")));
                let filters = query["conversationFilters"].to_string() + &query["segmentFilters"].to_string();
                assert!(filters.contains("conversationEnd") && filters.contains("voice"));
            }
            answer
        },
        |config| config,
    );
    let mut week = day(&org);
    week.from -= TimeDelta::days(6);
    assert_eq!(listed(&org, week.clone()).await.unwrap(), ended(&org, &week));
    assert_eq!(org.fake.count(Endpoint::Details), 8, "one for each day, and one for the day before");
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_from_any_of_its_positions_in_another_process() {
    for page in [3, 7] {
        let org = Org::with(late(), |_, _, answer| answer, |config| config.with_page(page));
        let mut query = day(&org);
        query.to += TimeDelta::days(1);
        let pages: Vec<Page<Conversation>> = org.genesys.history().ended(query.clone()).try_collect().await.unwrap();
        assert!(pages.len() > 4);
        let all: BTreeSet<String> = ended(&org, &query).into_iter().collect();
        let mut before = BTreeSet::new();
        for page in pages {
            before.extend(page.items.into_iter().map(|call| call.this.id));
            let Some(resume) = page.resume else { continue };
            let mut rest = query.clone();
            rest.resume = Some(resume);
            let mut together = before.clone();
            together.extend(listed(&org, rest).await.unwrap());
            assert_eq!(together, all);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn people_are_named_and_asked_for_at_once_and_only_once() {
    let org = Org::with(of(60), |_, _, answer| answer, |config| config.with_page(10));
    let rows = || org.genesys.history().ended(day(&org)).items(|row| panic!("left out: {row}"));
    let calls: Vec<Conversation> = rows().try_collect().await.unwrap();
    let people: BTreeSet<_> = calls.iter().flat_map(|call| &call.legs).map(|leg| leg.agent.clone().unwrap()).collect();
    assert!(people.len() > 3 && people.iter().all(|who| who.login.is_some()));
    let asked = org.fake.count(Endpoint::Users);
    assert!(asked <= 6, "{asked} questions for six pages");
    let again: Vec<Conversation> = rows().try_collect().await.unwrap();
    assert_eq!((again, org.fake.count(Endpoint::Users)), (calls, asked));
}

#[tokio::test(start_paused = true)]
async fn people_whom_nobody_knows_are_asked_for_once_in_a_listing() {
    let between = |_: &Fake, request: &Request, answer: Answer| match request.uri().path() == "/api/v2/users" {
        true => changed(&answer, |body| body["entities"] = json!([])),
        false => answer,
    };
    let org = Org::with(of(60), between, |config| config.with_page(10));
    let rows = org.genesys.history().ended(day(&org)).items(|row| panic!("left out: {row}"));
    let calls: Vec<Conversation> = rows.try_collect().await.unwrap();
    let people: BTreeSet<_> = calls.iter().flat_map(|call| &call.legs).map(|leg| leg.agent.clone().unwrap()).collect();
    assert!(people.iter().all(|who| who.id.is_some() && who.login.is_none()));
    let ids = org.fake.requests().iter().flat_map(|asked| asked.query.clone()).filter(|(name, _)| name == "id").count();
    assert_eq!(ids, people.len());
}

#[tokio::test(start_paused = true)]
async fn a_position_that_cannot_be_read_is_an_error_and_asks_nobody() {
    let org = Org::of(of(5));
    let mut query = day(&org);
    query.resume = Some(connector_core::Cursor::new(r#"{"Began": 7}"#));
    assert!(listed(&org, query).await.unwrap_err().is_invalid());
    assert_eq!(org.fake.count(Endpoint::Details), 0);
}

#[tokio::test(start_paused = true)]
async fn bad_rows_cost_themselves_and_are_told_of() {
    let org = Org::of(of(12));
    org.fake.change(|settings| settings.bad_rows = 1);
    let (tell, told) = std::sync::mpsc::channel();
    let rows = org.genesys.history().ended(day(&org)).items(move |row| tell.send(row.to_string()).unwrap());
    let ids: Vec<String> = rows.map_ok(|call| call.this.id).try_collect().await.unwrap();
    assert_eq!(ids, ended(&org, &day(&org)));
    let told: Vec<String> = told.try_iter().collect();
    assert!(told.len() == 1 && told[0].contains("no_conversation_id"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn repeated_and_reversed_rows_are_told_once() {
    let faults = FaultPlan::none().with(Fault::Duplicate, 3).with(Fault::Reordered, 3).every(Fault::Reordered, 2);
    let fake = Fake::new(&Scenario::day(60, 7), faults.clone());
    let org = Org::with(fake, |_, _, answer| answer, |config| config.with_page(10));
    let mut found = listed(&org, day(&org)).await.unwrap();
    let mut expected = ended(&org, &day(&org));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(faults.unfired().is_empty(), "{:?}", faults.unfired());
}

#[tokio::test(start_paused = true)]
async fn throttling_and_tokens_that_end_are_no_end_of_a_listing() {
    let faults = FaultPlan::none().with(Fault::Throttled, 3).with(Fault::Unauthorized, 2).every(Fault::Unauthorized, 3);
    let fake = Fake::new(&Scenario::day(60, 7), faults.clone());
    let org = Org::with(fake, |_, _, answer| answer, |config| config.with_page(10));
    assert_eq!(listed(&org, day(&org)).await.unwrap(), ended(&org, &day(&org)));
    assert!(faults.unfired().is_empty(), "{:?}", faults.unfired());
}

/// The calls that began in an interval, as a fake would that selects by the hour; and the number of hits times this.
fn by_the_hour(fake: &Fake, factor: i64) -> impl Answers + use<> {
    let answers = fake.answers();
    move |request: &Request| {
        let answer = answers.answer(request);
        if !request.uri().path().ends_with("details/query") || answer.status != 200 {
            return answer;
        }
        let query: Value = serde_json::from_slice(request.body()).unwrap();
        let (from, to) = query["interval"].as_str().unwrap().split_once('/').unwrap();
        let [from, to] = [from, to].map(|at| at.parse::<DateTime<Utc>>().unwrap());
        let mut whole = query.clone();
        whole["paging"] = json!({ "pageSize": 100, "pageNumber": 1 });
        let mut asked = http::Request::builder().method("POST").uri(request.uri());
        *asked.headers_mut().unwrap() = request.headers().clone();
        let all = answers.answer(&asked.body(whole.to_string().into()).unwrap());
        changed(&all, |body| {
            let began = |row: &&Value| {
                (from..to).contains(&row["conversationStart"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap())
            };
            let rows: Vec<Value> = body["conversations"]
                .as_array()
                .map_or(Vec::new(), |rows| rows.iter().filter(began).cloned().collect());
            let (size, page) = (
                query["paging"]["pageSize"].as_u64().unwrap() as usize,
                query["paging"]["pageNumber"].as_u64().unwrap() as usize,
            );
            *body = json!({ "totalHits": rows.len() as i64 * factor });
            let shown: Vec<&Value> = rows.iter().skip(size * (page - 1)).take(size).collect();
            if !shown.is_empty() {
                body["conversations"] = json!(shown);
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn times_with_too_many_calls_are_halved() {
    let fake = Arc::new(of(60));
    // Each call counts for a thousand.
    let answers = by_the_hour(&fake, 1_000);
    let org = Org::answered(fake, |config| config, answers);
    assert_eq!(listed(&org, day(&org)).await.unwrap(), ended(&org, &day(&org)));
    assert!(org.fake.count(Endpoint::Details) > 20, "at most 8 in each time");
}

#[tokio::test(start_paused = true)]
async fn where_halves_have_as_much_as_the_whole_it_is_read_at_once() {
    let between = |_: &Fake, request: &Request, answer: Answer| {
        if request.uri().path().ends_with("details/query") && answer.status == 200 {
            return changed(&answer, |body| body["totalHits"] = json!(9_000));
        }
        answer
    };
    let org = Org::with(of(60), between, |config| config);
    assert_eq!(listed(&org, day(&org)).await.unwrap(), ended(&org, &day(&org)));
    assert!(org.fake.count(Endpoint::Details) < 20, "{}", org.fake.count(Endpoint::Details));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_ends_the_listing_where_it_can_be_taken_up_again() {
    let org = Org::with(of(30), |_, _, answer| answer, |config| config.with_page(10));
    let mut pages = org.genesys.history().ended(day(&org));
    let first = pages.try_next().await.unwrap().unwrap();
    let second = pages.try_next().await.unwrap().unwrap();
    org.fake.change(|settings| settings.unavailable = usize::MAX);
    assert!(pages.try_next().await.unwrap_err().is_transient());
    assert!(pages.try_next().await.unwrap().is_none());
    org.fake.change(|settings| settings.unavailable = 0);
    let mut query = day(&org);
    query.resume = second.resume;
    let mut all: Vec<String> = [first.items, second.items].concat().into_iter().map(|call| call.this.id).collect();
    all.extend(listed(&org, query).await.unwrap());
    all.dedup();
    assert_eq!(all, ended(&org, &day(&org)));
}
