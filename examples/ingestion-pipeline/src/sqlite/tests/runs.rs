//! Runs that are remembered, and gaps that are closed.

use std::time::Duration;

use connector_core::reconcile::{Period, ReconcileMode, ReconcileReport};
use connector_core::{Cursor, Gap, HistoryLimits, Origin};

use super::{Scratch, is_storage};
use crate::fakes::{at, batch, origin};
use crate::recover::{ReconcileLog, Run};

fn run(name: &str, began: i64) -> Run {
    let (from, to) = (at(-3600) + chrono::TimeDelta::nanoseconds(123_456_789), at(0));
    let period = Period::new(from, to, &HistoryLimits::lagging(Duration::ZERO), at(0));
    let report = ReconcileReport::new(ReconcileMode::Nightly, &period);
    Run { origin: origin(), name: name.into(), from, to, began: at(began), resume: None, report, ended: None }
}

fn gap(from: i64, to: i64) -> Gap {
    Gap { from: at(from), to: at(to), why: "the line was down".into() }
}

#[tokio::test]
async fn a_run_is_found_again_just_as_it_was_after_the_file_was_opened_again() {
    let scratch = Scratch::new().await;
    let mut run = run("nightly", 1);
    scratch.store.save_run(&run).await.unwrap();
    run.resume = Some(Cursor::new("17"));
    run.report.compared = 9;
    scratch.store.save_run(&run).await.unwrap();
    let scratch = scratch.reopen().await;
    assert_eq!(scratch.store.open_run(&origin(), "nightly").await.unwrap(), Some(run.clone()));
    assert_eq!(scratch.store.last_run(&origin(), ReconcileMode::Nightly).await.unwrap(), Some(run));
    assert_eq!(scratch.number("SELECT count(*) FROM runs_v1 WHERE compared = 9 AND ended IS NULL").await, 1);
}

#[tokio::test]
async fn a_run_that_ended_is_the_last_one_and_not_open() {
    let scratch = Scratch::new().await;
    let (first, mut second) = (run("nightly", 1), run("nightly", 2));
    second.ended = Some(at(3));
    scratch.store.save_run(&second).await.unwrap();
    scratch.store.save_run(&first).await.unwrap();
    let store = &scratch.store;
    assert_eq!(store.open_run(&origin(), "nightly").await.unwrap(), Some(first));
    assert_eq!(store.last_run(&origin(), ReconcileMode::Nightly).await.unwrap(), Some(second));
    assert_eq!(store.open_run(&origin(), "gap").await.unwrap(), None);
    assert_eq!(store.last_run(&origin(), ReconcileMode::Gap).await.unwrap(), None);
    assert_eq!(store.open_run(&Origin::new("acme", "other"), "nightly").await.unwrap(), None, "of another source");
}

#[tokio::test]
async fn a_gap_stays_open_as_far_as_no_run_reached_it_and_no_other_source_is_touched() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, []);
    told.gaps = vec![gap(0, 60), gap(100, 160)];
    scratch.record(told.clone()).await;
    let other = Origin::new("acme", "other");
    told.origin = other.clone();
    scratch.record(told).await;
    let left = scratch.store.close_gaps(&origin(), at(0), at(130)).await.unwrap();
    assert_eq!(left.open(), [gap(130, 160)]);
    assert_eq!(scratch.store.open_gaps(&origin()).await.unwrap(), left);
    assert_eq!(scratch.store.open_gaps(&other).await.unwrap().open().len(), 2);
    let scratch = scratch.reopen().await;
    assert!(scratch.store.close_gaps(&origin(), at(0), at(160)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_gap_is_not_lost_when_closing_it_fails_in_the_middle() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, []);
    told.gaps = vec![gap(0, 60)];
    scratch.record(told).await;
    scratch.sql("CREATE TRIGGER full BEFORE INSERT ON gaps BEGIN SELECT RAISE(ABORT, 'the disk is full'); END").await;
    assert!(is_storage(scratch.store.close_gaps(&origin(), at(0), at(30)).await));
    assert_eq!(scratch.store.open_gaps(&origin()).await.unwrap().open(), [gap(0, 60)]);
}

#[tokio::test]
async fn a_file_of_the_version_before_gets_the_new_tables_and_keeps_what_it_has() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, []);
    told.gaps = vec![gap(0, 60)];
    scratch.record(told).await;
    scratch.sql("DROP VIEW runs_v1; DROP TABLE runs; PRAGMA user_version = 1").await;
    let scratch = scratch.reopen().await;
    scratch.store.save_run(&run("nightly", 1)).await.unwrap();
    assert_eq!(scratch.store.open_gaps(&origin()).await.unwrap().open().len(), 1);
}
