//! Leasing, finishing, parking, giving up.

use std::time::Duration;

use chrono::TimeDelta;
use connector_core::{Origin, Receipt};

use super::{LEASE, Scratch, call};
use crate::fakes::{at, changed, ended, origin, with_receipt};
use crate::sqlite::Retried;
use crate::store::WorkStore;
use crate::work::{Cause, WorkRow};

fn ids(rows: &[WorkRow]) -> Vec<&str> {
    rows.iter().map(|row| row.conversation.id.as_str()).collect()
}

#[tokio::test]
async fn the_longest_due_comes_first_and_only_what_is_due() {
    let scratch = Scratch::new().await;
    for (second, id) in [(30, "third"), (10, "first"), (20, "second"), (40, "later")] {
        scratch.hear(second, [ended(id, 1)]).await;
    }
    assert_eq!(ids(&scratch.lease_up_to(39, 2).await), ["first", "second"]);
    assert_eq!(ids(&scratch.lease_up_to(39, 9).await), ["third"]);
    assert!(scratch.lease_up_to(39, 9).await.is_empty(), "nothing is leased twice");
}

#[tokio::test]
async fn only_rows_of_the_sources_asked_for_are_leased() {
    let scratch = Scratch::new().await;
    let (other, third) = (Origin::new("acme", "other"), Origin::new("other", "drop"));
    for of in [origin(), other.clone(), third.clone()] {
        let mut batch = crate::fakes::batch(0, [ended("c", 1)]);
        batch.origin = of;
        scratch.record(batch).await;
    }
    let rows = scratch.store.lease(&[other.clone(), third.clone()], at(0), LEASE, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.origin.clone()).collect::<Vec<_>>(), [other, third]);
    assert!(scratch.store.lease(&[], at(0), LEASE, 9).await.unwrap().is_empty());
    assert_eq!(scratch.lease_up_to(0, 9).await.len(), 1, "ours is still there");
}

#[tokio::test]
async fn next_due_is_the_earliest_of_what_is_due_and_of_what_runs_out() {
    let scratch = Scratch::new().await;
    let next = async |of: Origin| scratch.store.next_due(&[of]).await.unwrap();
    assert_eq!(next(origin()).await, None);
    scratch.hear(100, [ended("a", 1)]).await;
    scratch.hear(50, [ended("b", 1)]).await;
    assert_eq!(next(origin()).await, Some(at(50)));
    assert_eq!(next(Origin::new("acme", "other")).await, None);
    let b = scratch.lease(50).await.unwrap();
    assert_eq!(next(origin()).await, Some(at(100)));
    let a = scratch.lease(100).await.unwrap();
    assert_eq!(next(origin()).await, Some(at(110)), "the lease of b runs out");
    scratch.store.renew(&b.lease, at(500)).await.unwrap();
    assert_eq!(next(origin()).await, Some(at(160)));
    scratch.finish(&a, 101).await;
    scratch.finish(&b, 101).await;
    assert_eq!(next(origin()).await, None);
}

#[tokio::test]
async fn a_call_is_known_while_it_is_owed_and_once_it_is_stored() {
    let scratch = Scratch::new().await;
    let is_known = async |id| scratch.store.is_known(&origin(), id).await.unwrap();
    for (second, id) in [(0, "alone"), (1, "stored"), (2, "given up")] {
        assert!(!is_known(id).await);
        scratch.hear(second, [ended(id, 1)]).await;
        assert!(is_known(id).await, "{id} waits");
        let row = scratch.lease(second).await.unwrap();
        assert!(is_known(id).await, "{id} is worked on");
        match id {
            "alone" => {}
            "stored" => assert!(scratch.store.commit(&row.lease, &call(&origin(), id, 1)).await.unwrap()),
            _ => scratch.store.bury(&row.lease, "invalid", "no", at(second)).await.unwrap(),
        }
        scratch.finish(&row, second).await;
    }
    assert!(!is_known("alone").await && is_known("stored").await && is_known("given up").await);
    assert!(!scratch.store.is_known(&Origin::new("acme", "other"), "stored").await.unwrap());
}

#[tokio::test]
async fn looking_for_work_passes_by_what_is_done() {
    let scratch = Scratch::new().await;
    for query in [
        "SELECT id FROM work INDEXED BY work_due WHERE state = 'due' AND due <= 1 ORDER BY due LIMIT 1",
        "SELECT id FROM work INDEXED BY work_leased WHERE state = 'leased' AND lease_until <= 1",
    ] {
        sqlx::query(query).fetch_all(&scratch.store.readers).await.expect("the index serves this search");
    }
}

