//! One call at a time: its metadata, its versions, its messages, its receipts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use connector_core::{CallEventKind, Detail, Error, Gone, Lookup, Outcome, Raw, RawFormat};
use futures_util::FutureExt;

use crate::call::{Media, MessageCause, StoredCall};
use crate::fakes::{Bench, FakeSource, changed, ended, event, told, with_receipt};
use crate::store::WorkStore;

fn stored(bench: &Bench) -> StoredCall {
    bench.store.stored("c").expect("the call is stored")
}

fn revision(bench: &Bench) -> String {
    stored(bench).document.attributes["revision"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_stored_told_of_settled_and_done() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    assert!(bench.step().await);

    assert!(bench.store.all_finished());
    let (call, message) = (stored(&bench), bench.store.messages()[0].clone());
    assert_eq!((call.version, call.media, call.document.detail), (1, Media::Complete, Detail::Full));
    let stored = &call.recordings[0];
    assert_eq!(bench.sink.object(&stored.object).unwrap(), b"c");
    assert_eq!(stored.object, "acme/drop/2026/10/19/c/1.wav");
    assert_eq!(
        (stored.size, stored.sha256.as_str()),
        (1, "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6")
    );
    assert_eq!((message.cause, message.version, message.media), (MessageCause::Stored, 1, Media::Complete));
    assert_eq!(message.recordings[0].sha256, stored.sha256);
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1"]);
    assert_eq!(bench.source.told().settled[0].1, Outcome::Stored);
}

#[tokio::test(start_paused = true)]
async fn the_source_is_told_only_after_everything_else_is_done() {
    let bench = Bench::new(FakeSource::new());
    let (store, sent, sink) = (bench.store.clone(), bench.sent.clone(), bench.sink.clone());
    let in_order = Arc::new(AtomicBool::new(false));
    let seen = in_order.clone();
    let source = FakeSource::new().settling(move |_, _| {
        seen.store(store.stored("c").is_some() && sent.keys().len() == 1 && sink.count() == 1, Ordering::Relaxed);
        std::future::ready(Ok(())).boxed()
    });
    let bench = bench.with(source);
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    bench.work_all().await;
    assert!(in_order.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn an_older_and_an_equal_revision_change_nothing() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([ended("c", 5)]).await;
    bench.work_all().await;
    for revision in [3, 5] {
        bench.hear([changed("c", revision)]).await;
        bench.work_all().await;
    }
    assert_eq!((stored(&bench).version, revision(&bench).as_str()), (1, "5"));
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1"]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_revision_is_one_more_version_and_one_more_message() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    bench.pass(Duration::from_secs(60)).await;
    bench.hear([changed("c", 2)]).await;
    bench.work_all().await;

    assert_eq!((stored(&bench).version, revision(&bench).as_str()), (2, "2"));
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1", "acme/drop/c#2"]);
    assert_eq!(bench.store.messages()[1].cause, MessageCause::Updated);
    let call = stored(&bench);
    assert!(call.stored < call.updated && call.first_seen <= call.stored);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_metadata_never_asks_for_recordings_and_keeps_those_stored() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    let asked = (bench.source.asked("list c"), bench.source.asked("fetch c/1"));
    bench.hear([changed("c", 2)]).await;
    bench.work_all().await;
    assert_eq!((bench.source.asked("list c"), bench.source.asked("fetch c/1")), asked);
    assert_eq!((stored(&bench).recordings.len(), stored(&bench).media), (1, Media::Complete));
}

#[tokio::test(start_paused = true)]
async fn metadata_that_comes_before_the_end_waits_for_it() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([changed("c", 1), ended("c", 2)]).await;
    bench.work_all().await;
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1"]);
    assert_eq!(stored(&bench).media, Media::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_merely_rings_makes_no_work() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([event("c", CallEventKind::Ringing, "1"), event("c", CallEventKind::LegEnded, "2")]).await;
    assert!(!bench.step().await);
    assert_eq!(bench.store.events(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_events_do_not_prove_is_looked_up() {
    let bench = Bench::new(FakeSource::new().knowing(|_, _| Ok(Lookup::Ready(told("c", 7)))));
    bench.hear([event("c", CallEventKind::Ended, "1")]).await;
    bench.work_all().await;
    assert_eq!(revision(&bench), "7");
}

#[tokio::test(start_paused = true)]
async fn what_the_events_prove_is_not_looked_up() {
    let bench = Bench::new(FakeSource::new().knowing(|_, _| panic!("nobody has to ask")));
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!((bench.source.asked("look c"), revision(&bench).as_str()), (0, "1"));
}

#[tokio::test(start_paused = true)]
async fn without_a_history_a_hint_is_stored_as_it_is() {
    let mut hint = ended("c", 1);
    hint.facts.as_mut().unwrap().detail = Detail::Hint;
    let bench = Bench::new(FakeSource::new());
    bench.hear([hint, event("d", CallEventKind::Ended, "1")]).await;
    bench.work_all().await;
    assert_eq!((stored(&bench).document.detail, stored(&bench).media), (Detail::Hint, Media::Complete));
    assert!(bench.store.stored("d").unwrap().document.legs.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_sent_word_for_word_is_no_news() {
    let with_raw = |_: &_, _| {
        let mut told = told("c", 1);
        told.legs.clear();
        told.raw = Some(Raw::new(RawFormat::Json, Bytes::from_static(b"{}")));
        Ok(Lookup::Ready(told))
    };
    let bench = Bench::new(FakeSource::new().knowing(with_raw));
    for key in ["1", "2", "3"] {
        bench.hear([event("c", CallEventKind::Ended, key)]).await;
        bench.work_all().await;
    }
    assert_eq!(bench.source.asked("look c"), 3);
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1"]);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_is_not_ready_is_asked_for_again_when_it_is_due() {
    let later = |_: &_, before| match before {
        0 | 1 => Ok(Lookup::NotReady { retry_after: Duration::from_secs(90) }),
        _ => Ok(Lookup::Ready(told("c", 1))),
    };
    let bench = Bench::new(FakeSource::new().knowing(later));
    bench.hear([event("c", CallEventKind::Ended, "1")]).await;
    assert!(bench.step().await);
    assert!(!bench.step().await, "it is parked");
    assert_eq!(bench.store.work_of("c").due - bench.clock.now(), chrono::TimeDelta::seconds(90));
    assert_eq!(bench.work_all().await, 2);
    assert_eq!(stored(&bench).version, 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_says_at_once_is_not_asked_without_a_pause() {
    let never = |_: &_, _| Ok(Lookup::NotReady { retry_after: Duration::ZERO });
    let bench = Bench::new(FakeSource::new().knowing(never));
    bench.hear([event("c", CallEventKind::Ended, "1")]).await;
    assert!(bench.step().await && !bench.step().await);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_vendor_does_not_know_is_a_dead_letter_with_a_reason() {
    let bench = Bench::new(FakeSource::new().knowing(|_, _| Ok(Lookup::Gone(Gone::Unknown))));
    bench.hear([with_receipt(event("c", CallEventKind::Ended, "1"), "file")]).await;
    bench.work_all().await;
    let letters = bench.store.dead_letters();
    assert_eq!((letters[0].what.as_str(), letters[0].reason.as_str()), ("call", "not_found"));
    assert!(bench.source.settled().is_empty(), "the source keeps what was not stored");
}

#[tokio::test(start_paused = true)]
async fn what_arrives_while_it_is_worked_on_makes_it_due_again() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([with_receipt(ended("c", 1), "first")]).await;
    let row = bench.lease().await.unwrap();
    bench.hear([with_receipt(ended("c", 2), "second")]).await;
    bench.work(row).await;
    assert_eq!((revision(&bench).as_str(), bench.source.settled()), ("1", vec!["first".to_owned()]));
    assert!(bench.step().await);
    assert_eq!(revision(&bench), "2");
    assert_eq!(bench.source.settled(), ["first", "second"], "each is settled once");
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1", "acme/drop/c#2"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_changes_nothing() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    let mine = bench.lease().await.unwrap();
    bench.pass(Duration::from_secs(61)).await;
    let theirs = bench.lease().await.unwrap();
    assert_eq!(theirs.attempts, 1);
    bench.work(mine).await;
    assert_eq!(bench.store.stored("c"), None);
    assert!(bench.sent.keys().is_empty() && bench.source.settled().is_empty());
    bench.work(theirs).await;
    assert_eq!((bench.sent.keys().len(), bench.source.settled().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_not_noted_is_handed_over_again_with_its_key() {
    let bench = Bench::new(FakeSource::new());
    bench.store.fail("published", 1);
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1", "acme/drop/c#1"]);
    assert_eq!(stored(&bench).version, 1);
}

#[tokio::test(start_paused = true)]
async fn a_settle_that_fails_is_tried_again_and_the_call_is_not_stored_twice() {
    let failing = |_: &_, before| {
        std::future::ready(if before < 3 { Err(Error::transient("the share is away")) } else { Ok(()) }).boxed()
    };
    let bench = Bench::new(FakeSource::new().settling(failing));
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    assert_eq!(bench.work_all().await, 4);
    assert_eq!((bench.source.settled(), bench.sent.keys().len()), (vec!["file".to_owned()], 1));
    assert_eq!((bench.sink.puts().len(), stored(&bench).version), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_receipt_that_cannot_be_settled_is_given_up_with_a_reason() {
    let refusing = |receipt: &connector_core::Receipt, _| {
        let refused = receipt.as_str() == "b";
        std::future::ready(if refused { Err(Error::forbidden("the folder cannot be written to")) } else { Ok(()) })
            .boxed()
    };
    let bench = Bench::new(FakeSource::new().settling(refusing));
    bench.hear([with_receipt(ended("c", 1), "a"), with_receipt(ended("c", 2), "b")]).await;
    bench.work_all().await;
    assert_eq!(bench.store.dead_letters()[0].reason, "forbidden");
    assert_eq!(stored(&bench).version, 1, "the call itself is stored");
    assert_eq!(bench.sent.keys().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_of_a_source_that_is_not_here_is_not_leased() {
    let bench = Bench::new(FakeSource::new());
    bench.hear([ended("c", 1)]).await;
    let elsewhere = [connector_core::Origin::new("acme", "elsewhere")];
    let rows = bench.store.lease(&elsewhere, bench.clock.now(), Duration::from_secs(60), 9).await.unwrap();
    assert!(rows.is_empty() && bench.store.next_due(&elsewhere).await.unwrap().is_none());
}
