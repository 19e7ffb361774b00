//! Old calls, by jobs that search the vendor's archive.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use connector_core::testing::http::{Answer, Answers, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Conversation, ConversationHistory, HistoryQuery, ListingExt, Page, Priority, Result};
use connector_genesys::testing::{Endpoint, Fake};
use futures_util::TryStreamExt;
use serde_json::json;

use super::org::{Org, changed};

const CALLS: usize = 40;

fn fake() -> Arc<Fake> {
    Arc::new(Fake::new(&Scenario::day(CALLS, 7), FaultPlan::none()))
}

/// The fake's answers, where pages of what jobs found have seven rows.
fn sevens(fake: &Fake) -> impl Answers + use<> {
    let answers = fake.answers();
    move |request: &Request| {
        let mut asked = http::Request::builder()
            .method(request.method())
            .uri(request.uri().to_string().replace("pageSize=1000", "pageSize=7"));
        *asked.headers_mut().unwrap() = request.headers().clone();
        answers.answer(&asked.body(request.body().clone()).unwrap())
    }
}

fn org() -> Org {
    let fake = fake();
    let answers = sevens(&fake);
    Org::answered(fake, |config| config, answers)
}

fn backfill(org: &Org) -> HistoryQuery {
    let scenario = org.fake.scenario();
    let last = scenario.calls.iter().map(|call| call.ended()).max().unwrap();
    let mut query = HistoryQuery::between(scenario.starts, last + TimeDelta::minutes(1));
    query.priority = Priority::Backfill;
    query
}

async fn listed(org: &Org, query: HistoryQuery) -> Result<Vec<String>> {
    let rows = org.genesys.history().ended(query).items(|row| panic!("left out: {row}"));
    rows.map_ok(|call| call.this.id).try_collect().await
}

fn all(org: &Org) -> Vec<String> {
    org.fake.scenario().calls.iter().map(|call| call.id.clone()).collect()
}

fn jobs(org: &Org) -> (usize, usize) {
    (org.fake.count(Endpoint::SubmitJob), org.fake.count(Endpoint::Details))
}

#[tokio::test(start_paused = true)]
async fn old_calls_are_found_by_one_job() {
    let org = org();
    org.fake.change(|settings| settings.job_asks = 3);
    assert_eq!(listed(&org, backfill(&org)).await.unwrap(), all(&org));
    assert_eq!((jobs(&org), org.fake.count(Endpoint::JobResults)), ((1, 0), CALLS.div_ceil(7)));
}

