//! Killed anywhere and started again: each call is stored once, whatever was under way.

use std::collections::BTreeSet;
use std::task::Poll;
use std::time::Duration;

use connector_core::{Error, Item, Lookup, Receipt, Rejected, Validator};
use futures_util::FutureExt;
use futures_util::future;

use crate::call::Media;
use crate::fakes::{Bench, FakeSource, changed, ended, event, piece_by_piece, recording, with_receipt};
use crate::store::WorkStore;

const CALLS: [&str; 4] = ["a", "b", "c", "d"];

/// A source in which everything takes a moment, `b` is cut, `c` is not ready at first and `d` changes.
fn source() -> FakeSource {
    let moment = Duration::from_millis(3);
    let source = FakeSource::new().fetching(move |recording, before, from| {
        let id = recording.conversation.id.clone();
        if id == "c" && before == 0 {
            return future::ready(Ok(Lookup::NotReady { retry_after: Duration::from_secs(1) })).boxed();
        }
        let content = bytes::Bytes::from(format!("bytes of {id}")).slice(from as usize..);
        let pieces = match content.len() {
            ..4 => vec![Ok(content)],
            _ if id == "b" => vec![Ok(content.slice(..4)), Err(Error::transient("cut"))],
            _ => vec![Ok(content.slice(..4)), Ok(content.slice(4..))],
        };
        async move {
            let Lookup::Ready(mut download) = piece_by_piece(pieces, moment).await? else { unreachable!() };
            (download.from, download.size, download.validator) = (from, Some(10), Some(Validator::new("v1")));
            Ok(Lookup::Ready(download))
        }
        .boxed()
    });
    let source = source.settling(move |_, _| tokio::time::sleep(moment).map(Ok).boxed());
    let mut events: Vec<Item> =
        CALLS.iter().map(|id| Item::Event(with_receipt(ended(id, 1), &format!("file {id}")))).collect();
    events.push(Item::Event(with_receipt(changed("d", 2), "sidecar d")));
    for event in events {
        source.offer([event], None);
    }
    let rejected = Rejected::new("row 9", "no_id", "it has no id").with_receipt(Receipt::new("bad"));
    source.offer([Item::Rejected(rejected)], Some("end"));
    source
}

/// What has to be true once everything has come to rest, however often it was killed.
fn everything_is_stored_once(bench: &Bench, what: &str) {
    assert!(bench.store.all_finished(), "{what}");
    assert_eq!((bench.store.calls().len(), bench.store.events()), (4, 5), "{what}");
    for call in bench.store.calls() {
        let id = &call.document.this.id;
        assert_eq!((call.media, call.recordings.len()), (Media::Complete, 1), "{what}: {id}");
        assert_eq!(
            bench.sink.object(&call.recordings[0].object).unwrap(),
            format!("bytes of {id}").as_bytes(),
            "{what}"
        );
        let versions: Vec<u32> =
            bench.store.messages().iter().filter(|m| &m.conversation == id).map(|m| m.version).collect();
        assert_eq!(versions, (1..=call.version).collect::<Vec<_>>(), "{what}: {id}");
        let told: BTreeSet<String> =
            bench.sent.keys().into_iter().filter(|key| key.starts_with(&format!("acme/drop/{id}#"))).collect();
        assert_eq!(told.len(), call.version as usize, "{what}: every version was handed over");
    }
    assert_eq!(bench.store.stored("d").unwrap().document.attributes["revision"], "2", "{what}");
    assert_eq!((bench.sink.count(), bench.store.dead_letters().len()), (4, 1), "{what}");
    let settled: BTreeSet<String> = bench.source.settled().into_iter().collect();
    assert_eq!(settled.len(), 6, "{what}: {settled:?}");
}

fn is_done(bench: &Bench) -> bool {
    let settled: BTreeSet<String> = bench.source.settled().into_iter().collect();
    settled.len() == 6 && bench.store.all_finished()
}

