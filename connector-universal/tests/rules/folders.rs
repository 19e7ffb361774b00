//! S1–S5 and S7: sizes, cadence, folders, and folders that are only read.

use std::time::Duration;

use connector_core::{Outcome, SourceStatus};
use connector_folder::{FolderPath, Notice};
use connector_universal::{DropFolderConfig, SidecarMode};

use crate::common::{JSON, MemoryFolder, SETTLE, STEM, Source, at, event, facts, hours, json, outcome_of, told, wav};

const TWO_GIB: u64 = 2_147_483_648;

#[tokio::test(start_paused = true)]
async fn two_gib_are_taken() {
    let source = Source::new();
    source.folder.upload_sparse(&format!("{STEM}.mp4"), TWO_GIB);
    source.folder.upload(&json(STEM), JSON);
    let event = source.listen().event().await;
    assert_eq!(facts(&event).recordings[0].size, Some(TWO_GIB));
}

#[tokio::test(start_paused = true)]
async fn one_byte_more_is_refused_without_reading_one() {
    let source = Source::new();
    source.folder.upload_sparse(&wav(STEM), TWO_GIB + 1);
    source.folder.upload_sparse(&json(STEM), 100);
    let mut hearing = source.listen();
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "media_too_large");
    assert!(rejected.detail.contains("2147483649") && rejected.detail.contains("media_limit"), "{rejected}");
    assert_eq!(source.folder.bytes_read(), 0);
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(source.folder.has(&format!("rejected/2026-11-02/{STEM}.wav")));
    assert!(source.folder.text(&format!("rejected/2026-11-02/{STEM}.wav.error.json")).contains("media_too_large"));
    hearing.silence_of(hours(3)).await;
    assert_eq!(source.folder.bytes_read(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_a_setting_and_a_recording_alone_is_judged_too() {
    let source = Source::set(|config| config.media_limit = 1000);
    source.folder.upload_sparse(&wav(STEM), 1001);
    let mut hearing = source.listen();
    assert_eq!(hearing.rejected().await.reason, "media_too_large", "there is nothing to wait for");
    hearing.silence_of(hours(3)).await;
    // A smaller one under the same name is another file.
    source.folder.upload(&wav(STEM), "x".repeat(1000));
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_grows_is_judged_by_its_end() {
    let source = Source::set(|config| config.media_limit = 1000);
    source.folder.put(&wav(STEM), "x".repeat(900));
    source.folder.put(&json(STEM), JSON);
    let mut hearing = source.listen();
    hearing.silence_of(SETTLE / 2).await;
    source.folder.put(&wav(STEM), "x".repeat(1200));
    hearing.silence_of(SETTLE).await;
    assert_eq!(hearing.rejected().await.reason, "media_too_large");
}

#[tokio::test(start_paused = true)]
async fn a_source_is_silent_after_two_cadences_and_not_before() {
    let source = Source::set(|config| config.cadence = hours(1));
    let mut hearing = source.listen();
    hearing.silence_of(hours(2)).await;
    assert_eq!(hearing.statuses, [SourceStatus::Live]);
    source.folder.upload_pair(STEM);
    hearing.items().await;
    hearing.silence_of(hours(1)).await;
    assert_eq!(hearing.statuses, [SourceStatus::Live], "something came");
    hearing.silence_of(hours(2)).await;
    let since = at("2026-11-02T12:00:00Z");
    assert!(
        matches!(hearing.statuses[1], SourceStatus::Silent { since: then } if then == since),
        "{:?}",
        hearing.statuses
    );
}

#[tokio::test(start_paused = true)]
async fn pairs_that_wait_longer_than_ninety_minutes_are_told_of() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&wav("20261102-092000_noor"), "RIFF");
    let mut hearing = source.listen();
    hearing.silence_of(Duration::from_secs(89 * 60)).await;
    assert_eq!(hearing.statuses, [SourceStatus::Live]);
    hearing.silence_of(Duration::from_secs(15 * 60)).await;
    let told = SourceStatus::Waiting { items: 2, since: at("2026-11-02T10:00:00Z"), what: "metadata".into() };
    assert_eq!(hearing.statuses.last(), Some(&told));
    source.folder.upload(&json(STEM), JSON);
    hearing.items().await;
    hearing.silence_of(Duration::from_secs(15 * 60)).await;
    assert!(matches!(hearing.statuses.last(), Some(SourceStatus::Waiting { items: 1, .. })));
}

#[tokio::test(start_paused = true)]
async fn only_the_direct_children_of_the_folder_are_looked_at() {
    let source = Source::new();
    for directory in ["recording", "processed/2026-11-02", "rejected", "data"] {
        source.folder.put(&format!("{directory}/{STEM}.wav"), "RIFF");
        source.folder.put(&format!("{directory}/{STEM}.json"), JSON);
    }
    let mut hearing = source.listen();
    hearing.silence_of(hours(1)).await;
    assert_eq!((source.folder.names().len(), source.folder.bytes_read()), (8, 0), "nor is anything moved");
}

#[tokio::test(start_paused = true)]
async fn stored_files_go_to_processed_and_nothing_is_overwritten_there() {
    let source = Source::new();
    source.folder.put(&format!("processed/2026-11-02/{STEM}.wav"), "an earlier one");
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let event = hearing.event().await;
    assert!(source.folder.has(&wav(STEM)), "nothing moves before it is stored");
    source.settle(event.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    let stamp = source.clock.now().timestamp();
    assert_eq!(
        source.folder.names(),
        [
            format!("processed/2026-11-02/{STEM}.json"),
            format!("processed/2026-11-02/{STEM}.wav"),
            format!("processed/2026-11-02/{STEM}~{stamp}.wav"),
        ]
    );
    assert_eq!(source.folder.text(&format!("processed/2026-11-02/{STEM}.wav")), "an earlier one");
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_rejected_file_gets_a_note_that_says_why() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), r#"{"contact": {"name": "Ife"}}"#);
    let item = source.listen().item().await;
    source.settle_item(&item).await;
    let note = source.folder.text(&format!("rejected/2026-11-02/{STEM}.json.error.json"));
    let note: serde_json::Value = serde_json::from_str(&note).unwrap();
    assert_eq!((&note["reason"], &note["at"]), (&"nested_field".into(), &"contact".into()));
    assert!(note["rejected"].as_str().unwrap().starts_with("2026-11-02T10:00:") && note["detail"].is_string());
    assert!(source.folder.has(&wav(STEM)), "its recording waits for a better one");
}

#[tokio::test(start_paused = true)]
async fn the_note_of_an_earlier_rejection_stays_what_it_was() {
    let source = Source::new();
    let earlier = format!("rejected/2026-11-02/{STEM}.json");
    source.folder.put(&earlier, "[]");
    source.folder.put(&format!("{earlier}.error.json"), "not_readable");
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), r#"{"contact": {}}"#);
    let item = source.listen().item().await;
    source.settle_item(&item).await;
    let stamp = source.clock.now().timestamp();
    assert_eq!(source.folder.text(&format!("{earlier}.error.json")), "not_readable");
    let note = format!("rejected/2026-11-02/{STEM}~{stamp}.json.error.json");
    assert!(source.folder.text(&note).contains("nested_field"));
}

