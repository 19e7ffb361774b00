use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{join, join_all};

use super::super::memory::{Budget, Memory};
use super::*;
use crate::Gap;

fn items(why: &str) -> Vec<Item> {
    let time = DateTime::UNIX_EPOCH;
    vec![Item::Gap(Gap { from: time, to: time, why: why.into() })]
}

fn intake() -> Intake {
    Intake::new(IntakeOptions::default())
}

async fn submit(intake: &Intake, why: &str) -> Submitted {
    intake.submit(items(why), Held::nothing(), DateTime::UNIX_EPOCH).await
}

async fn next(events: &mut Events) -> Delivery {
    loop {
        if let SourceItem::Delivery(delivery) = events.next().await.unwrap().unwrap() {
            return delivery;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_with_what_became_of_its_delivery() {
    let intake = intake();
    let mut events = intake.listen();
    for (turn, expected) in [
        Submitted::Accepted,
        Submitted::Refused(Refusal::NotStored),
        Submitted::Refused(Refusal::Dropped),
        Submitted::Refused(Refusal::Dropped),
    ]
    .into_iter()
    .enumerate()
    {
        let store = async {
            let delivery = next(&mut events).await;
            match turn {
                0 => delivery.ack.accept().await.unwrap(),
                1 => delivery.ack.refuse(Refusal::NotStored),
                2 => drop(delivery),
                _ => drop(delivery.ack.accept()), // never polled
            }
        };
        let (said, ()) = join(submit(&intake, "x"), store).await;
        assert_eq!(said, expected);
        assert_eq!(said.answer().status(), if turn == 0 { 200 } else { 503 });
    }
}

#[tokio::test(start_paused = true)]
async fn each_request_is_one_delivery_and_none_waits_for_another() {
    let intake = intake();
    let mut events = intake.listen();
    let submits = join_all(["a", "b", "c"].map(|why| submit(&intake, why)));
    let store = async {
        let held = [next(&mut events).await, next(&mut events).await, next(&mut events).await];
        let told: Vec<_> = held.iter().map(|delivery| delivery.items.clone()).collect();
        assert_eq!(told, [items("a"), items("b"), items("c")]);
        for (n, delivery) in held.into_iter().enumerate().rev() {
            match n {
                1 => delivery.ack.refuse(Refusal::NotStored),
                _ => delivery.ack.accept().await.unwrap(),
            }
        }
    };
    let (said, ()) = join(submits, store).await;
    assert_eq!(said, [Submitted::Accepted, Submitted::Refused(Refusal::NotStored), Submitted::Accepted]);
}

#[tokio::test(start_paused = true)]
async fn without_a_stream_nobody_hears() {
    let intake = intake();
    assert_eq!(submit(&intake, "x").await, Submitted::Unheard);
    drop(intake.listen());
    assert_eq!(submit(&intake, "x").await, Submitted::Unheard);
    assert_eq!(Submitted::Unheard.answer().status(), 503);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_refuses_what_waits_in_it_and_the_next_one_starts_empty() {
    let intake = intake();
    let mut events = intake.listen();
    let submits = join_all(["a", "b", "c"].map(|why| submit(&intake, why)));
    let store = async {
        let taken = next(&mut events).await;
        drop(events);
        let mut events = intake.listen();
        assert!(matches!(events.next().await, Some(Ok(SourceItem::Status(SourceStatus::Live)))));
        assert!(events.next().now_or_never().is_none());
        taken.ack.accept().await.unwrap();
        events
    };
    let (said, _events) = join(submits, store).await;
    let dropped = || Submitted::Refused(Refusal::Dropped);
    assert_eq!(said, [Submitted::Accepted, dropped(), dropped()]);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_stream_at_a_time() {
    let intake = intake();
    let first = intake.listen();
    let mut second = intake.listen();
    assert!(second.next().await.unwrap().unwrap_err().is_already_subscribed());
    assert!(second.next().await.is_none());
    drop(second);
    assert!(intake.is_heard(), "the first one goes on");
    drop(first);
    assert!(!intake.is_heard());
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_taken_back_and_a_late_accept_is_an_error() {
    let intake = Intake::new(IntakeOptions::default().with_time(Duration::from_secs(1)));
    let mut events = intake.listen();
    assert_eq!(submit(&intake, "nobody takes it").await, Submitted::Late);
    let store = async {
        let delivery = next(&mut events).await;
        assert_eq!(delivery.items, items("taken"));
        delivery
    };
    let (said, delivery) = join(submit(&intake, "taken"), store).await;
    assert_eq!(said, Submitted::Late);
    assert!(delivery.ack.accept().await.unwrap_err().is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_takes_its_delivery_back() {
    let intake = intake();
    let mut events = intake.listen();
    for why in ["a", "b"] {
        assert!(Box::pin(submit(&intake, why)).now_or_never().is_none());
    }
    let (said, delivery) = join(submit(&intake, "c"), async {
        let delivery = next(&mut events).await;
        let told = delivery.items.clone();
        delivery.ack.accept().await.unwrap();
        told
    })
    .await;
    assert_eq!((said, delivery), (Submitted::Accepted, items("c")));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_wait() {
    let intake = Intake::new(IntakeOptions::default().with_waiting(2));
    let mut events = intake.listen();
    let submits = join_all(["a", "b", "c"].map(|why| submit(&intake, why)));
    let store = async {
        for _ in 0..2 {
            next(&mut events).await.ack.accept().await.unwrap();
        }
    };
    let (said, ()) = join(submits, store).await;
    assert_eq!(said, [Submitted::Accepted, Submitted::Accepted, Submitted::Full]);
}

#[tokio::test(start_paused = true)]
async fn memory_is_held_until_the_ack_though_the_request_is_over() {
    let intake = Intake::new(IntakeOptions::default().with_time(Duration::from_secs(1)));
    let mut events = intake.listen();
    let budget: Budget = Memory::new(8 << 10, 8 << 10).of(&Arc::from("acme"));
    let held = || Held::new(budget.reserve(8 << 10).unwrap());
    let submit = intake.submit(items("taken"), held(), DateTime::UNIX_EPOCH);
    let (said, delivery) = join(submit, next(&mut events)).await;
    assert_eq!(said, Submitted::Late);
    assert!(budget.reserve(1).is_none());
    delivery.ack.refuse(Refusal::NotStored);
    // In the queue it is given back at once.
    assert_eq!(intake.submit(items("waits"), held(), DateTime::UNIX_EPOCH).await, Submitted::Late);
    drop(held());
}

#[tokio::test(start_paused = true)]
async fn a_request_without_items_waits_for_nobody() {
    assert!(intake().submit(Vec::new(), Held::nothing(), DateTime::UNIX_EPOCH).await.is_accepted());
}

#[tokio::test(start_paused = true)]
async fn it_does_not_show_what_waits_in_it() {
    let intake = intake();
    let _events = intake.listen();
    let mut submitting = Box::pin(submit(&intake, "5550100"));
    assert!((&mut submitting).now_or_never().is_none());
    assert_eq!(format!("{intake:?}"), "Intake(heard, 1 waiting)");
}
