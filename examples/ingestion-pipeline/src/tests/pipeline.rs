//! The loops together: supervision, redelivery, rejections, stopping.

use std::time::Duration;

use bytes::Bytes;
use connector_core::{Cursor, Error, Gap, Item, Origin, Outcome, Outlook, Receipt, RecordingSet, Rejected, Result};
use futures_util::FutureExt;
use futures_util::future;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::call::Media;
use crate::fakes::{Bench, FakeSource, State, at, ended, piece_by_piece, ready, recording, until, with_receipt};
use crate::pipeline::{Pipeline, SourceOptions};
use crate::progress::Report;
use crate::store::WorkStore;

pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// A pipeline that runs until it is told to stop.
pub(super) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<Report>>,
}

pub(super) fn start(pipeline: Pipeline) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(pipeline.run(async move {
        let _ = stopped.await;
    }));
    Running { stop, task }
}

impl Running {
    pub(super) async fn stop(self) -> Report {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap()
    }

    /// As a process is killed: nothing runs to its end.
    pub(super) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub(super) fn calls(ids: &[&str]) -> Vec<Item> {
    ids.iter().map(|id| Item::Event(with_receipt(ended(id, 1), id))).collect()
}

fn rejected(receipt: &str) -> Item {
    Item::Rejected(Rejected::new("row 2", "no_id", "it has no id").with_receipt(Receipt::new(receipt)))
}

#[tokio::test(start_paused = true)]
async fn calls_go_through_while_it_runs() {
    let bench = Bench::new(FakeSource::new());
    bench.source.offer(calls(&["a", "b"]), Some("2"));
    let running = start(bench.pipeline());
    until("the first two", DAY, || bench.sent.keys().len() == 2).await;
    let before = bench.clock.now();
    bench.source.offer(calls(&["c"]), Some("3"));
    until("the third", DAY, || bench.source.settled().len() == 3).await;
    assert!(bench.clock.now() - before < chrono::TimeDelta::seconds(1), "it does not wait for the next look");
    let report = running.stop().await;
    assert_eq!((report.events, report.stored, report.recordings, report.buried), (3, 3, 3, 0));
    assert!(bench.store.all_finished() && bench.source.offers.all_accepted());
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_could_not_be_stored_comes_again() {
    let bench = Bench::new(FakeSource::new());
    bench.store.fail("record", 4);
    bench.source.offer(calls(&["a"]), None);
    bench.source.offer(calls(&["b"]), None);
    let running = start(bench.pipeline());
    until("both", DAY, || bench.sent.keys().len() == 2).await;
    assert_eq!(bench.source.offers.refused(), 4);
    assert!(bench.clock.now() >= at(7), "after pauses of half a second, one, two and four");
    assert!(bench.source.offers.all_accepted());
    assert_eq!(running.stop().await.stored, 2);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_for_a_while_stops_nothing_for_good() {
    let bench = Bench::new(FakeSource::new());
    for method in ["cursor", "record", "lease", "next_due", "call", "commit", "finish", "unsettled_rejections"] {
        bench.store.fail(method, 5);
    }
    bench.source.offer(calls(&["a"]).into_iter().chain([rejected("bad")]), None);
    let running = start(bench.pipeline());
    until("everything", DAY, || bench.source.settled().len() == 2).await;
    assert_eq!((bench.sent.keys().len(), bench.store.dead_letters().len()), (1, 1));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_goes_on_from_the_cursor_of_the_last_stored_delivery() {
    let bench = Bench::new(FakeSource::new());
    bench.source.offer(calls(&["a"]), Some("17"));
    let running = start(bench.pipeline());
    until("it", DAY, || bench.source.offers.all_accepted()).await;
    running.kill().await;
    let running = start(bench.pipeline());
    until("the second subscription", DAY, || bench.source.offers.heard_from().len() == 2).await;
    assert_eq!(bench.source.offers.heard_from(), [None, Some(Cursor::new("17"))]);
    running.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_is_started_again_after_growing_pauses() {
    let bench = Bench::new(FakeSource::new().failing_stream(6));
    bench.source.offer(calls(&["a"]), None);
    let running = start(bench.pipeline());
    until("the call", DAY, || bench.sent.keys().len() == 1).await;
    let waited = bench.clock.now() - at(0);
    assert!(
        (chrono::TimeDelta::milliseconds(31_400)..chrono::TimeDelta::milliseconds(31_700)).contains(&waited),
        "{waited}"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_stream_always_fails_delays_no_other() {
    let bench = Bench::new(FakeSource::new());
    let broken = FakeSource::named(Origin::new("acme", "broken")).failing_stream(usize::MAX);
    let pipeline = bench.pipeline().source(broken.connector(), SourceOptions::default());
    let running = start(pipeline);
    tokio::time::sleep(Duration::from_secs(600)).await;
    bench.source.offer(calls(&["a", "b", "c"]), None);
    let before = bench.clock.now();
    until("the calls of the other", DAY, || bench.source.settled().len() == 3).await;
    assert!(bench.clock.now() - before < chrono::TimeDelta::seconds(1));
    assert!(broken.offers.heard_from().len() > 5);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_answers_takes_not_all_hands() {
    let bench = Bench::new(FakeSource::new());
    let stuck = FakeSource::named(Origin::new("acme", "stuck")).fetching(|_, _, _| future::pending().boxed());
    let many: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
    stuck.offer(calls(&many.iter().map(String::as_str).collect::<Vec<_>>()), None);
    let running = start(bench.pipeline().source(stuck.connector(), SourceOptions::default()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    bench.source.offer(calls(&["a", "b", "c"]), None);
    let before = bench.clock.now();
    until("the calls of the other", DAY, || bench.source.settled().len() == 3).await;
    assert!(bench.clock.now() - before < chrono::TimeDelta::seconds(1));
    running.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_notes_a_rejection_delays_no_other() {
    let bench = Bench::new(FakeSource::new());
    let stuck = FakeSource::named(Origin::new("acme", "stuck")).settling(|_, _| future::pending().boxed());
    stuck.offer([rejected("x")], None);
    let running = start(bench.pipeline().source(stuck.connector(), SourceOptions::default()));
    until("the rejection", DAY, || stuck.asked("settle x") == 1).await;
    bench.source.offer(calls(&["a"]).into_iter().chain([rejected("bad")]), None);
    let before = bench.clock.now();
    until("both of the other", DAY, || bench.source.settled().len() == 2).await;
    assert!(bench.clock.now() - before < chrono::TimeDelta::seconds(1));
    running.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_downloader_that_panics_takes_nothing_down() {
    let source =
        FakeSource::new().fetching(|recording, before, _| match (recording.conversation.id.as_str(), before) {
            ("bad", 0..3) => panic!("a mistake in a connector"),
            _ => ready("wav"),
        });
    let bench = Bench::new(source);
    bench.source.offer(calls(&["bad", "good"]), None);
    let running = start(bench.pipeline());
    until("both", DAY, || bench.source.settled().len() == 2).await;
    assert!(bench.clock.now() < at(60), "it does not wait for the lease to run out");
    assert_eq!(running.stop().await.stored, 2);
}

#[tokio::test(start_paused = true)]
async fn no_more_are_worked_on_at_once_than_said() {
    let slow = |_: &_, _, _| piece_by_piece(vec![Ok(Bytes::from_static(b"x"))], Duration::from_secs(10));
    let bench = Bench::new(FakeSource::new().fetching(slow));
    bench.source.offer(calls(&["a", "b", "c", "d", "e"]), None);
    let running = start(bench.pipeline().with_at_once(2));
    until("the first two", DAY, || bench.sent.keys().len() == 2).await;
    let asked: usize = ["a", "b", "c", "d", "e"].iter().map(|id| bench.source.asked(&format!("list {id}"))).sum();
    assert!(asked <= 4, "{asked}");
    until("all", DAY, || bench.sent.keys().len() == 5).await;
    assert!(bench.clock.now() >= at(30));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_written_down_once_and_the_source_told() {
    let bench = Bench::new(FakeSource::new());
    bench.source.offer([rejected("bad")], None);
    let running = start(bench.pipeline());
    until("the source to be told", DAY, || bench.source.settled() == ["bad"]).await;
    let outcome = Outcome::Rejected { reason: "no_id".into(), at: None, detail: "it has no id".into() };
    assert_eq!(bench.source.told().settled[0].1, outcome);
    bench.source.offer([rejected("bad")], None);
    until("the source to be told again", DAY, || bench.source.settled().len() == 2).await;
    let report = running.stop().await;
    assert_eq!((report.rejected, report.repeated, bench.store.dead_letters().len()), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_settled_after_a_restart_too() {
    let bench = Bench::new(FakeSource::new().settling(|_, _| future::pending().boxed()));
    bench.source.offer([rejected("bad")], None);
    let running = start(bench.pipeline());
    until("it to be written down", DAY, || bench.store.dead_letters().len() == 1).await;
    running.kill().await;
    let bench = bench.with(FakeSource::new());
    let running = start(bench.pipeline());
    until("the source to be told", DAY, || bench.source.settled() == ["bad"]).await;
    until("that to be noted", DAY, || bench.store.dead_letters()[0].settled).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_cannot_be_settled_is_tried_again_and_keeps_no_other_waiting() {
    let source = FakeSource::new().settling(|receipt, before| {
        let away = receipt.as_str() == "first" && before < 3;
        future::ready(if away { Err(Error::transient("the share is away")) } else { Ok(()) }).boxed()
    });
    let bench = Bench::new(source);
    bench.source.offer([rejected("first"), rejected("second")], None);
    let running = start(bench.pipeline());
    until("the second", DAY, || bench.source.settled() == ["second"]).await;
    assert!(bench.clock.now() < at(1));
    until("both", DAY, || bench.source.settled() == ["second", "first"]).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_another_process_wrote_down_is_seen() {
    let bench = Bench::new(FakeSource::new());
    let running = start(bench.pipeline());
    tokio::time::sleep(Duration::from_secs(100)).await;
    bench.hear([ended("a", 1)]).await;
    let mut told = crate::fakes::batch(100, []);
    told.rejected.push(Rejected::new("row 2", "no_id", "it has no id").with_receipt(Receipt::new("bad")));
    bench.store.record(&told).await.unwrap();
    until("the call", Duration::from_secs(2), || bench.sent.keys().len() == 1).await;
    until("the rejection", Duration::from_secs(31), || bench.source.settled() == ["bad"]).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn gaps_are_written_down_and_stop_nothing() {
    let bench = Bench::new(FakeSource::new());
    let gap = Item::Gap(Gap { from: at(0), to: at(60), why: "the line was down".into() });
    bench.source.offer([gap].into_iter().chain(calls(&["a"])), None);
    let running = start(bench.pipeline());
    until("the call", DAY, || bench.sent.keys().len() == 1).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_under_way() {
    let slow = |_: &_, _, _| piece_by_piece(vec![Ok(Bytes::from_static(b"x"))], Duration::from_secs(10));
    let bench = Bench::new(FakeSource::new().fetching(slow));
    bench.source.offer(calls(&["a", "b", "c"]), None);
    let running = start(bench.pipeline().with_at_once(2));
    until("the downloads to begin", DAY, || bench.source.asked("fetch b/1") == 1).await;
    let report = running.stop().await;
    assert_eq!((report.stored, bench.source.settled().len()), (2, 2));
    assert_eq!(bench.store.work_of("c").state, State::Due, "nothing new is begun");
    assert!(bench.clock.now() < at(12));
}

#[tokio::test(start_paused = true)]
async fn a_stop_hands_back_what_takes_too_long() {
    let slow = |_: &_, before, _| match before {
        0 => piece_by_piece(vec![Ok(Bytes::from_static(b"x"))], Duration::from_secs(500)),
        _ => ready("x"),
    };
    let bench = Bench::new(FakeSource::new().fetching(slow));
    bench.source.offer(calls(&["a", "b"]), None);
    let running = start(bench.pipeline().with_deadline(Duration::from_secs(5)));
    until("the downloads to begin", DAY, || bench.source.asked("fetch b/1") == 1).await;
    let before = bench.clock.now();
    running.stop().await;
    assert!(bench.clock.now() - before <= chrono::TimeDelta::seconds(6));
    for id in ["a", "b"] {
        let work = bench.store.work_of(id);
        assert_eq!((work.state, work.row.attempts), (State::Due, 0));
        assert!(work.due <= bench.clock.now(), "due at once");
    }
    let running = start(bench.pipeline());
    until("both", DAY, || bench.source.settled().len() == 2).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_farewell_that_never_ends_does_not_keep_it_from_stopping() {
    let bench = Bench::new(FakeSource::new());
    let polite = FakeSource::named(Origin::new("acme", "polite")).connector().on_close(|| future::pending().boxed());
    let pipeline = bench.pipeline().source(polite, SourceOptions::default()).with_deadline(Duration::from_secs(5));
    start(pipeline).stop().await;
    assert!(bench.clock.now() <= at(6));
}

#[tokio::test(start_paused = true)]
async fn two_sources_of_one_name_are_refused() {
    let bench = Bench::new(FakeSource::new());
    let pipeline = bench.pipeline().source(FakeSource::new().connector(), SourceOptions::default());
    assert!(pipeline.run(future::pending()).await.unwrap_err().is_config());
}

#[tokio::test(start_paused = true)]
async fn two_sources_with_equal_ids_stay_apart() {
    let bench = Bench::new(FakeSource::new().fetching(|_, _, _| ready("first")));
    let other = FakeSource::named(Origin::new("acme", "other")).fetching(|_, _, _| ready("second"));
    bench.source.offer(calls(&["a"]), None);
    other.offer(calls(&["a"]), None);
    let running = start(bench.pipeline().source(other.connector(), SourceOptions::default()));
    until("both", DAY, || bench.sent.keys().len() == 2).await;
    running.stop().await;
    let mut keys = bench.sent.keys();
    keys.sort();
    assert_eq!(keys, ["acme/drop/a#1", "acme/other/a#1"]);
    let content = |call: &crate::StoredCall| bench.sink.object(&call.recordings[0].object).unwrap();
    let contents: Vec<Vec<u8>> = bench.store.calls().iter().map(content).collect();
    assert_eq!(contents, [b"first".to_vec(), b"second".to_vec()]);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_look_for_work_without_a_reason() {
    let bench = Bench::new(FakeSource::new());
    bench.source.offer(calls(&["a"]), None);
    let running = start(bench.pipeline());
    until("the call", DAY, || bench.source.settled().len() == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = bench.store.looks();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let looks = bench.store.looks() - before;
    assert!((3_000..=3_700).contains(&looks), "once in a second, not {looks} times an hour");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ready_is_looked_at_when_it_is_due_and_not_before() {
    let source = FakeSource::new().listing(|call, before| {
        let outlook =
            if before < 5 { Outlook::More { retry_after: Duration::from_secs(7) } } else { Outlook::Complete };
        Ok(RecordingSet::new(vec![recording(&call.this.id, "1")], outlook))
    });
    let bench = Bench::new(source);
    bench.source.offer(calls(&["a"]), None);
    let running = start(bench.pipeline());
    until("the call", DAY, || bench.source.settled().len() == 1).await;
    assert_eq!((bench.source.asked("list a"), bench.store.stored("a").unwrap().media), (6, Media::Complete));
    let waited = bench.clock.now() - at(35);
    assert!(waited >= chrono::TimeDelta::zero() && waited < chrono::TimeDelta::seconds(1), "{waited}");
    assert_eq!(running.stop().await.parked, 5);
}

#[tokio::test(start_paused = true)]
async fn work_left_by_a_killed_process_is_taken_up_when_its_leases_run_out() {
    let bench = Bench::new(FakeSource::new().fetching(|_, before, _| match before {
        0 => future::pending().boxed(),
        _ => ready("wav"),
    }));
    bench.source.offer(calls(&["a"]), None);
    let running = start(bench.pipeline());
    until("the download to begin", DAY, || bench.source.asked("fetch a/1") == 1).await;
    running.kill().await;
    let origins = [bench.source.connector().origin().clone()];
    let due = bench.store.next_due(&origins).await.unwrap().unwrap();
    assert!(due > bench.clock.now());
    let running = start(bench.pipeline());
    until("the call", DAY, || bench.source.settled().len() == 1).await;
    assert!(bench.clock.now() >= due && bench.clock.now() - due < chrono::TimeDelta::seconds(31));
    assert_eq!(running.stop().await.stored, 1);
}