#[tokio::test]
async fn what_arrives_while_it_is_leased_makes_it_due_again_with_only_the_new_receipts() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [with_receipt(ended("c", 1), "old")]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.hear(5, [with_receipt(ended("c", 2), "new")]).await;
    assert!(scratch.lease(5).await.is_none(), "it is leased still");
    scratch.finish(&row, 6).await;
    let again = scratch.lease(6).await.unwrap();
    assert_eq!((again.receipts.clone(), again.waiting_since), (vec![Receipt::new("new")], at(6)));
    assert_eq!(again.facts.as_ref().unwrap().attributes["revision"], "2");
    scratch.finish(&again, 7).await;
    assert_eq!(
        scratch.number("SELECT count(*) FROM work WHERE state = 'done' AND facts IS NULL AND receipts = '[]'").await,
        1
    );
}

#[tokio::test]
async fn a_repetition_while_it_is_leased_does_not_make_it_due_again() {
    let scratch = Scratch::new().await;
    let told = with_receipt(ended("c", 1), "file");
    scratch.hear(0, [told.clone()]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.hear(5, [told]).await;
    scratch.finish(&row, 6).await;
    assert!(scratch.lease(999).await.is_none());
}

#[tokio::test]
async fn a_lease_that_ran_out_counts_as_an_attempt() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let first = scratch.lease(0).await.unwrap();
    assert!(scratch.lease(59).await.is_none());
    let second = scratch.lease(60).await.unwrap();
    assert_eq!((first.attempts, second.attempts), (0, 1));
    assert_ne!(first.lease.token, second.lease.token);
}

#[tokio::test]
async fn a_renewed_lease_does_not_run_out() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    assert!(scratch.store.renew(&row.lease, at(120)).await.unwrap());
    assert!(scratch.lease(119).await.is_none());
    let other = scratch.lease(120).await.unwrap();
    assert!(!scratch.store.renew(&row.lease, at(999)).await.unwrap(), "somebody else has it");
    scratch.finish(&other, 121).await;
    assert!(!scratch.store.renew(&other.lease, at(999)).await.unwrap(), "it is over");
}

#[tokio::test]
async fn a_lost_lease_can_do_nothing() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [with_receipt(ended("c", 1), "file")]).await;
    let lost = scratch.lease(0).await.unwrap();
    let held = scratch.lease(60).await.unwrap();
    assert!(!scratch.store.commit(&lost.lease, &super::call(&origin(), "c", 1)).await.unwrap());
    scratch.finish(&lost, 61).await;
    scratch.store.park(&lost.lease, at(0), Some("no")).await.unwrap();
    scratch.store.bury(&lost.lease, "no", "no", at(61)).await.unwrap();
    assert!(scratch.store.call(&origin(), "c").await.unwrap().is_none());
    assert!(scratch.store.dead_letters(None, None).await.unwrap().is_empty());
    assert!(scratch.store.renew(&held.lease, at(200)).await.unwrap(), "the other one still has it");
    assert!(scratch.lease(199).await.is_none());
    assert_eq!(scratch.lease(200).await.unwrap().receipts, [Receipt::new("file")]);
}

#[tokio::test]
async fn a_finished_row_cannot_be_finished_parked_or_committed_again() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.finish(&row, 1).await;
    scratch.finish(&row, 2).await;
    scratch.store.park(&row.lease, at(0), None).await.unwrap();
    assert!(!scratch.store.commit(&row.lease, &super::call(&origin(), "c", 1)).await.unwrap());
    assert!(scratch.lease(999).await.is_none());
}

#[tokio::test]
async fn a_parked_row_comes_when_it_is_due_and_counts_failures_only() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    for (second, trouble, attempts) in [(0, None, 0), (100, Some("cut"), 1), (200, Some("cut"), 2), (300, None, 2)] {
        let row = scratch.lease(second).await.unwrap();
        scratch.store.park(&row.lease, at(second + 100), trouble).await.unwrap();
        assert!(scratch.lease(second + 99).await.is_none());
        assert_eq!(scratch.number("SELECT attempts FROM work").await, attempts);
    }
    let row = scratch.lease(400).await.unwrap();
    assert_eq!((row.waiting_since, row.attempts), (at(0), 2), "it waits since it was heard of");
    scratch.finish(&row, 401).await;
    assert_eq!(scratch.number("SELECT attempts FROM work").await, 0);
}

