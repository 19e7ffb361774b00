//! The file itself: opened again, made by a newer version, held by two.

use connector_core::{Cursor, Receipt, Rejected};

use super::{Scratch, call};
use crate::fakes::{at, batch, ended, origin, with_receipt};
use crate::sqlite::SqliteStore;
use crate::store::WorkStore;

#[tokio::test]
async fn everything_is_there_after_it_was_opened_again() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, [with_receipt(ended("c", 1), "file"), ended("d", 1)]);
    told.cursor = Some(Cursor::new("17"));
    told.rejected.push(Rejected::new("row 2", "no_id", "no").with_receipt(Receipt::new("bad")));
    scratch.record(told.clone()).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.store.commit(&row.lease, &call(&origin(), "c", 1)).await.unwrap();

    let scratch = scratch.reopen().await;
    assert_eq!(scratch.store.cursor(&origin()).await.unwrap(), Some(Cursor::new("17")));
    assert_eq!(scratch.store.call(&origin(), "c").await.unwrap(), Some(call(&origin(), "c", 1)));
    assert_eq!(scratch.store.unpublished(&origin(), "c").await.unwrap().len(), 1);
    assert_eq!(scratch.store.unsettled_rejections(&[origin()], 0, 9).await.unwrap().len(), 1);
    assert_eq!(scratch.store.record(&told).await.unwrap().events, 0);
    assert!(scratch.store.renew(&row.lease, at(60)).await.unwrap(), "a lease survives the process");
    scratch.finish(&row, 1).await;
    assert_eq!(scratch.lease_up_to(99, 9).await.len(), 1);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let scratch = Scratch::new().await;
    scratch.sql("PRAGMA user_version = 99").await;
    scratch.store.close().await;
    let path = scratch.dir.path().join("ingest.db");
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.is_config() && error.advice().unwrap().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ingest.db");
    std::fs::write(&path, [b'x'; 4096]).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.is_storage() && error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_half_made_file_is_completed() {
    let scratch = Scratch::new().await;
    scratch.sql("DROP VIEW calls_v1; DROP TABLE ledger; PRAGMA user_version = 0").await;
    let scratch = scratch.reopen().await;
    assert_eq!(
        scratch.number("SELECT count(*) FROM calls_v1").await + scratch.number("SELECT count(*) FROM ledger").await,
        0
    );
    assert_eq!(scratch.number("PRAGMA user_version").await, crate::sqlite::store::SCHEMA);
}

#[tokio::test]
async fn two_who_share_the_file_never_lease_the_same_row() {
    let scratch = Scratch::new().await;
    let other = SqliteStore::open(scratch.dir.path().join("ingest.db")).await.unwrap();
    scratch.hear(0, (0..40).map(|n| ended(&n.to_string(), 1))).await;
    let take = async |store: &SqliteStore| {
        let mut taken = Vec::new();
        while let Some(row) = store.lease(&[origin()], at(0), super::LEASE, 1).await.unwrap().pop() {
            taken.push(row.lease.row);
        }
        taken
    };
    let (mine, theirs) = tokio::join!(take(&scratch.store), take(&other));
    let mut all = [mine, theirs].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_write_that_is_dropped_leaves_the_file_usable() {
    let scratch = Scratch::new().await;
    for polls in 0..30 {
        let told = batch(0, [ended(&format!("c{polls}"), 1), ended(&format!("d{polls}"), 1)]);
        let mut record = scratch.store.record(&told);
        for _ in 0..polls {
            let once = std::future::poll_fn(|cx| std::task::Poll::Ready(record.as_mut().poll(cx).is_ready()));
            if once.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(record);
        scratch.record(told).await;
    }
    let whole = scratch.number("SELECT count(*) FROM events").await;
    assert_eq!((whole, scratch.number("SELECT count(*) FROM work").await), (60, 60));
}

#[tokio::test]
async fn a_full_disk_is_said_in_plain_words_and_everything_goes_on_once_there_is_room() {
    let scratch = Scratch::new().await;
    let pages = scratch.number("PRAGMA page_count").await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}")))
        .execute(&scratch.store.writer)
        .await
        .unwrap();
    let told = batch(0, (0..500).map(|n| ended(&format!("call {n}"), 1)));
    let error = scratch.store.record(&told).await.unwrap_err();
    assert!(error.is_storage() && error.to_string().contains("full"), "{error}");
    assert_eq!(error.advice(), Some("free some space on the disk; nothing was lost"));
    assert_eq!(scratch.number("SELECT count(*) FROM events").await, 0, "all or nothing");
    scratch.sql("PRAGMA max_page_count = 1000000").await;
    assert_eq!(scratch.store.record(&told).await.unwrap().events, 500);
}
