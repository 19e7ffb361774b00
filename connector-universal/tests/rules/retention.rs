//! S6: files go after seven days.

use std::time::Duration;

use connector_universal::DropFolderConfig;

use crate::common::{JSON, MemoryFolder, STEM, Source, at, hours, json, told, wav};

const DAYS: u64 = 24;
/// Seldom enough that weeks pass quickly.
const TEN_MINUTES: Duration = Duration::from_secs(600);

fn purging() -> Source {
    Source::with(|config| config.with_purge_after(hours(7 * DAYS)).with_rescan(TEN_MINUTES))
}

#[tokio::test(start_paused = true)]
async fn moved_files_are_deleted_seven_days_after_their_move() {
    let source = purging();
    source.folder.upload_pair(STEM);
    source.folder.upload("20261102-092000_noor.wav", "RIFF");
    source.folder.upload("20261102-092000_noor.json", "[]");
    let mut hearing = source.listen();
    for item in hearing.all().await {
        source.settle_item(&item).await;
    }
    assert_eq!(source.folder.names().len(), 5, "a pair, a sidecar with its note, and a recording that waits");
    source.folder.put(&format!("processed/by-hand/{STEM}.wav"), "somebody's own");
    // 2026-11-09T23:59:59Z is the last moment.
    hearing.silence_of((at("2026-11-09T23:59:00Z") - source.clock.now()).to_std().unwrap()).await;
    assert!(source.folder.has(&format!("processed/2026-11-02/{STEM}.wav")));
    hearing.silence_of(Duration::from_secs(15 * 60)).await;
    assert_eq!(source.folder.names(), [format!("processed/by-hand/{STEM}.wav")]);
}

#[tokio::test(start_paused = true)]
async fn unpaired_files_are_deleted_seven_days_after_they_were_seen_first() {
    let source = purging();
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    hearing.silence_of(hours(3 * DAYS)).await;
    source.folder.upload("20261105-100000_noor.json", JSON);
    source.folder.upload("BXy17.json", JSON);
    hearing.silence_of(hours(4 * DAYS) - Duration::from_secs(60)).await;
    assert_eq!(source.folder.names().len(), 3);
    hearing.silence_of(Duration::from_secs(15 * 60)).await;
    assert_eq!(source.folder.names(), ["20261105-100000_noor.json", "BXy17.json"]);
    hearing.silence_of(hours(3 * DAYS)).await;
    assert!(source.folder.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn first_sight_survives_restarts() {
    let source = purging();
    source.folder.upload(&wav(STEM), "RIFF");
    for _ in 0..6 {
        let mut hearing = source.restarted().listen();
        hearing.silence_of(hours(DAYS)).await;
    }
    assert!(source.folder.has(&wav(STEM)));
    source.restarted().listen().silence_of(hours(DAYS) + Duration::from_secs(15 * 60)).await;
    assert!(!source.folder.has(&wav(STEM)));
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_is_complete_in_time_is_not_deleted_but_heard() {
    let source = purging();
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    hearing.silence_of(hours(7 * DAYS) - Duration::from_secs(30)).await;
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    hearing.silence_of(hours(8 * DAYS)).await;
    assert!(source.folder.has(&wav(STEM)), "what was taken but not stored yet is never deleted");
}

#[tokio::test(start_paused = true)]
async fn a_new_file_under_an_old_name_has_seven_days_of_its_own() {
    let source = purging();
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    hearing.silence_of(hours(8 * DAYS)).await;
    assert!(source.folder.names().is_empty());
    source.folder.upload(&wav(STEM), "RIFF, second attempt");
    drop(hearing);
    let mut hearing = source.restarted().listen();
    hearing.silence_of(hours(6 * DAYS)).await;
    assert!(source.folder.has(&wav(STEM)), "the ledger remembers the first one; that is not this one");
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));

    // The recording is replaced long after the first pair was taken, and waits for its sidecar.
    source.folder.upload(&wav(STEM), "RIFF, third attempt");
    source.folder.take_away(&json(STEM));
    hearing.silence_of(hours(6 * DAYS)).await;
    assert!(source.folder.has(&wav(STEM)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_unless_it_is_asked_for() {
    let source = Source::with(|config| config.with_rescan(TEN_MINUTES));
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.put(&format!("processed/2026-10-01/{STEM}.wav"), "old");
    source.listen().silence_of(hours(30 * DAYS)).await;
    assert_eq!(source.folder.names().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_holds_more_than_files_stays_and_is_no_trouble() {
    let source = purging();
    source.folder.put("processed/2026-10-01/old.wav", "old");
    source.folder.put("processed/2026-10-01/kept/by-hand.wav", "somebody's own");
    source.folder.put("rejected/2026-10-01/old.wav", "old");
    let mut hearing = source.listen();
    hearing.silence_of(hours(1)).await;
    assert_eq!(source.folder.names(), ["processed/2026-10-01/kept/by-hand.wav"]);
    assert_eq!(hearing.statuses.len(), 1, "{:?}", hearing.statuses);
}

#[tokio::test(start_paused = true)]
async fn what_lies_there_by_then_is_deleted_only_if_it_is_the_same_file() {
    let source = Source::over(
        MemoryFolder::new(),
        DropFolderConfig::new("UTC").with_purge_after(hours(24)).with_rescan(hours(100)),
    );
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    hearing.silence_of(hours(23)).await;
    // Replaced without a word, and not listed since.
    source.folder.put(&wav(STEM), "RIFF, corrected");
    hearing.silence_of(hours(3)).await;
    assert_eq!(source.folder.text(&wav(STEM)), "RIFF, corrected");
}