#[tokio::test]
async fn news_wakes_a_parked_row_and_one_that_is_parked_after_it_came() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.store.park(&row.lease, at(1_000), None).await.unwrap();
    scratch.hear(10, [changed("c", 2)]).await;
    let row = scratch.lease(10).await.expect("due at once");
    scratch.hear(20, [changed("c", 3)]).await;
    scratch.store.park(&row.lease, at(1_000), Some("cut")).await.unwrap();
    let row = scratch.lease(20).await.expect("what came while it was leased is not kept waiting");
    scratch.store.park(&row.lease, at(1_000), None).await.unwrap();
    assert!(scratch.lease(999).await.is_none(), "but only once");
}

#[tokio::test]
async fn what_is_given_up_has_a_dead_letter_and_comes_again_with_news() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [with_receipt(ended("c", 1), "file")]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.store.park(&row.lease, at(1), Some("cut")).await.unwrap();
    let row = scratch.lease(1).await.unwrap();
    scratch.store.bury(&row.lease, "too_large", "it has 5 GB", at(2)).await.unwrap();
    scratch.store.bury(&row.lease, "too_large", "it has 5 GB", at(2)).await.unwrap();
    let letters = scratch.store.dead_letters(None, None).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].what.as_str(), letters[0].reason.as_str(), letters[0].detail.as_str()),
        ("call", "too_large", "it has 5 GB")
    );
    assert!(scratch.lease(999).await.is_none());
    scratch.hear(1_000, [changed("c", 2)]).await;
    let row = scratch.lease(1_000).await.unwrap();
    assert_eq!((row.receipts.as_slice(), row.attempts, row.waiting_since), (&[Receipt::new("file")][..], 0, at(1_000)));
}

#[tokio::test]
async fn what_a_person_tries_again_begins_anew_with_all_that_is_owed() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [with_receipt(ended("c", 1), "file")]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.store.bury(&row.lease, "forbidden", "no", at(1)).await.unwrap();
    let letter = scratch.store.dead_letters(None, None).await.unwrap()[0].id;
    assert_eq!(scratch.store.retry_dead_letter(letter, at(500)).await.unwrap(), Retried::Due);
    assert_eq!(scratch.store.retry_dead_letter(letter, at(500)).await.unwrap(), Retried::Unknown);
    let row = scratch.lease(500).await.unwrap();
    assert_eq!((row.attempts, row.waiting_since, row.cause), (0, at(500), Cause::Ended));
    assert_eq!((row.receipts, row.facts.is_some()), (vec![Receipt::new("file")], true));
}

#[tokio::test]
async fn news_while_it_is_given_up_makes_it_due() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    scratch.hear(5, [ended("c", 2)]).await;
    scratch.store.bury(&row.lease, "invalid", "no audio", at(6)).await.unwrap();
    assert!(scratch.lease(6).await.is_some());
}

#[tokio::test]
async fn reclaimed_rows_are_due_and_nothing_is_held_against_them() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("a", 1), ended("b", 1), ended("c", 1)]).await;
    let rows = scratch.lease_up_to(0, 2).await;
    scratch.finish(&rows[1], 1).await;
    assert_eq!(scratch.store.reclaim().await.unwrap(), 1);
    assert_eq!(scratch.store.reclaim().await.unwrap(), 0);
    let again = scratch.lease_up_to(1, 9).await;
    assert_eq!((ids(&again), again[0].attempts), (vec!["a", "c"], 0));
    assert!(!scratch.store.renew(&rows[0].lease, at(99)).await.unwrap(), "the lease of before is lost");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_waiting() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("bad", 1)]).await;
    scratch.hear(1, [ended("good", 1)]).await;
    scratch.sql("UPDATE work SET facts = '{' WHERE conversation = 'bad'").await;
    assert_eq!(ids(&scratch.lease_up_to(1, 9).await), ["good"]);
    scratch.sql("UPDATE work SET facts = NULL WHERE conversation = 'bad'").await;
    assert_eq!(ids(&scratch.lease_up_to(61, 1).await), ["bad"], "it is tried again");
}

#[tokio::test]
async fn a_lease_longer_than_time_itself_is_no_trouble() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let rows = scratch.store.lease(&[origin()], at(0), Duration::MAX, 1).await.unwrap();
    assert_eq!(rows.len(), 1);
    let next = scratch.store.next_due(&[origin()]).await.unwrap();
    assert!(next.is_some_and(|next| next - at(0) > TimeDelta::days(365_000)), "{next:?}");
}