#[tokio::test(start_paused = true)]
async fn no_job_searches_more_than_seven_days() {
    let org = org();
    let mut query = backfill(&org);
    query.from -= TimeDelta::days(20);
    assert_eq!(listed(&org, query).await.unwrap(), all(&org));
    assert_eq!(jobs(&org), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_archive_finds_is_the_same_version() {
    let org = org();
    let found: Vec<Conversation> =
        org.genesys.history().ended(backfill(&org)).items(|row| panic!("left out: {row}")).try_collect().await.unwrap();
    for (index, listed) in found.into_iter().enumerate() {
        let whole = org.facts(index).await;
        assert!(!whole.clone().merge(listed), "{}", whole.this);
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_backfill_goes_by_jobs() {
    let org = org();
    let mut query = backfill(&org);
    query.priority = Priority::Reconcile;
    assert_eq!(listed(&org, query).await.unwrap(), all(&org));
    assert_eq!(jobs(&org).0, 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_archive_lacks_is_asked_for_as_usual() {
    let org = org();
    let whole: BTreeSet<String> = all(&org).into_iter().collect();
    let (mut by_both, mut by_query) = (0, 0);
    for minutes in (0..14 * 60).step_by(47) {
        org.fake.change(|settings| settings.jobs_lag = TimeDelta::minutes(minutes));
        let before = jobs(&org);
        let found: BTreeSet<String> = listed(&org, backfill(&org)).await.unwrap().into_iter().collect();
        assert!(found == whole, "the archive is {minutes} minutes behind");
        let after = jobs(&org);
        by_both += usize::from(after.0 > before.0 && after.1 > before.1);
        by_query += usize::from(after.0 == before.0);
    }
    assert!(by_both > 0 && by_query > 0);
}

async fn pages(org: &Org) -> Vec<Page<Conversation>> {
    org.genesys.history().ended(backfill(org)).try_collect().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_with_the_job_of_another_process() {
    let org = org();
    let mut before = Vec::new();
    for page in pages(&org).await {
        before.extend(page.items.into_iter().map(|call| call.this.id));
        let Some(resume) = page.resume else { continue };
        assert!(resume.as_str().contains("10b0"), "the job's id: {}", resume.as_str());
        let mut query = backfill(&org);
        query.resume = Some(resume);
        let rest = listed(&org, query).await.unwrap();
        assert_eq!([before.clone(), rest].concat(), all(&org));
    }
    assert_eq!(jobs(&org), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_not_kept_any_more_is_submitted_anew() {
    let org = org();
    let pages = pages(&org).await;
    assert!(pages.len() > 4);
    for is_marked in [false, true] {
        for (number, page) in pages.iter().enumerate() {
            let Some(resume) = page.resume.clone() else { continue };
            // Another one, which has no such job, or says that it is over.
            let fake = fake();
            let (answers, asked) = (sevens(&fake), AtomicUsize::new(0));
            let later = Org::answered(
                fake,
                |config| config,
                move |request: &Request| {
                    let (answer, path) = (answers.answer(request), request.uri().path());
                    let is_of_job = path.contains("/jobs/") && !path.ends_with("availability");
                    match is_of_job && is_marked && asked.fetch_add(1, Ordering::Relaxed) < 2 {
                        true if path.ends_with("results") => {
                            Answer::json(&json!({ "code": "bad.request" })).with_status(400)
                        }
                        true => Answer::json(&json!({ "state": "EXPIRED" })),
                        false => answer,
                    }
                },
            );
            let mut query = backfill(&later);
            query.resume = Some(resume);
            assert_eq!(listed(&later, query).await.unwrap(), all(&later), "from page {number}, {is_marked}");
            assert!((1..=2).contains(&jobs(&later).0), "{:?}", jobs(&later));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_is_submitted_anew_and_then_given_up() {
    for (failing, expected) in [(1, (2, 0)), (2, (3, 0)), (3, (3, 2))] {
        let org = org();
        org.fake.change(|settings| settings.failing_jobs = failing);
        assert_eq!(listed(&org, backfill(&org)).await.unwrap(), all(&org));
        assert_eq!(jobs(&org), expected, "{failing} failed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_long_is_waited_for_again() {
    let org = org();
    org.fake.change(|settings| settings.job_asks = usize::MAX);
    let mut listing = org.genesys.history().ended(backfill(&org));
    let resume = listing.try_next().await.unwrap().unwrap().resume;
    let error = listing.try_next().await.unwrap_err();
    assert!(error.is_transient() && error.advice().is_some(), "{error}");
    assert!(org.fake.count(Endpoint::Job) < 100, "it is not asked all the time");
    org.fake.change(|settings| settings.job_asks = 0);
    let mut query = backfill(&org);
    query.resume = resume;
    assert_eq!(listed(&org, query).await.unwrap(), all(&org));
    assert_eq!(jobs(&org).0, 1);
}

#[tokio::test(start_paused = true)]
async fn results_that_fail_for_another_reason_end_the_listing() {
    let fake = fake();
    let answers = sevens(&fake);
    let org = Org::answered(
        fake,
        |config| config,
        move |request: &Request| {
            let answer = answers.answer(request);
            match request.uri().path().ends_with("/results") {
                true => Answer::json(&json!({ "code": "bad.request", "message": "no" })).with_status(400),
                false if request.uri().path().ends_with("/availability") => changed(&answer, |_| {}),
                false => answer,
            }
        },
    );
    assert_eq!(listed(&org, backfill(&org)).await.unwrap_err().status(), Some(400));
    assert_eq!(jobs(&org).0, 1);
}
