//! The whole pipeline on a real file and a real folder, killed at any moment and started again.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use connector_core::{Clock, Item, Receipt, Rejected, ResumeOptions};
use futures_util::{FutureExt, future};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::Scratch;
use crate::call::Media;
use crate::fakes::{FakeSource, changed, ended, origin, piece_by_piece, until, with_receipt};
use crate::pipeline::{Pipeline, SourceOptions};
use crate::sink::FolderSink;
use crate::sqlite::AnalysisQueue;
use crate::store::WorkStore;

const CALLS: u32 = 6;
const SIZE: usize = 100_000;

fn source() -> FakeSource {
    let moment = Duration::from_millis(1);
    let source = FakeSource::new().fetching(move |recording, _, _| {
        let half = Bytes::from(recording.conversation.id.repeat(SIZE / 2));
        piece_by_piece(vec![Ok(half.clone()), Ok(half)], moment)
    });
    let source = source.settling(move |_, _| tokio::time::sleep(moment).map(Ok).boxed());
    for id in 0..CALLS {
        let id = id.to_string();
        source.offer([Item::Event(with_receipt(ended(&id, 1), &format!("file {id}")))], None);
    }
    source.offer([Item::Event(with_receipt(changed("0", 2), "sidecar 0"))], None);
    let bad = Rejected::new("row 9", "no_id", "it has no id").with_receipt(Receipt::new("bad"));
    source.offer([Item::Rejected(bad)], Some("end"));
    source
}

fn pipeline(scratch: &Scratch, source: &FakeSource) -> Pipeline {
    let sink = FolderSink::open(scratch.dir.path().join("objects")).unwrap();
    let queue = AnalysisQueue::new(scratch.store.clone(), Clock::system());
    let mut resume = ResumeOptions::default();
    resume.pause = Duration::from_millis(1);
    Pipeline::new(scratch.store.clone(), sink, queue)
        .with_resume(resume)
        .source(source.connector(), SourceOptions::default())
}

fn settled(source: &FakeSource) -> BTreeSet<String> {
    source.settled().into_iter().collect()
}

async fn everything_is_stored_once(scratch: &Scratch, source: &FakeSource, what: &str) {
    assert_eq!(settled(source).len(), CALLS as usize + 2, "{what}");
    let tally = scratch.store.tally().await.unwrap();
    assert_eq!((tally.calls, tally.recordings, tally.open), (CALLS.into(), CALLS.into(), 0), "{what}");
    assert_eq!((tally.dead_letters, tally.unsettled), (1, 0), "{what}");
    for id in (0..CALLS).map(|id| id.to_string()) {
        let call = scratch.store.call(&origin(), &id).await.unwrap().unwrap();
        let content = std::fs::read(scratch.dir.path().join("objects").join(&call.recordings[0].object)).unwrap();
        assert_eq!(content, id.repeat(SIZE).as_bytes(), "{what}: {id}");
        assert_eq!(call.recordings[0].sha256, hex::encode(Sha256::digest(&content)), "{what}: {id}");
        assert_eq!((call.media, call.version > 2), (Media::Complete, false), "{what}: {id}");
        let query = "SELECT message ->> 'version' FROM analysis WHERE message ->> 'conversation' = ? ORDER BY position";
        let rows = sqlx::query(query).bind(&id).fetch_all(&scratch.store.readers).await.unwrap();
        let versions: Vec<u32> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(versions, (1..=call.version).collect::<Vec<_>>(), "{what}: {id}");
    }
    let first = scratch.store.call(&origin(), "0").await.unwrap().unwrap();
    assert_eq!(first.document.attributes["revision"], "2", "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_each_call_is_stored_once() {
    for millis in (0..60).step_by(4) {
        let (mut scratch, source) = (Scratch::new().await, source());
        for again in 0..2 {
            let run = pipeline(&scratch, &source).run(future::pending());
            let killed = tokio::time::timeout(Duration::from_millis(millis + 7 * again), run).await;
            assert!(killed.is_err());
            scratch = scratch.reopen().await;
            scratch.store.reclaim().await.unwrap();
        }
        let done =
            until("everything to be settled", Duration::from_secs(60), || settled(&source).len() == CALLS as usize + 2);
        pipeline(&scratch, &source).run(done).await.unwrap();
        everything_is_stored_once(&scratch, &source, &format!("killed after {millis} ms")).await;
    }
}
