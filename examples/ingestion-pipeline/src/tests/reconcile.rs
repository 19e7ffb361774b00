//! What was missed: gaps that are made good, comparisons every night, runs that go on after a restart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::reconcile::{NightlyAt, ReconcileMode};
use connector_core::{AgentRef, Conversation, Cursor, Error, Gap, HistoryQuery, Item, Page, Result, Stamp, Zone};

use super::pipeline::{DAY, calls, start};
use crate::call::Media;
use crate::fakes::{Bench, FakeSource, at, origin, told, until};
use crate::pipeline::SourceOptions;
use crate::recover::Recovering;
use crate::recover::{Plan, ReconcileLog, Run, Schedule};
use crate::scope::{Member, Scope};

const LAG: Duration = Duration::from_secs(600);

fn past_call(id: &str, ended: DateTime<Utc>) -> Conversation {
    let mut call = told(id, 1);
    call.ended = Some(Stamp::vendor(ended));
    call
}

fn page(ids: &[&str], ended: DateTime<Utc>, resume: &str) -> Result<Page<Conversation>> {
    let mut page = Page::new(ids.iter().map(|id| past_call(id, ended)).collect());
    page.resume = Some(Cursor::new(resume));
    Ok(page)
}

fn nightly() -> SourceOptions {
    let at = NightlyAt::new("02:30:00".parse().unwrap(), Zone::UTC);
    SourceOptions::default().reconcile(Schedule::new(at, DAY))
}

fn gap(from: i64, to: i64) -> Item {
    Item::Gap(Gap { from: at(from), to: at(to), why: "the line was down".into() })
}

fn of_mode(bench: &Bench, mode: ReconcileMode) -> Vec<Run> {
    let mut runs: Vec<_> = bench.store.runs().into_iter().filter(|run| run.report.mode == mode).collect();
    runs.sort_by_key(|run| run.began);
    runs
}

