//! U1–U7: new versions of metadata.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{CallEventKind, Outcome};

use crate::common::{Hearing, JSON, SETTLE, STEM, Source, at, facts, json, outcome_of, told, wav};

const NEWER: &str = r#"{"contact_name": "Ife Novak", "direction": "inbound", "call_stage": "Won"}"#;
/// The call was at 2026-11-02T09:15:00Z.
const LAST_MOMENT: &str = "2026-11-04T09:15:00Z";

/// A pair that was heard, accepted, stored and moved away.
async fn processed(source: &Source) -> Hearing {
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let items = hearing.items().await;
    assert_eq!(told(&items), format!("ended {STEM}"));
    source.settle_item(&items[0]).await;
    hearing
}

async fn wait_until(source: &Source, time: DateTime<Utc>) {
    tokio::time::advance((time - source.clock.now()).to_std().unwrap()).await;
    assert_eq!(source.clock.now(), time);
}

#[tokio::test(start_paused = true)]
async fn a_new_version_of_a_sidecar_updates_the_metadata_alone() {
    let source = Source::new();
    let mut hearing = processed(&source).await;
    source.folder.upload(&json(STEM), NEWER);
    let event = hearing.event().await;
    assert_eq!(event.kind, CallEventKind::MetadataChanged);
    assert_eq!(event.conversation.id, STEM);
    let call = facts(&event);
    assert!(call.attributes["call_stage"] == "Won" && call.recordings.is_empty());
    source.settle(event.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    let moved = source.folder.names();
    assert_eq!(moved.len(), 3, "{moved:?}");
    assert!(moved.iter().all(|name| name.starts_with("processed/2026-11-02/")), "the second under another name");
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_version_supersedes_and_an_older_one_does_not() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let first = hearing.event().await;
    source.folder.upload(&json(STEM), NEWER);
    let second = hearing.event().await;
    let (first, second) = (first.revision.unwrap(), second.revision.unwrap());
    assert!(second.supersedes(&first) && !first.supersedes(&second), "{first:?} {second:?}");
}

#[tokio::test(start_paused = true)]
async fn an_update_is_taken_up_to_48_hours_after_the_call_to_the_second() {
    let source = Source::new();
    let mut hearing = processed(&source).await;
    wait_until(&source, at(LAST_MOMENT)).await;
    source.folder.upload(&json(STEM), NEWER);
    assert_eq!(told(&hearing.items().await), format!("changed {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn the_48_hours_count_from_the_call_in_the_zone_of_the_name() {
    let source = Source::set(|config| config.time_zone = "-05:00".into());
    let mut hearing = processed(&source).await;
    wait_until(&source, at(LAST_MOMENT) + TimeDelta::hours(5)).await;
    source.folder.upload(&json(STEM), NEWER);
    assert_eq!(told(&hearing.items().await), format!("changed {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn an_update_after_the_window_is_refused() {
    let source = Source::new();
    let mut hearing = processed(&source).await;
    wait_until(&source, at(LAST_MOMENT) + TimeDelta::seconds(1)).await;
    source.folder.upload(&json(STEM), NEWER);
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "update_window_closed");
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(source.folder.has(&format!("rejected/2026-11-04/{STEM}.json")));
    let note = source.folder.text(&format!("rejected/2026-11-04/{STEM}.json.error.json"));
    assert!(note.contains("update_window_closed") && note.contains("2026-11-04T09:15:3"), "{note}");
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_that_an_uploader_gives_a_file_changes_nothing() {
    for dated in ["1970-01-01T00:00:00Z", "2026-11-02T09:16:00Z", "2099-12-31T23:59:59Z"] {
        let source = Source::new();
        source.folder.upload_dated(&wav(STEM), "RIFF", at(dated));
        source.folder.upload_dated(&json(STEM), JSON, at(dated));
        let mut hearing = source.listen();
        let items = hearing.items().await;
        assert_eq!(told(&items), format!("ended {STEM}"), "{dated}");
        source.settle_item(&items[0]).await;

        wait_until(&source, at(LAST_MOMENT)).await;
        source.folder.upload_dated(&json(STEM), NEWER, at(dated));
        assert_eq!(told(&hearing.items().await), format!("changed {STEM}"), "in time, dated {dated}");
        source.folder.take_away(&json(STEM));
        wait_until(&source, at("2026-11-04T09:20:00Z")).await;
        source.folder.upload_dated(&json(STEM), JSON, at(dated));
        assert_eq!(hearing.rejected().await.reason, "update_window_closed", "late, dated {dated}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_settles_after_the_window_but_was_seen_before_is_in_time() {
    let source = Source::new();
    let mut hearing = processed(&source).await;
    wait_until(&source, at(LAST_MOMENT) - TimeDelta::seconds(5)).await;
    source.folder.put(&json(STEM), NEWER);
    let items = hearing.items().await;
    assert!(source.clock.now() > at(LAST_MOMENT), "the settle time is over after the window");
    assert_eq!(told(&items), format!("changed {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn the_first_sidecar_is_never_too_late() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    hearing.silence().await;
    wait_until(&source, at("2026-11-07T00:00:00Z")).await;
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn nor_is_the_first_sidecar_of_a_recording_that_was_taken_without() {
    let optional = connector_universal::SidecarMode::Optional;
    let source = Source::with(|config| config.with_sidecar(optional));
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    let taken = hearing.delivery_within(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(told(&taken.items), format!("ended {STEM}"));
    taken.ack.accept().await.unwrap();
    wait_until(&source, at("2026-11-07T00:00:00Z")).await;
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("changed {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_again_change_nothing() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let first = hearing.items().await;
    source.settle_item(&first[0]).await;
    source.folder.upload(&json(STEM), JSON);
    let again = hearing.items().await;
    let first = crate::common::event(first.into_iter().next().unwrap()).revision.unwrap();
    let repeated = crate::common::event(again.into_iter().next().unwrap());
    assert!(!repeated.revision.as_ref().unwrap().supersedes(&first), "a store keeps what it has");
    source.settle(repeated.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    assert!(!source.folder.has(&json(STEM)), "and the file is out of the way");
    // However late: it is no update.
    wait_until(&source, at("2026-11-06T00:00:00Z")).await;
    source.folder.upload(&json(STEM), JSON);
    let late = hearing.event().await;
    assert_eq!(late.key, repeated.key, "the same occurrence has the same key");
}

#[tokio::test(start_paused = true)]
async fn an_update_without_a_required_field_is_refused_and_the_call_stays() {
    let source = Source::with(|config| config.with_required_fields(["direction"]));
    let mut hearing = processed(&source).await;
    source.folder.upload(&json(STEM), r#"{"call_stage": "Won"}"#);
    let rejected = hearing.rejected().await;
    assert_eq!((rejected.reason.as_str(), rejected.at.as_deref()), ("metadata_incomplete", Some("direction")));
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    source.folder.upload(&json(STEM), NEWER);
    assert_eq!(told(&hearing.items().await), format!("changed {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn an_update_in_another_format_is_refused_while_the_first_is_there() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let taken = hearing.items().await;
    source.folder.upload(&format!("{STEM}.yml"), "stage: Won");
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "more_than_one_sidecar");
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(source.folder.has(&json(STEM)) && !source.folder.has(&format!("{STEM}.yml")), "the first stays");
    source.settle_item(&taken[0]).await;
    assert!(source.folder.has(&format!("processed/2026-11-02/{STEM}.json")));
}

#[tokio::test(start_paused = true)]
async fn it_is_taken_once_the_first_is_gone_even_if_nobody_noticed_yet() {
    let source = Source::new();
    let mut hearing = processed(&source).await;
    // The first one was moved a moment ago, and the folder was not listed since.
    source.folder.upload(&format!("{STEM}.yml"), "stage: Won");
    assert_eq!(told(&hearing.items().await), format!("changed {STEM}"));
    hearing.silence_of(SETTLE * 4).await;
}
