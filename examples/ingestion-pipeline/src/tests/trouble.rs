//! What fails: sources, our own side, and the work itself.

use std::time::Duration;

use connector_core::{Error, Lookup, Outlook, RecordingSet};
use futures_util::FutureExt;
use futures_util::future;

use crate::call::Media;
use crate::consume::SILENCE;
use crate::consume::ends::{ATTEMPTS, OUTAGE};
use crate::fakes::{Bench, FakeSource, State, changed, ended, piece_by_piece, ready, recording, told, with_receipt};

fn failing(error: fn() -> Error) -> FakeSource {
    FakeSource::new().fetching(move |_, _, _| future::ready(Err(error())).boxed())
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_never_costs_a_call() {
    let bench = Bench::new(FakeSource::new());
    bench.sink.fail((0..30).map(|_| Error::storage("the disk is full")));
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    assert_eq!(bench.work_all().await, 31);
    assert!(bench.store.all_finished() && bench.store.dead_letters().is_empty());
    assert_eq!((bench.store.stored("c").unwrap().version, bench.source.settled().len()), (1, 1));
    assert!(bench.clock.now() < crate::fakes::at(30 * 61), "the waits are bounded");
}

#[tokio::test(start_paused = true)]
async fn a_failing_database_never_costs_a_call() {
    for method in ["call", "commit", "unpublished", "published", "finish"] {
        let bench = Bench::new(FakeSource::new());
        bench.store.fail(method, 30);
        bench.hear([with_receipt(ended("c", 1), "file")]).await;
        bench.work_all().await;
        assert!(bench.store.all_finished() && bench.store.dead_letters().is_empty(), "{method}");
        assert_eq!(bench.store.stored("c").unwrap().version, 1, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_failures_count_no_attempt_of_the_call() {
    let bench = Bench::new(FakeSource::new());
    bench.sink.fail((0..30).map(|_| Error::storage("the disk is full")));
    bench.hear([ended("c", 1)]).await;
    for _ in 0..30 {
        assert!(bench.step().await);
        assert_eq!(bench.store.work_of("c").row.attempts, 0);
        bench.pass(Duration::from_secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_refuses_or_a_sink_that_forbids_never_costs_a_call() {
    let bench = Bench::new(FakeSource::new());
    bench.sent.fail([Error::forbidden("the queue is closed"), Error::unauthorized("the key was changed")]);
    bench.sink.fail([Error::forbidden("the bucket is closed")]);
    bench.hear([ended("c", 1)]).await;
    assert_eq!(bench.work_all().await, 4);
    assert_eq!((bench.sent.keys(), bench.sink.puts().len()), (vec!["acme/drop/c#1".to_owned()], 1));
    assert!(bench.store.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn waits_grow_with_the_attempts_and_are_bounded() {
    let bench = Bench::new(failing(|| Error::changed("it is being written")));
    bench.hear([ended("c", 1)]).await;
    let mut waits = Vec::new();
    for _ in 0..12 {
        assert!(bench.step().await);
        let wait = (bench.store.work_of("c").due - bench.clock.now()).to_std().unwrap();
        waits.push(wait.as_secs());
        bench.pass(wait).await;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_for_two_days_costs_no_call() {
    let bench = Bench::new(FakeSource::new().fetching(|_, _, _| ready("wav")));
    let started = bench.clock;
    let down = Duration::from_secs(2 * 86_400);
    let source = FakeSource::new().fetching(move |_, _, _| {
        let is_up = (started.now() - crate::fakes::at(0)).to_std().unwrap() > down;
        if is_up { ready("wav") } else { future::ready(Err(Error::transient("down"))).boxed() }
    });
    let bench = bench.with(source);
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert!(bench.store.dead_letters().is_empty());
    assert_eq!(bench.store.stored("c").unwrap().media, Media::Complete);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_longer_than_any_outage_is_given_up_and_its_metadata_stored() {
    let bench = Bench::new(failing(|| Error::changed("it changes all the time")));
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    let steps = bench.work_all().await;
    assert!(steps > ATTEMPTS as usize && bench.clock.now() >= crate::fakes::at(OUTAGE.as_secs() as i64));
    assert_eq!(bench.store.dead_letters()[0].reason, "too_many_attempts");
    assert_eq!(bench.store.stored("c").unwrap().media, Media::Missing);
    assert_eq!((bench.sent.keys().len(), bench.source.settled().len()), (1, 0), "the source keeps its file");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_costs_the_recording_and_not_the_call() {
    type Make = fn(&'static str) -> Error;
    let kinds: [(Make, &str); 5] = [
        (|what| Error::forbidden(what), "forbidden"),
        // Waited for as long as a source is down at worst.
        (|what| Error::unauthorized(what), "unauthorized"),
        (|what| Error::invalid(what), "invalid"),
        (|what| Error::too_large(what), "too_large"),
        (|what| Error::config(what), "config"),
    ];
    for (error, reason) in kinds {
        let source = FakeSource::new().listing(|call, _| {
            let both = vec![recording(&call.this.id, "bad"), recording(&call.this.id, "good")];
            Ok(RecordingSet::new(both, Outlook::Complete))
        });
        let bench = Bench::new(source.fetching(move |recording, _, _| match recording.id.as_str() {
            "bad" => future::ready(Err(error("no"))).boxed(),
            _ => ready("good"),
        }));
        bench.hear([ended("c", 1)]).await;
        bench.work_all().await;
        let call = bench.store.stored("c").unwrap();
        assert_eq!(
            (call.media, call.recordings.len(), call.recordings[0].recording.id.as_str()),
            (Media::Missing, 1, "good")
        );
        assert_eq!((bench.store.dead_letters()[0].reason.as_str(), bench.sent.keys().len()), (reason, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_recordings_that_cannot_be_had_costs_no_metadata() {
    let bench = Bench::new(FakeSource::new().listing(|_, _| Err(Error::forbidden("no licence for recordings"))));
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!(bench.store.stored("c").unwrap().media, Media::Missing);
    assert_eq!(bench.store.dead_letters()[0].reason, "forbidden");
}

#[tokio::test(start_paused = true)]
async fn one_call_given_up_stops_no_other() {
    let bench = Bench::new(FakeSource::new().fetching(|recording, _, _| match recording.conversation.id.as_str() {
        "bad" => future::ready(Err(Error::invalid("no audio"))).boxed(),
        _ => ready("wav"),
    }));
    bench.hear([ended("bad", 1), ended("good", 1)]).await;
    assert_eq!(bench.work_all().await, 2);
    assert_eq!(bench.store.stored("good").unwrap().media, Media::Complete);
    assert_eq!(bench.store.work_of("bad").state, State::GivenUp);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_is_owed_still_when_only_its_metadata_changes() {
    let bench = Bench::new(FakeSource::new().fetching(|_, before, _| match before {
        0 => future::ready(Err(Error::forbidden("no licence"))).boxed(),
        _ => ready("wav"),
    }));
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    bench.work_all().await;
    assert_eq!(bench.store.work_of("c").state, State::GivenUp);
    bench.hear([changed("c", 2)]).await;
    bench.work_all().await;
    assert_eq!(
        (bench.store.stored("c").unwrap().media, bench.source.settled()),
        (Media::Complete, vec!["file".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_an_attempt_and_nothing_else() {
    let source = FakeSource::new().listing(|call, before| match (call.this.id.as_str(), before) {
        ("c", 0..2) => panic!("a mistake in a connector"),
        _ => Ok(RecordingSet::new(Vec::new(), Outlook::Never)),
    });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    assert_eq!((bench.store.work_of("c").row.attempts, bench.store.work_of("c").state), (1, State::Due));
    bench.work_all().await;
    assert_eq!(bench.store.stored("c").unwrap().media, Media::None);
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_answers_for_too_many_calls_is_found_out() {
    let bench = Bench::new(FakeSource::new().answering_twice());
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!(bench.store.dead_letters()[0].reason, "failed");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_falls_silent_is_not_waited_for_for_ever() {
    let silent = || future::pending().boxed();
    let silences: [(&str, FakeSource); 4] = [
        (
            "settle",
            FakeSource::new()
                .settling(move |_, before| if before == 0 { silent() } else { future::ready(Ok(())).boxed() }),
        ),
        (
            "download",
            FakeSource::new()
                .fetching(|_, before, _| if before == 0 { future::pending().boxed() } else { ready("wav") }),
        ),
        (
            "bytes",
            FakeSource::new().fetching(|_, before, _| match before {
                0 => piece_by_piece(vec![Ok("x".into())], 100 * SILENCE),
                _ => ready("wav"),
            }),
        ),
        ("list", FakeSource::new().listing_slowly(100 * SILENCE)),
    ];
    for (what, source) in silences {
        let bench = Bench::new(source);
        bench.hear([with_receipt(ended("c", 1), "file")]).await;
        bench.step().await;
        assert_eq!(bench.clock.now(), crate::fakes::at(SILENCE.as_secs() as i64), "{what}");
        assert_eq!(bench.store.work_of("c").row.attempts, 1, "{what}");
        bench.work_all().await;
        assert_eq!(bench.store.stored("c").unwrap().version, 1, "{what}");
        assert_eq!(bench.sent.keys().len(), 1, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_fails_is_tried_again() {
    let bench = Bench::new(FakeSource::new().knowing(|_, before| match before {
        0 => Err(Error::rate_limited("slow down").with_retry_after(Duration::from_secs(30))),
        _ => Ok(Lookup::Ready(told("c", 1))),
    }));
    let mut hint = ended("c", 1);
    hint.facts = None;
    bench.hear([hint]).await;
    bench.step().await;
    assert_eq!(bench.store.work_of("c").due, crate::fakes::at(30));
    bench.work_all().await;
    assert_eq!(bench.store.stored("c").unwrap().document.attributes["revision"], "1");
}
