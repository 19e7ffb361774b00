//! How each source is doing, and that a broken one changes nothing for another.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::Origin;

use super::pipeline::{DAY, calls, start};
use crate::call::StoredCall;
use crate::fakes::{Bench, FakeSource, at, origin, until};
use crate::pipeline::SourceOptions;
use crate::progress::SourceState;

fn broken() -> Origin {
    Origin::new("acme", "broken")
}

/// Hears a few calls over an hour. Returns when each was settled, and what was stored of it.
async fn hour(beside: Option<FakeSource>) -> (Vec<DateTime<Utc>>, Vec<StoredCall>) {
    let bench = Bench::new(FakeSource::new());
    let mut pipeline = bench.pipeline();
    if let Some(other) = &beside {
        pipeline = pipeline.source(other.connector(), SourceOptions::default());
    }
    let running = start(pipeline);
    let mut settled = Vec::new();
    for (n, pause) in [0, 1, 7, 63, 601, 1800].into_iter().enumerate() {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let ids = ["a", "b"].map(|id| format!("{id}{n}"));
        bench.source.offer(calls(&ids.each_ref().map(String::as_str)), None);
        until("both", DAY, || bench.source.settled().len() == 2 * n + 2).await;
        settled.push(bench.clock.now());
    }
    running.stop().await;
    let ours = bench.store.calls().into_iter().filter(|call| call.origin == origin());
    (settled, ours.collect())
}

#[tokio::test(start_paused = true)]
async fn a_broken_source_changes_neither_when_nor_what_is_stored_of_another() {
    let alone = hour(None).await;
    let silent = FakeSource::named(broken()).failing_stream(usize::MAX);
    assert_eq!(hour(Some(silent)).await, alone);
    let refusing = FakeSource::named(broken())
        .fetching(|_, _, _| Box::pin(std::future::ready(Err(connector_core::Error::transient("the share is away")))));
    let ids: Vec<String> = (0..50).map(|n| format!("x{n}")).collect();
    refusing.offer(calls(&ids.iter().map(String::as_str).collect::<Vec<_>>()), None);
    assert_eq!(hour(Some(refusing)).await, alone);
}

#[tokio::test(start_paused = true)]
async fn a_source_is_starting_then_failing_with_its_next_try_then_live() {
    let bench = Bench::new(FakeSource::new().failing_stream(3));
    let pipeline = bench.pipeline();
    let progress = pipeline.progress();
    assert!(progress.sources().is_empty());
    let running = start(pipeline);
    let state = || progress.sources().remove(&origin()).unwrap_or(SourceState::Starting);
    let mut tries = Vec::new();
    for n in 1..=3 {
        until("a failure", DAY, || bench.source.offers.heard_from().len() == n).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        let SourceState::Failing { why, since, next_try } = state() else { panic!("{}", state()) };
        assert!(why.contains("the line is down") && since < at(1), "since the first failure");
        tries.push((next_try - since).num_milliseconds());
    }
    assert_eq!(tries, [500, 1500, 3500]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!state().is_live(), "a stream that says nothing has not said that it hears");
    bench.source.offer(calls(&["a"]), None);
    until("the call", DAY, || bench.sent.keys().len() == 1).await;
    assert_eq!(state(), SourceState::Live);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hears_nothing_by_design_is_live() {
    let bench = Bench::new(FakeSource::new());
    let quiet = FakeSource::named(broken()).connector().without_events();
    let pipeline = bench.pipeline().source(quiet, SourceOptions::default());
    let progress = pipeline.progress();
    let running = start(pipeline);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(progress.sources()[&broken()], SourceState::Live);
    assert_eq!(progress.sources()[&origin()], SourceState::Starting);
    running.stop().await;
}