#[tokio::test(start_paused = true)]
async fn in_a_folder_that_is_only_read_nothing_is_moved_and_nothing_offered_twice() {
    let config = DropFolderConfig::new("UTC").with_purge_after(hours(24)).with_rescan(Duration::from_secs(1800));
    let source = Source::over(MemoryFolder::new().read_only(), config);
    source.folder.upload_pair(STEM);
    source.folder.upload("20261102-092000_noor.wav", "RIFF");
    source.folder.upload("20261102-092000_noor.json", "[]");
    let mut hearing = source.listen();
    let items = hearing.all().await;
    assert_eq!(items.len(), 2, "{}", told(&items));
    for item in &items {
        source.settle_item(item).await;
    }
    hearing.silence_of(hours(24 * 40)).await;
    assert_eq!(source.folder.names().len(), 4);
    drop(hearing);
    // What still lies there stays remembered, however long.
    let mut hearing = source.restarted().listen();
    hearing.silence_of(hours(24 * 40)).await;
    drop(hearing);
    source.restarted().listen().silence().await;
    assert_eq!(source.folder.names().len(), 4, "not even old files are deleted");
}

#[tokio::test(start_paused = true)]
async fn updates_in_a_folder_that_is_only_read_are_heard_once_each() {
    let folder = MemoryFolder::new().read_only().mute();
    let source = Source::over(folder, DropFolderConfig::new("UTC"));
    source.folder.put(&wav(STEM), "RIFF");
    source.folder.put(&json(STEM), JSON);
    let mut hearing = source.listen();
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    source.folder.put(&json(STEM), r#"{"direction": "in"}"#);
    assert_eq!(told(&hearing.items().await), format!("changed {STEM}"));
    drop(hearing);
    source.restarted().listen().silence().await;
}

#[tokio::test(start_paused = true)]
async fn however_many_bad_files_have_one_name_each_is_told_once() {
    let source = Source::over(MemoryFolder::new().read_only(), DropFolderConfig::new("UTC"));
    let mut hearing = source.listen();
    hearing.poke();
    for number in 0..40 {
        source.folder.upload(&format!("{STEM}.{number}"), "x");
        assert_eq!(hearing.rejected().await.reason, "bad_file_name");
    }
    hearing.silence().await;
    drop(hearing);
    source.restarted().listen().silence().await;
}

#[tokio::test(start_paused = true)]
async fn files_that_appear_whole_need_no_settling() {
    let source = Source::over(MemoryFolder::new().appearing_whole().mute(), DropFolderConfig::new("UTC"));
    source.folder.put(&wav(STEM), "RIFF");
    source.folder.put(&json(STEM), JSON);
    let mut hearing = source.listen();
    let started = tokio::time::Instant::now();
    hearing.items().await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    source.folder.put(&json(STEM), "{");
    assert_eq!(hearing.rejected().await.reason, "not_readable");
    assert!(started.elapsed() <= Duration::from_secs(30), "the next listing, and no more: {:?}", started.elapsed());
}

/// No byte of this recording is looked at before it is handed on.
#[tokio::test(start_paused = true)]
async fn a_recording_that_was_whole_and_is_written_anew_is_waited_for() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    let name = format!("{STEM}.mp3");
    source.folder.upload(&name, "an old one");
    hearing.silence().await;
    source.folder.put(&name, "a n");
    source.folder.say(Notice::Written(FolderPath::new(name.as_str()).unwrap()));
    source.folder.upload(&json(STEM), JSON);
    hearing.silence_of(SETTLE / 2).await;
    source.folder.upload(&name, "a new one that is longer");
    assert_eq!(facts(&hearing.event().await).recordings[0].size, Some(24));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_written_to_is_not_whole_whatever_was_said_before() {
    let source = Source::with(|config| config.with_sidecar(SidecarMode::None));
    let mut hearing = source.listen();
    hearing.poke();
    source.folder.upload(&wav(STEM), "RI");
    source.folder.say(Notice::Written(FolderPath::new(wav(STEM)).unwrap()));
    hearing.silence_of(SETTLE / 2).await;
    source.folder.upload(&wav(STEM), "RIFF");
    let event = event(hearing.item().await);
    assert_eq!(facts(&event).recordings[0].size, Some(4));
}
