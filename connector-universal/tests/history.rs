//! The calls of the past, as far as their files are still there.
#![allow(missing_docs)]

mod common;

use connector_core::{
    Conversation, ConversationHistory, ConversationRef, Gone, HistoryQuery, Lookup, LookupOptions, Page,
    RecordingDownloader,
};
use connector_universal::SidecarMode;
use futures_util::TryStreamExt;

use common::{JSON, STEM, Source, at, json, wav};

const DAY: (&str, &str) = ("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z");

async fn pages(source: &Source, from: &str, to: &str) -> Vec<Page<Conversation>> {
    let query = HistoryQuery::between(at(from), at(to));
    source.calls.history().ended(query).try_collect().await.unwrap()
}

fn ids(pages: &[Page<Conversation>]) -> Vec<&str> {
    let mut ids: Vec<&str> = pages.iter().flat_map(|page| &page.items).map(|call| call.this.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_waits_and_a_pair_that_was_moved_are_both_known() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let item = source.listen().item().await;
    source.settle_item(&item).await;
    assert!(!source.folder.has(&wav(STEM)), "the first one was moved");
    source.folder.upload_pair("20261102-093000_kay_lind");
    source.folder.upload("20261102-094000_alone.wav", "without metadata");
    let found = pages(&source, DAY.0, DAY.1).await;
    assert_eq!(ids(&found), [STEM, "20261102-093000_kay_lind"]);

    let call = found.iter().flat_map(|page| &page.items).find(|call| call.this.id == STEM).unwrap();
    assert_eq!(call.attributes["contact_name"], "Ife Novak");
    let download = source.calls.recordings().download(&call.recordings[0], Default::default()).await.unwrap();
    assert!(matches!(download, Lookup::Ready(_)), "its recording can be fetched from where it was moved to");
}

#[tokio::test(start_paused = true)]
async fn only_calls_of_the_window_are_listed() {
    let source = Source::new();
    for stem in ["20261031-235900_kay", "20261101-000000_kay", "20261102-235900_kay", "20261103-000001_kay"] {
        source.folder.upload_pair(stem);
    }
    assert_eq!(ids(&pages(&source, DAY.0, DAY.1).await), ["20261101-000000_kay", "20261102-235900_kay"]);
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_from_any_position() {
    let source = Source::new();
    for n in 0..150 {
        source.folder.upload_pair(&format!("20261102-09{:02}{:02}_kay", n / 60, n % 60));
    }
    for item in source.listen().all().await.iter().step_by(2) {
        source.settle_item(item).await;
    }
    let all = pages(&source, DAY.0, DAY.1).await;
    assert_eq!(ids(&all).len(), 150);
    assert!(all.len() > 2, "{} pages", all.len());
    for (n, page) in all.iter().enumerate() {
        let mut query = HistoryQuery::between(at(DAY.0), at(DAY.1));
        query.resume = page.resume.clone();
        let rest: Vec<_> = source.calls.history().ended(query).try_collect().await.unwrap();
        let mut both = ids(&all[..=n]);
        both.extend(ids(&rest));
        both.sort_unstable();
        assert_eq!(both, ids(&all), "after page {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_pair_costs_itself() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    source.folder.upload("20261102-093000_bad.wav", "sound");
    source.folder.upload("20261102-093000_bad.json", r#"{"contact": {"name": "Ife"}}"#);
    source.folder.upload("20261302-093000_bad.wav", "sound");
    let found = pages(&source, DAY.0, DAY.1).await;
    assert_eq!(ids(&found), [STEM]);
    let mut reasons: Vec<&str> = found.iter().flat_map(|page| &page.rejected).map(|row| row.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["bad_file_name", "nested_field"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_listed_never_undoes_a_later_update() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    let first = hearing.item().await;
    source.settle_item(&first).await;
    source.folder.upload(&json(STEM), r#"{"contact_name": "Ife Novak", "disposition": "Won"}"#);
    let update = hearing.event().await;
    let mut stored = common::facts(&common::event(first)).clone();
    assert!(stored.merge(common::facts(&update).clone()));
    let listed = pages(&source, DAY.0, DAY.1).await.remove(0).items.remove(0);
    let before = stored.clone();
    stored.merge(listed);
    assert_eq!(stored.attributes, before.attributes);
    assert_eq!(stored.attributes["disposition"], "Won");
}

#[tokio::test(start_paused = true)]
async fn one_call_is_found_by_its_name() {
    let source = Source::set(|config| config.sidecar = SidecarMode::Required);
    let history = source.calls.history();
    let named = ConversationRef::new(STEM).with_around(at("2026-11-02T09:15:00Z"));
    let look = || async { history.conversation(&named, LookupOptions::default()).await.unwrap() };
    assert_eq!(look().await, Lookup::Gone(Gone::Unknown));
    source.folder.upload(&wav(STEM), "sound");
    assert!(matches!(look().await, Lookup::NotReady { .. }), "its metadata may still come");
    source.folder.upload(&json(STEM), JSON);
    assert!(matches!(look().await, Lookup::Ready(call) if call.this.id == STEM));
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_listed_is_an_error_and_the_last_item() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    source.folder.fail("list");
    let query = HistoryQuery::between(at(DAY.0), at(DAY.1));
    let mut listing = source.calls.history().ended(query);
    assert!(listing.try_next().await.is_err());
    assert_eq!(listing.try_next().await.unwrap(), None);
}
