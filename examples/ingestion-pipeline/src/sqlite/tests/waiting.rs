//! The analysis queue.

use std::time::Duration;

use connector_core::Clock;

use super::{Scratch, call};
use crate::call::Message;
use crate::fakes::{at, origin};
use crate::outbox::Outbox;
use crate::sqlite::AnalysisQueue;

const MINUTE: Duration = Duration::from_secs(60);

fn message(conversation: &str) -> Message {
    call(&origin(), conversation, 1).message()
}

/// The queue as it is seen at a second. The clock stands still for practical purposes.
fn queue(scratch: &Scratch, second: i64) -> AnalysisQueue {
    AnalysisQueue::new(scratch.store.clone(), Clock::starting_at(at(second)))
}

async fn take(scratch: &Scratch, second: i64, limit: usize) -> String {
    let taken = queue(scratch, second).take(limit, MINUTE).await.unwrap();
    taken.iter().map(|taken| taken.message.conversation.as_str()).collect()
}

async fn with_messages(conversations: &[&str]) -> Scratch {
    let scratch = Scratch::new().await;
    for conversation in conversations {
        queue(&scratch, 0).publish(message(conversation)).await.unwrap();
    }
    scratch
}

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_were_published() {
    let scratch = with_messages(&["c", "a", "b"]).await;
    assert_eq!(take(&scratch, 0, 2).await, "ca");
    assert_eq!(take(&scratch, 0, 2).await, "b");
}

#[tokio::test]
async fn nothing_is_given_twice_within_its_time() {
    let scratch = with_messages(&["a", "b", "c"]).await;
    let (first, second) = (queue(&scratch, 0), queue(&scratch, 0));
    let (one, two) = tokio::join!(first.take(2, MINUTE), second.take(2, MINUTE));
    let mut all: Vec<String> =
        [one.unwrap(), two.unwrap()].concat().into_iter().map(|taken| taken.message.key).collect();
    all.sort();
    assert_eq!(all, ["acme/drop/a#1", "acme/drop/b#1", "acme/drop/c#1"]);
    assert_eq!(take(&scratch, 59, 9).await, "");
}

#[tokio::test]
async fn what_was_not_finished_in_its_time_comes_again() {
    let scratch = with_messages(&["a", "b"]).await;
    assert_eq!(take(&scratch, 0, 1).await, "a");
    assert_eq!(take(&scratch, 61, 9).await, "ab");
    let taken = queue(&scratch, 130).take(9, MINUTE).await.unwrap();
    assert_eq!(taken.iter().map(|taken| taken.taken).collect::<Vec<_>>(), [3, 2]);
    assert!((at(190)..at(191)).contains(&taken[0].until), "{}", taken[0].until);
}

#[tokio::test]
async fn done_is_final() {
    let scratch = with_messages(&["a", "b"]).await;
    take(&scratch, 0, 1).await;
    assert!(queue(&scratch, 1).done("acme/drop/a#1").await.unwrap());
    assert!(!queue(&scratch, 2).done("acme/drop/a#1").await.unwrap());
    assert!(!queue(&scratch, 2).done("acme/drop/unknown#1").await.unwrap());
    assert_eq!(take(&scratch, 999, 9).await, "b");
    queue(&scratch, 999).publish(message("a")).await.unwrap();
    assert_eq!(take(&scratch, 1_000, 9).await, "", "publishing it again does not bring it back");
}

#[tokio::test]
async fn one_that_was_never_taken_can_be_done_too() {
    let scratch = with_messages(&["a"]).await;
    assert!(queue(&scratch, 0).done("acme/drop/a#1").await.unwrap());
    assert_eq!(take(&scratch, 0, 9).await, "");
}

#[tokio::test]
async fn published_twice_is_one_message() {
    let scratch = with_messages(&["a", "a", "b", "a"]).await;
    assert_eq!(take(&scratch, 0, 9).await, "ab");
}

#[tokio::test]
async fn a_message_comes_as_it_was_sent_and_after_the_file_was_opened_again() {
    let scratch = with_messages(&["a"]).await.reopen().await;
    assert_eq!(queue(&scratch, 0).take(1, MINUTE).await.unwrap()[0].message, message("a"));
}

#[tokio::test]
async fn a_time_without_end_is_no_trouble() {
    let scratch = with_messages(&["a"]).await;
    assert_eq!(queue(&scratch, 0).take(1, Duration::MAX).await.unwrap().len(), 1);
    assert_eq!(take(&scratch, 1_000_000, 1).await, "");
}
