//! N1–N9: names of recordings.

use connector_core::Outcome;
use connector_universal::{NamePattern, RefersTo};

use crate::common::{JSON, STEM, Source, event, facts, json, outcome_of, told, wav};

#[tokio::test(start_paused = true)]
async fn a_bad_name_is_refused_with_its_sidecar_and_both_go_to_rejected() {
    let source = Source::new();
    source.folder.upload("20261102_091500_kay.wav", "RIFF");
    source.folder.upload("20261102_091500_kay.json", JSON);
    let mut hearing = source.listen();
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "bad_file_name");
    assert!(!rejected.to_string().contains("kay"), "{rejected}");
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert_eq!(
        source.folder.names(),
        [
            "rejected/2026-11-02/20261102_091500_kay.json",
            "rejected/2026-11-02/20261102_091500_kay.json.error.json",
            "rejected/2026-11-02/20261102_091500_kay.wav",
            "rejected/2026-11-02/20261102_091500_kay.wav.error.json",
        ]
    );
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn second_sixty_makes_a_call_of_the_next_minute() {
    let source = Source::new();
    source.folder.upload_pair("20261102-091560_kay");
    let event = source.listen().event().await;
    assert_eq!(facts(&event).started.unwrap().to_string(), "2026-11-02T09:16:00Z");
    assert_eq!(event.conversation.id, "20261102-091560_kay", "the name stays as it was");
}

#[tokio::test(start_paused = true)]
async fn the_time_may_be_the_end_of_the_call() {
    let source = Source::set(|config| {
        config.time_zone = "America/New_York".into();
        config.timestamp_refers_to = RefersTo::End;
    });
    source.folder.upload_pair("20261102-091500_kay");
    let event = source.listen().event().await;
    assert_eq!(facts(&event).ended.unwrap().to_string(), "2026-11-02T14:15:00Z");
    assert_eq!(facts(&event).started.unwrap().to_string(), "2026-11-02T14:14:30Z", "by the length in the sidecar");
    assert_eq!(event.at.to_string(), "2026-11-02T14:15:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_source_names_its_files_its_own_way() {
    let pattern = NamePattern::new("rec-{uid}@{ts}").unwrap();
    let source = Source::with(|config| config.with_name(pattern));
    source.folder.upload_pair("rec-kay_lind@20261102-091500");
    let mut hearing = source.listen();
    let event = hearing.event().await;
    assert_eq!(event.agent.as_ref().unwrap().reveal(), "kay_lind");
    assert_eq!(event.conversation.id, "rec-kay_lind@20261102-091500");
    source.folder.upload_pair(STEM);
    let rejected = hearing.rejected().await;
    assert!(rejected.reason == "bad_file_name" && rejected.detail.contains("rec-{uid}@{ts}"), "{rejected}");
}

#[tokio::test(start_paused = true)]
async fn two_recordings_of_one_name_are_both_refused() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&format!("{STEM}.mp3"), "ID3");
    source.folder.upload(&json(STEM), JSON);
    let mut hearing = source.listen();
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "ambiguous_media");
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(!source.folder.has(&wav(STEM)) && !source.folder.has(&format!("{STEM}.mp3")));
    assert!(source.folder.has(&json(STEM)), "the sidecar waits for the right one");
    source.folder.upload(&wav(STEM), "RIFF again");
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_second_recording_never_takes_the_first_one_along() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let taken = hearing.event().await;
    // Not stored yet: the first one still lies there.
    source.folder.upload(&format!("{STEM}.mp3"), "ID3");
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "ambiguous_media");
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(source.folder.has(&wav(STEM)) && !source.folder.has(&format!("{STEM}.mp3")));
    source.settle(taken.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    assert!(source.folder.has(&format!("processed/2026-11-02/{STEM}.wav")));
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_recording_of_another_kind_that_comes_later_is_refused_too() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let first = hearing.items().await;
    source.settle_item(&first[0]).await;
    source.folder.upload(&format!("{STEM}.mp3"), "ID3");
    assert_eq!(hearing.rejected().await.reason, "ambiguous_media");
    assert_eq!(event(first.into_iter().next().unwrap()).conversation.id, STEM);
}
