//! The promise between a source and whoever stores what it tells, as far as it is the same for every source.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::seen::{Miss, Seen, some_of, timely};
use super::stage::{Stage, short_day};
use super::subject::Subject;
use crate::Replay;

/// An accept is given up after so many polls at most.
const POLLS: usize = 12;

pub(super) async fn next_never_waits(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let mut hearing = stage.listen().await?;
    stage.warm_up(&mut hearing).await?;
    let sought = stage.sought(stage.calls())?;
    let take_all = async {
        let mut held = Vec::new();
        while !sought.all_in(&hearing.heard.events) {
            let Some(delivery) = hearing.delivery(hearing.patience).await? else {
                let words = format!("{} deliveries came, and the next one not before they are accepted", held.len());
                return Err(Miss::failed(words));
            };
            hearing.heard.note(&delivery.items);
            held.push(delivery);
        }
        Ok(held)
    };
    let held = stage.play_while(stage.calls(), take_all).await?;
    let count = held.len();
    for delivery in held.into_iter().rev() {
        timely(hearing.patience, "accept() in another order", delivery.ack.accept()).await??;
    }
    Ok(format!("{count} deliveries were taken without an ack, then accepted from the last to the first"))
}

pub(super) async fn half_accepted(subject: &dyn Subject) -> Seen {
    for polls in 1..=POLLS {
        if accept_half_way(subject, polls).await.map_err(|miss| after_polls(miss, polls))? {
            return Ok(format!("given up after each of {} polls; the next one finishes it", polls - 1));
        }
    }
    Ok(format!("given up after each of {POLLS} polls"))
}

fn after_polls(miss: Miss, polls: usize) -> Miss {
    match miss {
        Miss::Failed(seen) => Miss::Failed(format!("after {polls} polls of accept(): {seen}")),
        other => other,
    }
}

/// Gives an accept up after so many polls and hears the rest. Returns whether it was done by then.
async fn accept_half_way(subject: &dyn Subject, polls: usize) -> Result<bool, Miss> {
    let stage = Stage::calm(subject, short_day()).await?;
    let replay = stage.events()?.traits().replay;
    let mut hearing = stage.listen().await?;
    stage.warm_up(&mut hearing).await?;
    let sought = stage.sought(stage.calls())?;
    let hear = async {
        let delivery = hearing.delivery_of_event().await?;
        // A pipeline stores first: these are safe whatever becomes of the accept.
        hearing.heard.note(&delivery.items);
        let is_done = {
            let mut accept = pin!(delivery.ack.accept());
            let mut left = polls;
            let polled = poll_fn(|cx| {
                left = left.saturating_sub(1);
                match accept.as_mut().poll(cx) {
                    Poll::Ready(result) => Poll::Ready(Some(result)),
                    Poll::Pending if left == 0 => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            });
            timely(hearing.patience, "accept()", polled).await?.transpose()?.is_some()
        };
        if replay == Replay::FromCursor {
            hearing.hang_up();
        }
        hearing.until_heard(&sought).await?;
        hearing.until_quiet().await?;
        Ok(is_done)
    };
    let is_done = stage.play_while(stage.calls(), hear).await?;
    let many = hearing.heard.told_under_many_keys();
    if !many.is_empty() {
        return Err(Miss::failed(format!("told again under another key: {}", some_of(&many))));
    }
    Ok(is_done)
}
