//! Recording batches: events, cursors, gaps, rejections.

use connector_core::{CallEventKind, Cursor, Gap, Origin, Outcome, Raw, RawFormat, Receipt, Rejected};

use super::{Scratch, is_storage};
use crate::fakes::{at, batch, changed, ended, event, origin, with_receipt};
use crate::store::WorkStore;
use crate::work::{Cause, Recorded};

fn rejected(receipt: Option<&str>) -> Rejected {
    let mut rejected = Rejected::new("row 2", "no_id", "it has no id").with_at("id");
    rejected.receipt = receipt.map(Receipt::new);
    rejected.raw = Some(Raw::new(RawFormat::Csv, "a;b"));
    rejected
}

#[tokio::test]
async fn an_event_is_counted_once_by_its_key() {
    let scratch = Scratch::new().await;
    let both = batch(0, [ended("c", 1), ended("c", 2)]);
    let first = scratch.store.record(&both).await.unwrap();
    let again = scratch.store.record(&both).await.unwrap();
    assert_eq!(first, Recorded { events: 2, repeated: 0, rejected: 0 });
    assert_eq!(again, Recorded { events: 0, repeated: 2, rejected: 0 });
    assert_eq!(scratch.number("SELECT count(*) FROM events").await, 2);
    assert_eq!(scratch.number("SELECT count(*) FROM work").await, 1);
    assert_eq!(scratch.lease(0).await.unwrap().lease.generation, 2, "each event that was new, and no repetition");
}

#[tokio::test]
async fn an_event_is_kept_with_what_the_vendor_sent() {
    let scratch = Scratch::new().await;
    let mut ringing = event("c", CallEventKind::Ringing, "1");
    ringing.raw = Some(Raw::new(RawFormat::Json, "{\"ring\":1}"));
    scratch.hear(5, [ringing]).await;
    assert_eq!(
        scratch
            .number("SELECT count(*) FROM events WHERE raw_format = 'json' AND raw = CAST('{\"ring\":1}' AS BLOB)")
            .await,
        1
    );
    let heard = scratch.store.events_of(&origin(), "c").await.unwrap();
    assert_eq!((heard[0].kind.as_str(), heard[0].at, heard[0].received), ("ringing", at(0), at(5)));
    assert_eq!(scratch.number("SELECT count(*) FROM work").await, 0, "a call that rings makes no work");
}

#[tokio::test]
async fn a_known_event_with_a_new_receipt_makes_a_finished_row_due_again() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [with_receipt(ended("c", 1), "first")]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.finish(&row, 1).await;
    scratch.hear(2, [with_receipt(ended("c", 1), "second")]).await;
    let row = scratch.lease(2).await.unwrap();
    assert_eq!((row.receipts, row.attempts), (vec![Receipt::new("second")], 0));
    assert!(row.facts.is_some(), "what is known comes with it");
}

#[tokio::test]
async fn a_known_event_with_a_receipt_that_is_held_changes_nothing() {
    let scratch = Scratch::new().await;
    let told = with_receipt(ended("c", 1), "file");
    scratch.hear(0, [told.clone()]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.store.bury(&row.lease, "forbidden", "no", at(1)).await.unwrap();
    scratch.hear(2, [told]).await;
    assert!(scratch.lease(9).await.is_none(), "what was given up is not begun anew by a repetition");
}

#[tokio::test]
async fn a_known_event_without_a_receipt_leaves_a_finished_row_alone() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.finish(&row, 1).await;
    scratch.hear(2, [ended("c", 1)]).await;
    assert!(scratch.lease(9).await.is_none());
    scratch.hear(3, [ended("c", 2)]).await;
    assert!(scratch.lease(9).await.is_some(), "a new one does not");
}

#[tokio::test]
async fn a_receipt_that_was_settled_and_is_offered_again_is_settled_again() {
    let scratch = Scratch::new().await;
    for second in [0, 2] {
        scratch.hear(second, [with_receipt(ended("c", 1), "file")]).await;
        let row = scratch.lease(second).await.unwrap();
        assert_eq!(row.receipts, [Receipt::new("file")]);
        scratch.finish(&row, second + 1).await;
    }
}

#[tokio::test]
async fn receipts_are_united_in_the_order_in_which_they_came() {
    let scratch = Scratch::new().await;
    let receipts = ["b", "a", "b", "c"];
    let told = receipts.iter().enumerate().map(|(n, receipt)| with_receipt(ended("c", n as u32), receipt));
    scratch.hear(0, told).await;
    let row = scratch.lease(0).await.unwrap();
    assert_eq!(row.receipts, ["b", "a", "c"].map(Receipt::new));
}

#[tokio::test]
async fn facts_are_merged_whatever_their_order() {
    for revisions in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
        let scratch = Scratch::new().await;
        for revision in revisions {
            scratch.hear(0, [changed("c", revision)]).await;
        }
        let mut last = event("c", CallEventKind::Ended, "last");
        last.conversation = last.conversation.with_alias("tag", "t");
        scratch.hear(0, [last]).await;
        let row = scratch.lease(0).await.unwrap();
        assert_eq!(row.facts.unwrap().attributes["revision"], "3", "{revisions:?}");
        assert_eq!(row.conversation.aliases.len(), 1);
    }
}

