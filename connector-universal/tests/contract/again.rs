//! Files that come again, are replaced, or change while something is under way.

use std::time::Duration;

use connector_core::{CallEventKind, Outcome, Refusal};

use crate::common::{Hearing, JSON, MemoryFolder, SETTLE, STEM, Source, event, facts, json, outcome_of, told, wav};

const NEWER: &str = r#"{"contact_name": "Ife Novak", "call_stage": "Won"}"#;

async fn taken(source: &Source) -> (Hearing, connector_core::CallEvent) {
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let event = hearing.event().await;
    (hearing, event)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_replaced_after_accept_is_not_moved_by_the_old_receipt() {
    let source = Source::new();
    let (mut hearing, old) = taken(&source).await;
    source.folder.upload(&wav(STEM), "RIFF, corrected");
    source.settle(old.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    assert_eq!(source.folder.text(&wav(STEM)), "RIFF, corrected");
    assert!(!source.folder.has(&json(STEM)), "the sidecar was the same and is gone");
    hearing.silence().await;
    source.folder.upload(&json(STEM), JSON);
    let new = hearing.event().await;
    assert!(new.kind == CallEventKind::Ended && new.key != old.key);
    assert_eq!(facts(&new).recordings[0].size, Some(15));
}

#[tokio::test(start_paused = true)]
async fn recording_and_sidecar_may_both_be_replaced_before_they_are_settled() {
    let source = Source::new();
    let (mut hearing, old) = taken(&source).await;
    source.folder.upload(&wav(STEM), "RIFF, corrected");
    source.folder.upload(&json(STEM), NEWER);
    let new = hearing.event().await;
    assert!(new.kind == CallEventKind::Ended && new.key != old.key);
    assert_eq!(facts(&new).attributes["call_stage"], "Won");
    source.settle(old.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    assert!(source.folder.has(&wav(STEM)) && source.folder.has(&json(STEM)), "the old receipt moves neither");
    source.settle(new.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    assert!(source.folder.names().iter().all(|name| name.starts_with("processed/")));
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_recording_replaced_in_place_is_taken_with_the_sidecar_that_lies_there() {
    let source = Source::new();
    let (mut hearing, old) = taken(&source).await;
    source.folder.upload(&wav(STEM), "RIFF, corrected");
    let new = hearing.event().await;
    assert!(new.kind == CallEventKind::Ended && new.key != old.key);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_arrives_while_the_pair_is_in_flight_follows_it() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let first = hearing.delivery().await;
    source.folder.upload(&json(STEM), NEWER);
    hearing.silence().await;
    first.ack.accept().await.unwrap();
    let event = hearing.event().await;
    assert!(event.kind == CallEventKind::MetadataChanged && facts(&event).attributes["call_stage"] == "Won");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_arrives_before_a_refusal_becomes_part_of_the_pair() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let first = hearing.delivery().await;
    source.folder.upload(&json(STEM), NEWER);
    hearing.silence().await;
    first.ack.refuse(Refusal::NotStored);
    let event = hearing.event().await;
    assert!(event.kind == CallEventKind::Ended && facts(&event).attributes["call_stage"] == "Won");
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_comes_again_is_heard_again_and_moved_away() {
    for sidecar_first in [false, true] {
        let source = Source::new();
        let (mut hearing, first) = taken(&source).await;
        source.settle(first.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
        if sidecar_first {
            source.folder.upload(&json(STEM), JSON);
            hearing.silence_of(SETTLE / 2).await;
            source.folder.upload(&wav(STEM), "RIFF");
        } else {
            source.folder.upload(&wav(STEM), "RIFF");
            hearing.silence_of(SETTLE * 2).await;
            source.folder.upload(&json(STEM), JSON);
        }
        let again = hearing.event().await;
        assert!(again.kind == CallEventKind::Ended && again.key != first.key, "sidecar first: {sidecar_first}");
        assert_eq!(again.revision.unwrap().fingerprint, first.revision.unwrap().fingerprint);
        source.settle(again.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
        assert!(source.folder.names().iter().all(|name| name.starts_with("processed/")));
        hearing.silence().await;
    }
}

/// The words of the recording are lost: only the sidecar is heard of, and it is the one that was taken already.
#[tokio::test(start_paused = true)]
async fn a_sidecar_that_comes_again_does_not_leave_before_its_recording_is_found() {
    let source = Source::with(|config| config.with_rescan(Duration::from_secs(600)));
    let (mut hearing, first) = taken(&source).await;
    source.settle(first.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    source.folder.put(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_file_that_was_replaced_by_a_good_one_is_taken() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    for bad in ["[]", r#"{"a": {}}"#, r#"{"a": 1, "a": 2}"#] {
        source.folder.upload(&json(STEM), bad);
        let mut hearing = source.listen();
        let rejected = hearing.rejected().await;
        if bad == "[]" {
            source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
        }
        hearing.silence().await;
    }
    source.folder.upload(&json(STEM), JSON);
    let mut hearing = source.restarted().listen();
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn files_that_vanish_while_they_are_in_flight_may_come_again() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let delivery = hearing.delivery().await;
    source.folder.take_away(&wav(STEM));
    source.folder.take_away(&json(STEM));
    hearing.silence().await;
    delivery.ack.refuse(Refusal::NotStored);
    hearing.silence().await;
    source.folder.upload_pair(STEM);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_changes_while_it_is_decided_about_is_read_anew() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), JSON);
    // Replaced after the word, before the source came to look, and again without a word.
    source.folder.put(&json(STEM), NEWER);
    let event = hearing.event().await;
    assert_eq!(facts(&event).attributes["call_stage"], "Won");
}

/// An update is too large to be read, and stays where it is: the next one must not be held up by it.
#[tokio::test(start_paused = true)]
async fn a_rejected_recording_that_stays_does_not_hold_up_updates() {
    let folder = MemoryFolder::new().read_only();
    let mut config = connector_universal::DropFolderConfig::new("UTC");
    config.media_limit = 100;
    let source = Source::over(folder, config);
    let (mut hearing, _) = taken(&source).await;
    source.folder.upload_sparse(&wav(STEM), 101);
    source.folder.take_away(&json(STEM));
    assert_eq!(hearing.rejected().await.reason, "media_too_large");
    source.folder.upload(&json(STEM), NEWER);
    let event = event(hearing.item().await);
    assert_eq!(event.kind, CallEventKind::MetadataChanged);
}
