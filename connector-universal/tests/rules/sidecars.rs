//! M1–M9: metadata files.

use std::time::Duration;

use connector_core::{Direction, SourceStatus};

use crate::common::{JSON, SETTLE, STEM, Source, facts, hours, json, outcome_of, told, wav};

#[tokio::test(start_paused = true)]
async fn names_belong_together_byte_by_byte() {
    let source = Source::new();
    source.folder.upload("20261102-091500_kay.wav", "RIFF");
    source.folder.upload("20261102-091500_Kay.json", JSON);
    let mut hearing = source.listen();
    hearing.silence().await;
    source.folder.upload("20261102-091500_kay.JSON", JSON);
    assert_eq!(hearing.event().await.conversation.id, "20261102-091500_kay", "letter case of extensions aside");
}

#[tokio::test(start_paused = true)]
async fn yaml_is_refused_with_what_to_do_unless_the_source_accepts_it() {
    let source = Source::new();
    let name = format!("{STEM}.yaml");
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&name, "stage: Won");
    let rejected = source.listen().rejected().await;
    assert!(rejected.reason == "yaml_extension" && rejected.detail.contains("accept_yaml"), "{rejected}");

    let source = Source::set(|config| config.accept_yaml = true);
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&name, "stage: Won");
    assert_eq!(facts(&source.listen().event().await).attributes["stage"], "Won");
}

#[tokio::test(start_paused = true)]
async fn two_sidecars_are_both_refused_and_the_recording_waits() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), JSON);
    source.folder.upload(&format!("{STEM}.yml"), "stage: Won");
    let mut hearing = source.listen();
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "more_than_one_sidecar");
    hearing.silence().await;
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(source.folder.has(&wav(STEM)) && !source.folder.has(&json(STEM)));
    assert!(!source.folder.has(&format!("{STEM}.yml")));
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_second_sidecar_that_is_still_being_written_is_waited_for() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), JSON);
    source.folder.put(&format!("{STEM}.xml"), "<call>");
    let mut hearing = source.listen();
    hearing.silence_of(SETTLE - Duration::from_secs(1)).await;
    assert_eq!(hearing.rejected().await.reason, "more_than_one_sidecar");
}

#[tokio::test(start_paused = true)]
async fn a_nested_field_costs_the_sidecar_and_a_flat_one_completes_the_pair() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), r#"{"contact": {"name": "Ife"}}"#);
    let mut hearing = source.listen();
    let rejected = hearing.rejected().await;
    assert_eq!((rejected.reason.as_str(), rejected.at.as_deref()), ("nested_field", Some("contact")));
    assert!(rejected.raw.is_none() && !rejected.to_string().contains("Ife"));
    // The corrected one comes before the bad one is moved away: the old receipt must not move it.
    source.folder.upload(&json(STEM), JSON);
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    assert_eq!(source.folder.names(), [json(STEM), wav(STEM)]);
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_was_closed_too_early_gets_the_settle_time() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    source.folder.upload(&wav(STEM), "RIFF");
    for unfinished in ["", "{", r#"{"contact_name": "Ife"#] {
        source.folder.upload(&json(STEM), unfinished);
        hearing.silence_of(SETTLE / 2).await;
    }
    assert!(source.folder.bytes_read() > 0, "they were read, and nobody was blamed");
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    source.folder.upload("20261102-092000_noor.wav", "RIFF");
    source.folder.upload("20261102-092000_noor.json", "{");
    assert_eq!(hearing.rejected().await.reason, "not_readable", "in the end somebody is");
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_field_is_refused_by_its_name() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), r#"{"disposition": "Won", "disposition": "Lost"}"#);
    let rejected = source.listen().rejected().await;
    assert_eq!((rejected.reason.as_str(), rejected.at.as_deref()), ("duplicate_field", Some("disposition")));
}