#[tokio::test(start_paused = true)]
async fn a_source_is_compared_at_once_and_then_once_every_night() {
    let bench = Bench::new(FakeSource::new().remembering(LAG, |_, _| vec![])).with_options(nightly());
    let running = start(bench.pipeline());
    tokio::time::sleep(4 * DAY).await;
    running.stop().await;
    let runs = of_mode(&bench, ReconcileMode::Nightly);
    let began: Vec<_> = runs.iter().map(|run| run.began.format("%d %H:%M").to_string()).collect();
    assert_eq!(began, ["19 08:00", "20 02:30", "21 02:30", "22 02:30", "23 02:30"]);
    for pair in runs.windows(2) {
        assert!(pair[0].ended.is_some() && pair[0].report.is_complete());
        assert!(pair[1].report.from <= pair[0].report.reached, "nothing lies between two nights");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_slept_through_nights_compares_once_and_from_where_the_last_run_ended() {
    let bench = Bench::new(FakeSource::new().remembering(LAG, |_, _| vec![])).with_options(nightly());
    let running = start(bench.pipeline());
    until("the first run", DAY, || of_mode(&bench, ReconcileMode::Nightly).iter().any(|run| run.ended.is_some())).await;
    running.stop().await;
    let first = of_mode(&bench, ReconcileMode::Nightly).remove(0);
    bench.pass(5 * DAY).await;
    let running = start(bench.pipeline());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    running.stop().await;
    let runs = of_mode(&bench, ReconcileMode::Nightly);
    assert_eq!((runs.len(), runs[1].from), (2, first.report.reached));
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_made_good_once_the_history_has_caught_up_and_not_before() {
    let source = FakeSource::new().remembering(LAG, |_, _| vec![page(&["unheard"], at(30), "1")]);
    let bench = Bench::new(source);
    bench.source.offer([gap(0, 60)].into_iter().chain(calls(&["heard"])), None);
    let pipeline = bench.pipeline();
    let progress = pipeline.progress();
    let running = start(pipeline);
    tokio::time::sleep(Duration::from_secs(659)).await;
    assert_eq!((bench.store.runs().len(), bench.source.asked("past"), progress.report().gaps_open), (0, 0, 1));
    until("the call", Duration::from_secs(10), || bench.store.stored("unheard").is_some()).await;
    until("the gap to be closed", Duration::from_secs(10), || progress.report().gaps_open == 0).await;
    let run = of_mode(&bench, ReconcileMode::Gap).remove(0);
    assert_eq!((run.began, run.from, run.to), (at(660), at(0), at(60)));
    assert!(bench.store.open_gaps(&origin()).await.unwrap().is_empty());
    tokio::time::sleep(DAY).await;
    assert_eq!((bench.store.runs().len(), running.stop().await.recovered), (1, 1), "and once only");
}

#[tokio::test(start_paused = true)]
async fn a_gap_stays_open_until_a_run_has_reached_its_end() {
    let asked: Arc<Mutex<Vec<Option<Cursor>>>> = Arc::default();
    let positions = asked.clone();
    let source = FakeSource::new().remembering(Duration::ZERO, move |query: HistoryQuery, before| {
        positions.lock().unwrap().push(query.resume);
        match before {
            0 => vec![page(&["a"], at(10), "1"), Err(Error::transient("the line is down"))],
            1 => vec![Err(Error::transient("the line is down"))],
            _ => vec![page(&["b"], at(20), "2")],
        }
    });
    let bench = Bench::new(source);
    bench.source.offer([gap(0, 60)], None);
    let running = start(bench.pipeline());
    until("two failures", DAY, || bench.source.asked("past") == 2).await;
    assert_eq!(bench.store.open_gaps(&origin()).await.unwrap().open().len(), 1);
    assert!(bench.store.stored("a").is_some(), "what was found is worked on");
    until("the rest", DAY, || bench.store.stored("b").is_some()).await;
    tokio::time::sleep(DAY).await;
    assert!(bench.store.open_gaps(&origin()).await.unwrap().is_empty());
    assert_eq!(*asked.lock().unwrap(), [None, Some(Cursor::new("1")), Some(Cursor::new("1"))]);
    let runs = bench.store.runs();
    assert_eq!((runs.len(), runs[0].report.compared, runs[0].report.recovered), (1, 2, 2), "one run, three attempts");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_night_goes_on_at_its_position_after_a_restart() {
    let asked = Arc::new(Mutex::new(Vec::<(DateTime<Utc>, usize)>::new()));
    let positions = asked.clone();
    let yesterday = at(0) - TimeDelta::hours(3);
    let source = FakeSource::new().remembering(Duration::ZERO, move |query: HistoryQuery, _| {
        let done = query.resume.map_or(0, |position| position.as_str().parse::<usize>().unwrap());
        positions.lock().unwrap().push((query.from, done));
        let ids: Vec<String> = (0..10).map(|n| format!("c{n}")).collect();
        ids.iter().enumerate().skip(done).map(|(n, id)| page(&[id], yesterday, &(n + 1).to_string())).collect()
    });
    let bench = Bench::new(source).with_options(nightly());
    let running = start(bench.pipeline());
    until("four pages", DAY, || bench.store.runs().first().is_some_and(|run| run.report.compared == 4)).await;
    running.kill().await;
    bench.store.reclaim();
    bench.pass(Duration::from_secs(3600)).await;

    let running = start(bench.pipeline());
    until("the end", DAY, || bench.store.runs()[0].ended.is_some()).await;
    assert_eq!(running.stop().await.buried, 0);
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.iter().map(|(_, done)| *done).collect::<Vec<_>>(), [0, 4], "no page twice");
    assert_eq!(asked[0].0, asked[1].0, "the same window");
    let runs = bench.store.runs();
    assert_eq!((runs.len(), runs[0].began, runs[0].report.compared), (1, at(0), 10));
    assert_eq!(bench.store.calls().iter().filter(|call| call.media == Media::Complete).count(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_position_that_could_not_be_saved_finds_the_same_calls_again_and_stores_them_once() {
    let source = FakeSource::new().remembering(Duration::ZERO, |query, _| match query.resume {
        None => vec![page(&["a"], at(10), "1"), page(&["b"], at(20), "2")],
        Some(_) => vec![page(&["b"], at(20), "2")],
    });
    let bench = Bench::new(source);
    bench.source.offer([gap(0, 60)], None);
    let running = start(bench.pipeline());
    until("the first call", DAY, || bench.store.stored("a").is_some()).await;
    bench.store.fail("save_run", 1);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(bench.store.open_gaps(&origin()).await.unwrap().is_empty());
    let versions: Vec<u32> = bench.store.calls().iter().map(|call| call.version).collect();
    assert_eq!((versions, bench.sent.keys().len()), (vec![1, 1], 2));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_history_that_fails_disturbs_neither_hearing_nor_working() {
    let mut instants = Vec::new();
    for is_failing in [false, true] {
        let source = FakeSource::new().remembering(Duration::ZERO, move |_, _| match is_failing {
            true => vec![Err(Error::transient("the report is not ready"))],
            false => vec![],
        });
        let bench = Bench::new(source).with_options(nightly());
        let running = start(bench.pipeline());
        for call in ["a", "b", "c"] {
            tokio::time::sleep(Duration::from_secs(100)).await;
            bench.source.offer(calls(&[call]), None);
        }
        tokio::time::sleep(Duration::from_secs(3600)).await;
        running.stop().await;
        instants.push(bench.store.calls().iter().map(|call| call.stored).collect::<Vec<_>>());
        let asked = bench.source.asked("past");
        assert!(!is_failing || (5..=12).contains(&asked), "growing pauses, not {asked} attempts in an hour");
    }
    assert_eq!((instants[0].len(), &instants[0]), (3, &instants[1]));
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_can_never_be_asked_for_keeps_no_other_and_no_night_waiting() {
    let source = FakeSource::new().remembering(Duration::ZERO, |query: HistoryQuery, _| {
        let is_poison = query.from <= at(-86_400) && query.to == at(-86_300);
        if is_poison { vec![Err(Error::invalid("no such report"))] } else { vec![] }
    });
    let bench = Bench::new(source).with_options(nightly());
    bench.source.offer([gap(-86_400, -86_300), gap(0, 60)], None);
    let running = start(bench.pipeline());
    tokio::time::sleep(Duration::from_secs(1200)).await;
    running.stop().await;
    let left = bench.store.open_gaps(&origin()).await.unwrap();
    assert_eq!((left.open().len(), left.open()[0].from), (1, at(-86_400)));
    assert!(of_mode(&bench, ReconcileMode::Nightly)[0].ended.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_plan_over_another_time_ends_the_open_run_of_its_name() {
    let source = FakeSource::new().remembering(Duration::ZERO, |_, before| match before {
        0 => vec![Err(Error::transient("the line is down"))],
        _ => vec![],
    });
    let bench = Bench::new(source);
    let store = bench.store.clone();
    let recovering = Recovering::new(bench.source.connector(), store.clone(), store.archive(&origin()))
        .with_log(store.clone())
        .with_clock(bench.clock);
    let plan = |to| Plan::new(ReconcileMode::Backfill, "backfill", at(-600), at(to));
    assert!(recovering.carry_out(&plan(-300)).await.is_err());
    bench.pass(Duration::from_secs(1)).await;
    let run = recovering.carry_out(&plan(-200)).await.unwrap();
    assert_eq!((run.began, run.to), (at(1) + TimeDelta::seconds(1), at(-200)));
    assert_eq!(store.open_run(&origin(), "backfill").await.unwrap(), None);
    assert_eq!(store.runs().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_others_are_left_alone_by_a_comparison_too() {
    let source = FakeSource::new().remembering(Duration::ZERO, |_, _| {
        let calls = [("ours", "kay"), ("theirs", "lee")].map(|(id, login)| {
            let mut call = past_call(id, at(30));
            call.legs[0].agent = Some(AgentRef::default().with_login(login));
            call
        });
        vec![Ok(Page::new(calls.to_vec()))]
    });
    let scope = Scope::of([Member::new(AgentRef::default().with_login("kay"))]);
    let bench = Bench::new(source).scoped(scope);
    bench.source.offer([gap(0, 60)], None);
    let running = start(bench.pipeline());
    tokio::time::sleep(Duration::from_secs(600)).await;
    running.stop().await;
    let report = &bench.store.runs()[0].report;
    assert_eq!((report.compared, report.left_alone, report.detected, report.recovered), (2, 1, 1, 1));
    assert!(bench.store.stored("ours").is_some() && bench.store.stored("theirs").is_none());
    assert_eq!(bench.store.events(), 1, "no trace of the other");
}
