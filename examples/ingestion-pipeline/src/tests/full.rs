//! Our own disk and database in trouble: nothing is lost, nothing is held against a call, and it goes on by itself.

use std::time::Duration;

use bytes::Bytes;
use connector_core::Item;

use super::pipeline::{DAY, calls, start};
use crate::call::Media;
use crate::fakes::{Bench, Disk, FakeSource, ready, until};

const IDS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const SIZE: usize = 500;

fn source() -> FakeSource {
    FakeSource::new().fetching(|recording, _, _| ready(Bytes::from(recording.conversation.id.repeat(SIZE))))
}

fn offer(bench: &Bench) {
    for call in calls(&IDS) {
        bench.source.offer([call] as [Item; 1], None);
    }
}

fn everything_is_stored_once(bench: &Bench) {
    let mut keys = bench.sent.keys();
    keys.sort();
    // A message may be handed over twice; its key tells.
    keys.dedup();
    assert_eq!(keys, IDS.map(|id| format!("acme/drop/{id}#1")));
    for id in IDS {
        let call = bench.store.stored(id).unwrap();
        assert_eq!((call.media, call.version), (Media::Complete, 1), "{id}");
        assert_eq!(bench.sink.object(&call.recordings[0].object).unwrap(), id.repeat(SIZE).as_bytes(), "{id}");
    }
    assert!(bench.store.all_finished() && bench.store.dead_letters().is_empty());
    assert_eq!(bench.store.attempts(), 0, "nothing is held against a call");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_full_at_any_moment_loses_nothing_and_all_goes_on_when_there_is_room() {
    for room in (0..14_000).step_by(300) {
        let (bench, disk) = (Bench::new(source()), Disk::default());
        bench.sink.put_on(&disk);
        bench.store.put_on(&disk);
        disk.limit(room);
        offer(&bench);
        let running = start(bench.pipeline());
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(bench.store.dead_letters().is_empty() && bench.store.attempts() == 0, "room for {room}");
        assert!(bench.source.settled().len() < IDS.len() || !disk.is_limited() || room > 9_000, "room for {room}");
        disk.make_room();
        until("everything", DAY, || bench.source.settled().len() >= IDS.len() && bench.store.all_finished()).await;
        let report = running.stop().await;
        assert_eq!((report.stored, report.buried), (10, 0), "room for {room}");
        everything_is_stored_once(&bench);
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_another_program_holds_for_long_loses_nothing() {
    for millis in [0, 1, 5, 50, 400] {
        let slow = Duration::from_millis(20);
        let source = FakeSource::new().fetching(move |recording, _, _| {
            crate::fakes::piece_by_piece(vec![Ok(recording.conversation.id.repeat(SIZE).into())], slow)
        });
        let bench = Bench::new(source);
        offer(&bench);
        let running = start(bench.pipeline());
        tokio::time::sleep(Duration::from_millis(millis)).await;
        bench.store.lock(true);
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert!(bench.store.dead_letters().is_empty(), "locked after {millis} ms");
        bench.store.lock(false);
        until("everything", DAY, || bench.source.settled().len() >= IDS.len() && bench.store.all_finished()).await;
        running.stop().await;
        everything_is_stored_once(&bench);
    }
}
