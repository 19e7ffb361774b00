//! Deliveries: refused ones come again, accepted ones do not, and nothing is lost wherever a stream is dropped.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_core::{AgentRef, EventSource, Item, Outcome, Refusal, Replay, SourceItem, SubscribeRequest, Watch};
use connector_universal::{DropFolderConfig, SidecarMode};
use futures_util::{FutureExt, StreamExt};

use crate::common::{JSON, MemoryFolder, STEM, Source, event, json, poll, told, wav};

fn stem(number: usize) -> String {
    format!("20261102-09{:02}{:02}_kay", number / 60, number % 60)
}

/// A source whose files are whole at once.
fn quick(pairs: usize) -> Source {
    let source = Source::over(MemoryFolder::new().appearing_whole(), DropFolderConfig::new("UTC"));
    (0..pairs).for_each(|number| source.folder.upload_pair(&stem(number)));
    source
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_or_dropped_comes_again_with_the_same_key() {
    let source = quick(1);
    source.folder.upload("20261102-100000_noor.wav", "RIFF");
    source.folder.upload("20261102-100000_noor.json", "[]");
    let mut hearing = source.listen();
    let mut keys = BTreeSet::new();
    for round in 0..4 {
        let delivery = hearing.delivery_within(Duration::from_secs(2)).await.expect("soon");
        assert_eq!(told(&delivery.items), format!("ended {}, rejected not_readable", stem(0)));
        keys.insert(event(delivery.items[0].clone()).key);
        match round {
            0 => delivery.ack.refuse(Refusal::NotStored),
            1 => drop(delivery),
            2 => drop(delivery.ack.accept()), // never polled
            _ => delivery.ack.accept().await.unwrap(),
        }
    }
    assert_eq!(keys.len(), 1);
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn an_accept_that_is_dropped_half_way_leads_to_a_duplicate_at_worst() {
    for polls in 1..4 {
        let source = quick(1);
        let mut hearing = source.listen();
        let delivery = hearing.delivery().await;
        let key = event(delivery.items[0].clone()).key;
        source.ledger.be_slow(true);
        let mut accept = Box::pin(delivery.ack.accept());
        let mut done = false;
        for _ in 0..polls {
            done = done || (&mut accept).now_or_never().is_some();
        }
        drop(accept);
        assert_eq!(done, polls == 3, "the ledger gives way twice");
        match hearing.delivery_within(Duration::from_secs(200)).await {
            Some(again) => assert!(!done && event(again.items[0].clone()).key == key),
            None => assert!(done),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_accept_that_the_ledger_fails_is_an_error_and_comes_again() {
    let source = quick(1);
    let mut hearing = source.listen();
    let delivery = hearing.delivery().await;
    source.ledger.fail(true);
    assert!(delivery.ack.accept().await.unwrap_err().is_storage());
    source.ledger.fail(false);
    assert_eq!(told(&hearing.items().await), format!("ended {}", stem(0)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_at_any_point_loses_nothing() {
    let mut delivered_before = BTreeSet::new();
    for polls in 0..80 {
        let source = quick(3);
        source.folder.upload("20261102-100000_noor.wav", "RIFF");
        source.folder.upload("20261102-100000_noor.json", "[]");
        let source = Source::over(source.folder.in_pieces(1), DropFolderConfig::new("UTC"));
        source.ledger.be_slow(true);
        let mut events = source.calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
        let before = poll(&mut events, polls);
        drop(events);
        delivered_before.insert(before.iter().filter(|item| matches!(item, SourceItem::Delivery(_))).count());
        drop(before);
        let items = source.listen().all().await;
        let expected = format!("ended {}, ended {}, ended {}, rejected not_readable", stem(0), stem(1), stem(2));
        assert_eq!(told(&items), expected, "after {polls} polls");
    }
    assert_eq!(delivered_before, [0, 1].into(), "some streams came that far");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_outlives_its_stream_can_still_be_accepted() {
    let source = quick(2);
    let mut hearing = source.listen();
    let delivery = hearing.delivery().await;
    drop(hearing);
    delivery.ack.accept().await.unwrap();
    source.listen().silence().await;
}

#[tokio::test(start_paused = true)]
async fn only_one_may_listen_at_a_time() {
    let source = quick(1);
    let hearing = source.listen();
    let mut second = source.calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    assert!(second.next().await.unwrap().unwrap_err().is_already_subscribed());
    assert!(second.next().await.is_none(), "an error is the last item");
    let clone = source.calls.clone();
    let mut third = clone.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    assert!(third.next().await.unwrap().is_err(), "a clone is the same source");
    drop(hearing);
    source.listen().items().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_delivery_does_not_wait_for_the_last_ones_ack() {
    let source = quick(500);
    let mut hearing = source.listen();
    let mut deliveries = Vec::new();
    while let Some(delivery) = hearing.delivery_within(Duration::from_secs(1)).await {
        deliveries.push(delivery);
    }
    let stems =
        deliveries.iter().flat_map(|delivery| delivery.items.iter().map(|item| told(std::slice::from_ref(item))));
    let expected: Vec<String> = (0..500).map(|number| format!("ended {}", stem(number))).collect();
    assert_eq!(stems.collect::<Vec<_>>(), expected, "each once, in the order of their names");
    assert!(deliveries.len() > 5, "{}", deliveries.len());
    for delivery in deliveries.into_iter().rev() {
        delivery.ack.accept().await.unwrap();
    }
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn people_come_and_go_while_it_listens() {
    let [kay, noor] = ["kay", "noor"].map(|login| AgentRef::default().with_login(login));
    let watch = Watch::these([kay.clone()]);
    let source = quick(1);
    source.folder.upload_pair("20261102-100000_noor");
    let mut hearing = source.listen_to(watch.clone());
    assert_eq!(told(&hearing.items().await), format!("ended {}", stem(0)));
    hearing.silence().await;
    watch.set([noor]);
    assert_eq!(told(&hearing.items().await), "ended 20261102-100000_noor");
    source.folder.upload_pair(&stem(1));
    hearing.silence().await;
    watch.set([kay]);
    assert_eq!(told(&hearing.items().await), format!("ended {}", stem(1)));
}

#[tokio::test(start_paused = true)]
async fn files_of_people_who_are_not_watched_are_not_touched_even_if_they_are_bad() {
    let source = quick(0);
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), JSON);
    source.folder.upload(&format!("{STEM}.xml"), "<call/>");
    let watch = Watch::these([]);
    let mut hearing = source.listen_to(watch.clone());
    hearing.silence().await;
    watch.set([AgentRef::default().with_login("kay_lind")]);
    assert_eq!(hearing.rejected().await.reason, "more_than_one_sidecar");
}

#[tokio::test(start_paused = true)]
async fn one_removed_in_the_grace_time_is_not_heard_and_nothing_spins() {
    let config = DropFolderConfig::new("UTC").with_sidecar(SidecarMode::Optional);
    let source = Source::over(MemoryFolder::new().appearing_whole(), config);
    source.folder.upload(&wav(STEM), "RIFF");
    let watch = Watch::these([AgentRef::default().with_login("kay_lind")]);
    let mut hearing = source.listen_to(watch.clone());
    hearing.silence_of(Duration::from_secs(1700)).await;
    watch.set([]);
    hearing.silence_of(Duration::from_secs(1700)).await;
    assert!(source.folder.listings() < 150, "{}", source.folder.listings());
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_accept_and_settle_leaves_nothing_to_hear_and_the_receipt_still_counts() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let heard = source.listen().event().await;
    let source = source.restarted();
    let mut hearing = source.listen();
    hearing.silence().await;
    source.settle(heard.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    assert!(source.folder.has(&format!("processed/2026-11-02/{STEM}.wav")));
    assert!(source.folder.has(&format!("processed/2026-11-02/{STEM}.json")));
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_accept_offers_all_of_it_again() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let delivery = source.listen().delivery().await;
    let key = event(delivery.items[0].clone()).key;
    std::mem::forget(delivery.ack);
    assert_eq!(source.restarted().listen().event().await.key, key);
}

#[tokio::test(start_paused = true)]
async fn settling_twice_is_fine() {
    let source = quick(1);
    source.folder.upload("20261102-100000_noor.wav", "RIFF");
    source.folder.upload("20261102-100000_noor.json", "[]");
    let items = source.listen().items().await;
    for _ in 0..2 {
        for item in &items {
            source.settle_item(item).await;
        }
    }
    let names = source.folder.names();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_settle_is_finished_by_the_next() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let heard = source.listen().event().await;
    let receipt = heard.receipt.unwrap();
    source.folder.fail(&format!("rename {STEM}.json"));
    assert!(source.settle(&receipt, Outcome::Stored).await.unwrap_err().is_storage());
    assert!(!source.folder.has(&wav(STEM)) && source.folder.has(&json(STEM)));
    source.folder.heal(&format!("rename {STEM}.json"));
    source.settle(&receipt, Outcome::Stored).await.unwrap();
    assert!(!source.folder.has(&json(STEM)));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_of_somebody_else_is_refused() {
    let source = quick(0);
    let error = source.settle(&connector_core::Receipt::new("{}"), Outcome::Stored).await.unwrap_err();
    assert!(error.is_invalid() && error.to_string().starts_with("acme/drop: settle: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_source_says_what_it_can_do() {
    let source = quick(0);
    let traits = source.calls.events().traits();
    assert!(traits.carries_facts && traits.replay == Replay::Redelivered);
    let connector = source.calls.connector();
    assert!(connector.events().is_some() && connector.recordings().is_some() && connector.settler().is_some());
    assert_eq!(connector.origin().to_string(), "acme/drop");
    assert!(connector.check().await.is_ok());
    source.folder.fail("list");
    assert!(!connector.check().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_read_is_told_once() {
    let source = quick(0);
    source.folder.show_unreadable("20261102-091500_•••.wav");
    let mut hearing = source.listen();
    let delivery = hearing.delivery().await;
    let Item::Rejected(rejected) = &delivery.items[0] else { panic!("{}", told(&delivery.items)) };
    assert!(rejected.reason == "unreadable_name" && rejected.receipt.is_none(), "{rejected}");
    delivery.ack.refuse(Refusal::NotStored);
    assert_eq!(hearing.rejected().await.what, "20261102-091500_•••.wav");
    hearing.silence().await;
    drop(hearing);
    source.restarted().listen().silence().await;
}