#[tokio::test(start_paused = true)]
async fn values_reach_the_event_as_the_text_that_stood_there() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&format!("{STEM}.yml"), "zip: 02134\nconsent: no\namount: 1e3\nnotes:\n");
    let event = source.listen().event().await;
    let attributes = &facts(&event).attributes;
    assert_eq!((&*attributes["zip"], &*attributes["consent"], &*attributes["amount"]), ("02134", "no", "1e3"));
    assert!(!attributes.contains_key("notes"), "null says nothing");
    assert_eq!(event.raw.unwrap().bytes, "zip: 02134\nconsent: no\namount: 1e3\nnotes:\n");
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_above_the_limit_is_refused_unread() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload_sparse(&json(STEM), (1 << 20) + 1);
    let mut hearing = source.listen();
    assert_eq!(hearing.rejected().await.reason, "sidecar_too_large");
    assert_eq!(source.folder.bytes_read(), 0);
    let largest = format!(r#"{{"notes": "{}"}}"#, "x".repeat((1 << 20) - 13));
    assert_eq!(largest.len(), 1 << 20);
    source.folder.upload(&json(STEM), largest);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_once_its_required_fields_are_there() {
    let source = Source::with(|config| config.with_required_fields(["disposition", "stage"]));
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    hearing.silence_of(hours(3)).await;
    assert_eq!(source.folder.bytes_read(), JSON.len() as u64, "the same bytes are not read again and again");
    let Some(SourceStatus::Waiting { items: 1, since, what }) = hearing.statuses.last() else {
        panic!("{:?}", hearing.statuses)
    };
    assert_eq!((since.to_rfc3339().as_str(), what.as_str()), ("2026-11-02T10:00:00+00:00", "metadata"));

    source.folder.upload(&json(STEM), r#"{"disposition": "Won", "stage": null}"#);
    hearing.silence().await;
    source.folder.upload(&json(STEM), r#"{"disposition": "Won", "stage": ""}"#);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"), "empty is a value, null is none");
}

#[tokio::test(start_paused = true)]
async fn the_usual_fields_are_understood_and_all_are_kept() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    let text = "caller_id,contact_name,title,account,contact_phone,opportunity_name,opportunity_amount,disposition,\
        direction,call_stage\r\n+15550100142,Ife Novak,CFO,Novak Ltd,+15550100143,Renewal,2500.50,Interested,in,Offer\r\n";
    source.folder.upload(&format!("{STEM}.csv"), text);
    let event = source.listen().event().await;
    let call = facts(&event);
    assert_eq!(call.direction, Direction::Inbound);
    assert_eq!(call.customer.as_ref().unwrap().reveal(), "+15550100142");
    assert_eq!(call.legs[0].dispositions[0].to_string(), "Interested");
    assert_eq!(call.attributes.len(), 10, "{:?}", call.attributes.keys());
    assert_eq!(call.attributes["opportunity_amount"], "2500.50");
    assert!(call.recordings.len() == 1 && event.receipt.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_recording_waits_for_its_sidecar_and_nothing_of_it_is_read() {
    let source = Source::new();
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    hearing.silence_of(hours(24)).await;
    assert_eq!(source.folder.bytes_read(), 0);
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_may_come_before_its_recording() {
    let source = Source::new();
    source.folder.upload(&json(STEM), JSON);
    let mut hearing = source.listen();
    hearing.silence_of(hours(24)).await;
    assert_eq!(source.folder.bytes_read(), 0);
    source.folder.upload(&wav(STEM), "RIFF");
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_pair_of_which_there_was_no_word_is_found_and_settles() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    source.folder.put(&wav(STEM), "RIFF");
    source.folder.put(&json(STEM), JSON);
    let found = tokio::time::Instant::now();
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    assert!(found.elapsed() <= Duration::from_secs(61), "a listing and the settle time: {:?}", found.elapsed());
    assert!(found.elapsed() >= SETTLE, "{:?}", found.elapsed());
}
