//! Folders and ledgers that fail, files that cannot be read, and sources that have nothing to do.

use std::time::Duration;

use connector_core::SourceStatus;
use connector_folder::{FolderPath, Notice};
use futures_util::StreamExt;

use crate::common::{JSON, MemoryFolder, SETTLE, STEM, Source, hours, json, told, wav};

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_listed_for_a_while_is_told_of_once_and_listening_goes_on() {
    let source = Source::new();
    source.folder.fail("list");
    let mut hearing = source.listen();
    hearing.silence_of(hours(1)).await;
    let [SourceStatus::Reconnecting { why }] = &hearing.statuses[..] else { panic!("{:?}", hearing.statuses) };
    assert!(why.contains("cannot be opened"), "{why}");
    assert!(source.folder.listings() < 1000, "{}", source.folder.listings());
    source.folder.upload_pair(STEM);
    source.folder.heal("list");
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    hearing.silence().await;
    assert_eq!(hearing.statuses[1..], [SourceStatus::Live]);
    source.folder.fail("list");
    hearing.silence_of(hours(1)).await;
    source.folder.heal("list");
    hearing.silence().await;
    assert_eq!(hearing.statuses.len(), 4, "{:?}", hearing.statuses);
}

/// A folder that went away while files in it were settling: no stat succeeds either.
#[tokio::test(start_paused = true)]
async fn a_folder_that_goes_away_does_not_make_the_source_spin() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    for number in 0..50 {
        let name = format!("20261102-09150{}_k{number}.wav", number % 10);
        source.folder.upload(&name, "RIFF");
        source.folder.fail(&format!("stat {name}"));
    }
    source.folder.fail("list");
    hearing.silence_of(hours(1)).await;
    let tries = source.folder.stats() + source.folder.listings();
    assert!(tries < 5000, "{tries} tries in an hour");
}

#[tokio::test(start_paused = true)]
async fn one_bad_pair_never_holds_up_the_others() {
    let source = Source::new();
    let bad = "20261102-080000_noor";
    source.folder.upload_pair(bad);
    source.folder.fail(&format!("read {bad}.json"));
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    source.folder.upload_pair("20261102-093000_kay");
    assert_eq!(told(&hearing.items().await), "ended 20261102-093000_kay");
    hearing.silence_of(hours(1)).await;
    let troubles = hearing.statuses.iter().filter(|status| matches!(status, SourceStatus::Reconnecting { .. }));
    assert!((2..=8).contains(&troubles.count()), "said, but not every time: {:?}", hearing.statuses);
    source.folder.heal(&format!("read {bad}.json"));
    assert_eq!(told(&hearing.items().await), format!("ended {bad}"));
}

#[tokio::test(start_paused = true)]
async fn one_file_that_cannot_be_looked_at_never_holds_up_the_others() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    source.folder.fail("stat 20261102-080000_noor.wav");
    source.folder.upload_pair("20261102-080000_noor");
    for number in 0..5 {
        source.folder.upload_pair(&format!("20261102-09300{number}_kay"));
    }
    let mut heard = Vec::new();
    while let Some(delivery) = hearing.delivery_within(Duration::from_secs(5)).await {
        heard.extend(delivery.items.iter().map(|item| told(std::slice::from_ref(item))));
        delivery.ack.accept().await.unwrap();
    }
    assert_eq!(heard.len(), 5, "{heard:?}");
    assert_eq!(told(&hearing.items().await), "ended 20261102-080000_noor", "listings show it all the same");
}

#[tokio::test(start_paused = true)]
async fn a_pair_with_a_file_that_is_always_another_version_is_put_off_longer_and_longer() {
    let source = Source::with(|config| config.with_rescan(hours(1)));
    source.folder.upload_pair(STEM);
    let mut hearing = source.listen();
    hearing.silence_of(SETTLE - Duration::from_secs(1)).await;
    for _ in 0..300 {
        // Replaced without a word, again and again, just when it would have been read.
        source.folder.put(&json(STEM), JSON);
        hearing.silence_of(Duration::from_secs(12)).await;
    }
    assert!(source.folder.listings() < 400, "{}", source.folder.listings());
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_fails_is_told_of_and_tried_again() {
    let source = Source::new();
    source.folder.upload_pair(STEM);
    source.ledger.fail(true);
    let mut hearing = source.listen();
    hearing.silence_of(hours(1)).await;
    assert!(matches!(&hearing.statuses[..], [SourceStatus::Reconnecting { why }] if why == "the disk is full"));
    source.ledger.fail(false);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    hearing.silence().await;
    assert_eq!(hearing.statuses.last(), Some(&SourceStatus::Live));
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_the_stream() {
    let source = Source::new();
    source.folder.lock_out();
    let mut hearing = source.listen();
    let error = hearing.events.next().await.unwrap().unwrap_err();
    assert!(error.is_unauthorized() && error.to_string().starts_with("acme/drop: deliveries: "), "{error}");
    assert!(hearing.events.next().await.is_none());
    assert_eq!(source.folder.listings(), 1, "trying again would lock the account");
}

#[tokio::test(start_paused = true)]
async fn when_the_words_end_the_folder_is_listed_and_words_come_again() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    // The last word and the end come at once.
    source.folder.say(Notice::Missed);
    source.folder.fall_silent();
    source.folder.upload_pair(STEM);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    source.folder.upload_pair("20261102-093000_kay");
    let told_by_word = hearing.delivery_within(Duration::from_secs(1)).await.expect("at once");
    assert_eq!(told(&told_by_word.items), "ended 20261102-093000_kay");
}

#[tokio::test(start_paused = true)]
async fn missed_words_lead_to_a_listing() {
    let source = Source::with(|config| config.with_rescan(hours(10)));
    let mut hearing = source.listen();
    hearing.poke();
    source.folder.put(&wav(STEM), "RIFF");
    source.folder.put(&json(STEM), JSON);
    source.folder.say(Notice::Missed);
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn words_of_files_that_are_not_there_and_of_temporary_ones_do_no_harm() {
    let source = Source::new();
    let mut hearing = source.listen();
    hearing.poke();
    for name in ["gone.wav", ".hidden.wav", "20261102-091500_kay.wav.filepart"] {
        source.folder.say(Notice::Written(FolderPath::new(name).unwrap()));
        source.folder.say(Notice::Whole(FolderPath::new(name).unwrap()));
    }
    hearing.silence_of(hours(1)).await;
    assert_eq!(source.folder.stats(), 1, "one look at the one that might be there");
}

#[tokio::test(start_paused = true)]
async fn a_source_with_nothing_to_do_sleeps() {
    let source = Source::over(MemoryFolder::new(), connector_universal::DropFolderConfig::new("UTC"));
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload_pair("20261102-093000_kay");
    let mut hearing = source.listen();
    hearing.items().await;
    let before = (source.folder.listings(), source.folder.stats());
    hearing.silence_of(hours(1)).await;
    let after = (source.folder.listings(), source.folder.stats());
    assert_eq!((after.0 - before.0, after.1 - before.1), (120, 0), "a listing every 30 s and nothing else");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_settles_is_looked_at_now_and_then_and_never_taken() {
    let source = Source::new();
    source.folder.upload(&json(STEM), JSON);
    let mut hearing = source.listen();
    for size in 0..200 {
        source.folder.put(&wav(STEM), "x".repeat(size));
        hearing.silence_of(Duration::from_secs(20)).await;
    }
    assert!(source.folder.stats() < 400, "{}", source.folder.stats());
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"), "until it does");
}