#[tokio::test]
async fn the_greater_cause_stands_until_the_work_is_finished() {
    let scratch = Scratch::new().await;
    let available = || event("c", CallEventKind::RecordingAvailable, "rec");
    for (event, cause) in [
        (changed("c", 1), Cause::Changed),
        (available(), Cause::Media),
        (ended("c", 1), Cause::Ended),
        (changed("c", 2), Cause::Ended),
    ] {
        scratch.hear(0, [event]).await;
        let row = scratch.lease(0).await.unwrap();
        assert_eq!(row.cause, cause);
        scratch.store.park(&row.lease, at(0), None).await.unwrap();
    }
    let row = scratch.lease(0).await.unwrap();
    scratch.finish(&row, 1).await;
    scratch.hear(2, [changed("c", 3)]).await;
    assert_eq!(scratch.lease(2).await.unwrap().cause, Cause::Changed);
}

#[tokio::test]
async fn the_cause_of_what_was_given_up_stands() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.store.bury(&row.lease, "forbidden", "no", at(1)).await.unwrap();
    scratch.hear(2, [changed("c", 2)]).await;
    assert_eq!(scratch.lease(2).await.unwrap().cause, Cause::Ended);
}

#[tokio::test]
async fn a_batch_is_recorded_whole_or_not_at_all() {
    let scratch = Scratch::new().await;
    scratch.sql("CREATE TRIGGER full BEFORE INSERT ON gaps BEGIN SELECT RAISE(ABORT, 'the disk is full'); END").await;
    let mut batch = batch(0, [ended("a", 1), ended("b", 1)]);
    batch.cursor = Some(Cursor::new("17"));
    batch.rejected.push(rejected(Some("bad")));
    batch.gaps.push(Gap { from: at(0), to: at(60), why: "the line was down".into() });
    assert!(is_storage(scratch.store.record(&batch).await));
    for table in ["SELECT count(*) FROM events", "SELECT count(*) FROM work", "SELECT count(*) FROM dead_letters"] {
        assert_eq!(scratch.number(table).await, 0, "{table}");
    }
    assert_eq!(scratch.store.cursor(&origin()).await.unwrap(), None);

    scratch.sql("DROP TRIGGER full").await;
    let recorded = scratch.store.record(&batch).await.unwrap();
    assert_eq!(recorded, Recorded { events: 2, repeated: 0, rejected: 1 });
    assert_eq!(scratch.store.cursor(&origin()).await.unwrap(), Some(Cursor::new("17")));
    assert_eq!(scratch.number("SELECT count(*) FROM gaps").await, 1);
}

#[tokio::test]
async fn a_batch_without_a_cursor_keeps_the_one_before() {
    let scratch = Scratch::new().await;
    for cursor in [Some("1"), None, Some("2"), None] {
        let mut batch = batch(0, []);
        batch.cursor = cursor.map(Cursor::new);
        scratch.record(batch).await;
    }
    assert_eq!(scratch.store.cursor(&origin()).await.unwrap(), Some(Cursor::new("2")));
    assert_eq!(scratch.store.cursor(&Origin::new("acme", "other")).await.unwrap(), None);
}

#[tokio::test]
async fn a_rejection_is_written_down_once_and_offered_until_it_is_settled() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, []);
    told.rejected.extend([rejected(Some("one")), rejected(Some("two"))]);
    assert_eq!(scratch.store.record(&told).await.unwrap().rejected, 2);
    let again = scratch.store.record(&told).await.unwrap();
    assert_eq!((again.rejected, again.repeated), (0, 2));

    let of = [origin()];
    let open = scratch.store.unsettled_rejections(&of, 0, 9).await.unwrap();
    assert_eq!(open.iter().map(|open| open.receipt.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let outcome = Outcome::Rejected { reason: "no_id".into(), at: Some("id".into()), detail: "it has no id".into() };
    assert_eq!(open[0].outcome, outcome);
    assert_eq!(scratch.store.unsettled_rejections(&of, open[0].id, 9).await.unwrap().len(), 1, "those after an id");
    assert_eq!(scratch.store.unsettled_rejections(&of, 0, 1).await.unwrap().len(), 1, "as many as asked for");

    scratch.store.rejection_settled(open[0].id, at(1)).await.unwrap();
    scratch.store.rejection_settled(open[0].id, at(1)).await.unwrap();
    assert_eq!(scratch.store.unsettled_rejections(&of, 0, 9).await.unwrap()[0].receipt, Receipt::new("two"));
    scratch.record(told).await;
    assert_eq!(scratch.store.unsettled_rejections(&of, 0, 9).await.unwrap().len(), 2, "the source offered it again");
    assert_eq!(scratch.store.dead_letters(None, None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_rejection_without_a_receipt_is_written_down_once_too() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, []);
    told.rejected.push(rejected(None));
    scratch.record(told.clone()).await;
    scratch.record(told.clone()).await;
    let mut other = rejected(None);
    other.raw = Some(Raw::new(RawFormat::Csv, "c;d"));
    told.rejected = vec![other];
    scratch.record(told).await;
    assert_eq!(scratch.store.dead_letters(None, None).await.unwrap().len(), 2, "other bytes are another thing");
    assert!(scratch.store.unsettled_rejections(&[origin()], 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn rejections_of_sources_that_are_not_here_are_left_to_those_who_have_them() {
    let scratch = Scratch::new().await;
    let mut told = batch(0, []);
    told.rejected.push(rejected(Some("one")));
    scratch.record(told.clone()).await;
    told.origin = Origin::new("acme", "other");
    scratch.record(told).await;
    let open = scratch.store.unsettled_rejections(&[origin()], 0, 9).await.unwrap();
    assert_eq!((open.len(), &open[0].origin), (1, &origin()), "equal receipts of two sources are two things");
    assert_eq!(scratch.store.tally().await.unwrap().unsettled, 2);
}