async fn run_to_the_end(bench: &Bench) {
    let done = async {
        while !is_done(bench) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let run = bench.pipeline().run(done);
    tokio::time::timeout(Duration::from_secs(3600), run).await.expect("it comes to rest").unwrap();
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_time_each_call_is_stored_once() {
    for millis in (0..120).chain((120..2_000).step_by(97)) {
        let bench = Bench::new(source());
        let killed = tokio::time::timeout(Duration::from_millis(millis), bench.pipeline().run(future::pending())).await;
        assert!(killed.is_err());
        tokio::task::yield_now().await;
        bench.store.reclaim();
        run_to_the_end(&bench).await;
        everything_is_stored_once(&bench, &format!("killed after {millis} ms"));
    }
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_number_of_polls_each_call_is_stored_once() {
    for polls in 1..200 {
        let bench = Bench::new(source());
        {
            let mut run = Box::pin(bench.pipeline().run(future::pending()));
            for _ in 0..polls {
                let once = future::poll_fn(|cx| {
                    let _ = run.as_mut().poll_unpin(cx);
                    Poll::Ready(())
                });
                once.await;
                // The loops are tasks of their own: each turn lets them go one step further.
                tokio::task::yield_now().await;
            }
        }
        tokio::task::yield_now().await;
        run_to_the_end(&bench).await;
        everything_is_stored_once(&bench, &format!("killed after {polls} polls, leases run out"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_work_dropped_at_any_await_leaves_nothing_half_done() {
    let mut polls = 0;
    loop {
        let bench = Bench::new(source());
        bench.hear([with_receipt(ended("b", 1), "file b")]).await;
        let row = bench.lease().await.unwrap();
        let mut work = Box::pin(bench.work(row));
        let mut ended = false;
        for _ in 0..polls {
            ended = future::poll_fn(|cx| Poll::Ready(work.as_mut().poll_unpin(cx).is_ready())).await;
            if ended {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(work);
        bench.work_all().await;
        let call = bench.store.stored("b").unwrap();
        assert_eq!((call.version, call.media, bench.store.messages().len()), (1, Media::Complete, 1), "{polls} polls");
        assert!(bench.store.all_finished() && bench.source.settled().contains(&"file b".to_owned()));
        assert_eq!(bench.sink.object(&call.recordings[0].object).unwrap(), b"bytes of b");
        if ended {
            break;
        }
        polls += 1;
    }
    assert!(polls > 25, "{polls} polls are too few to prove anything");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_repeated_has_the_same_result() {
    for failing in ["published", "unpublished", "finish", "commit"] {
        let bench = Bench::new(source());
        bench.hear([with_receipt(ended("a", 1), "file a")]).await;
        bench.store.fail(failing, 1);
        bench.work_all().await;
        assert_eq!((bench.store.messages().len(), bench.sink.count()), (1, 1), "{failing}");
        assert_eq!(bench.store.stored("a").unwrap().version, 1, "{failing}");
        assert!(bench.store.all_finished(), "{failing}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_told_again_and_out_of_order_end_alike() {
    let orders: [[u32; 3]; 6] = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
    for order in orders {
        let bench = Bench::new(FakeSource::new().listing(|call, _| {
            Ok(connector_core::RecordingSet::new(
                vec![recording(&call.this.id, "1")],
                connector_core::Outlook::Complete,
            ))
        }));
        for revision in order {
            bench.hear([changed("a", revision), ended("a", revision)]).await;
            bench.work_all().await;
            bench.hear([event("a", connector_core::CallEventKind::Ended, "again")]).await;
        }
        bench.work_all().await;
        let call = bench.store.stored("a").unwrap();
        assert_eq!(call.document.attributes["revision"], "3", "{order:?}");
        assert_eq!(bench.store.messages().len(), call.version as usize, "{order:?}");
        assert_eq!(bench.store.next_due(&[crate::fakes::origin()]).await.unwrap(), None);
    }
}
