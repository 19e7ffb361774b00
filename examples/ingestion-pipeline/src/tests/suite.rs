//! The suite passes our stores, and names the point that a broken one does not keep.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use super::broken::{Broken, How};
use crate::memory::MemoryStore;
use crate::sqlite::SqliteStore;
use crate::testing::suite::{Point, Report, run};

#[tokio::test(start_paused = true)]
async fn the_store_in_memory_passes() {
    let places: Mutex<HashMap<u32, MemoryStore>> = Mutex::default();
    let report = run(async |place| Ok(places.lock().unwrap().entry(place).or_default().clone())).await;
    assert!(report.is_ok(), "\n{report}");
}

#[tokio::test(start_paused = true)]
async fn the_store_in_a_file_passes() {
    let home = tempfile::tempdir().unwrap();
    let report = run(async |place| SqliteStore::open(home.path().join(format!("{place}.db"))).await).await;
    assert!(report.is_ok(), "\n{report}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_opened_fails_every_point_with_the_words_of_the_error() {
    let report = run(async |_| Err::<MemoryStore, _>(connector_core::Error::storage("no such disk"))).await;
    assert_eq!(report.failed(), Point::ALL);
    assert!(report.to_string().lines().all(|line| line.contains("no such disk")), "{report}");
}

async fn run_broken(how: How) -> Report {
    let places: Mutex<HashMap<u32, MemoryStore>> = Mutex::default();
    let opened: Mutex<HashSet<u32>> = Mutex::default();
    run(async |place| {
        let words = places.lock().unwrap().entry(place).or_default().clone();
        let is_reopened = !opened.lock().unwrap().insert(place);
        Ok(Broken::new(words, how, is_reopened))
    })
    .await
}

macro_rules! named {
    ($($name:ident: $how:ident => $point:ident;)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                let report = run_broken(How::$how).await;
                assert_eq!(report.failed(), [Point::$point], "\n{report}");
            }
        )*

        #[test]
        fn every_point_can_fail() {
            let mut shown: Vec<Point> = vec![$(Point::$point),*];
            shown.sort();
            shown.dedup();
            assert_eq!(shown, Point::ALL);
        }
    };
}

named! {
    one_that_takes_every_call_for_known: KnowsEverything => Outsiders;
    one_that_forgets_the_tenant_of_a_call: ForgetsTheTenant => Apart;
    one_that_forgets_the_source_of_an_event: ForgetsTheSource => Apart;
    one_that_knows_no_call: KnowsNothing => Moved;
    one_that_has_one_position_for_all_sources: MixesPositions => Moved;
    one_that_drops_receipts_at_a_restart: DropsReceipts => Restart;
    one_that_forgets_the_keys_of_events: ForgetsKeys => Redelivery;
    one_that_keeps_the_last_facts_it_was_told: KeepsTheLastFacts => Revisions;
    one_that_accepts_any_version: AcceptsAnyVersion => Versions;
    one_that_forgets_the_generation: ForgetsTheGeneration => Generation;
    one_that_does_not_look_at_the_lease: IgnoresTheLease => LostLease;
    one_that_takes_a_message_that_was_read_for_published: PublishesByReading => Outbox;
    one_that_writes_a_letter_each_time: WritesEachTime => DeadLetters;
    one_that_drops_what_is_put_off: DropsWhatIsPutOff => FullDisk;
}
