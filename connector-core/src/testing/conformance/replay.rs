//! What becomes of deliveries that were not accepted, for each way to replay.

use std::collections::BTreeSet;

use super::hearing::Hearing;
use super::seen::{Miss, Seen};
use super::stage::{Stage, full_day, short_day};
use super::subject::Subject;
use crate::{Cursor, Delivery, EventKey, Item, Refusal, Replay, Watch};

/// How many deliveries are turned down: one refused, one dropped, one with an accept that nobody polled.
pub(super) const TURNED_DOWN: usize = 3;
/// How many stored cursors are tried.
const CURSORS: usize = 8;

pub(super) async fn refused_comes_again(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let mut hearing = stage.listen().await?;
    stage.warm_up(&mut hearing).await?;
    match stage.events()?.traits().replay {
        Replay::Redelivered => stage.play_while(stage.calls(), redelivered(&stage, &mut hearing)).await,
        Replay::FromCursor => from_cursor(&stage, &mut hearing).await,
        Replay::Lost => stage.play_while(stage.calls(), lost(&mut hearing)).await,
    }
}

/// Turns a delivery down, each time in another way.
pub(super) fn turn_down(delivery: Delivery, turn: usize) {
    match turn % TURNED_DOWN {
        0 => delivery.ack.refuse(Refusal::NotStored),
        1 => drop(delivery),
        _ => drop(delivery.ack.accept()),
    }
}

pub(super) fn keys_of(delivery: &Delivery) -> BTreeSet<EventKey> {
    let key = |item: &Item| if let Item::Event(event) = item { Some(event.key.clone()) } else { None };
    delivery.items.iter().filter_map(key).collect()
}

async fn redelivered(stage: &Stage<'_>, hearing: &mut Hearing) -> Seen {
    let sought = stage.sought(stage.calls())?;
    let (mut owed, mut turns) = (BTreeSet::new(), 0);
    while !(sought.all_in(&hearing.heard.events) && owed.is_subset(&hearing.heard.keys())) {
        let Some(delivery) = hearing.delivery(hearing.patience).await? else {
            let left = owed.difference(&hearing.heard.keys()).count();
            return Err(Miss::failed(format!(
                "{left} of {} events that were turned down did not come again",
                owed.len()
            )));
        };
        let keys = keys_of(&delivery);
        if turns < TURNED_DOWN && (!keys.is_subset(&owed) || keys.len() == owed.len()) {
            owed.extend(keys);
            turn_down(delivery, turns);
            turns += 1;
        } else {
            hearing.accept(delivery).await?;
        }
    }
    Ok(format!("{} events were turned down in {turns} ways and came again with their keys", owed.len()))
}

async fn from_cursor(stage: &Stage<'_>, hearing: &mut Hearing) -> Seen {
    let sought = stage.sought(stage.calls())?;
    for turn in 0..TURNED_DOWN {
        let hear = async {
            let delivery = hearing.delivery_of_event().await?;
            let owed = keys_of(&delivery);
            turn_down(delivery, turn);
            hearing.hang_up();
            Ok(owed)
        };
        // The day goes on meanwhile; later turns only hear what is owed.
        let owed = stage.play_while(stage.calls(), hear).await?;
        while !owed.is_subset(&hearing.heard.keys()) {
            let Some(delivery) = hearing.delivery(hearing.patience).await? else {
                return Err(Miss::failed("a new stream from the last cursor did not bring what was turned down"));
            };
            hearing.accept(delivery).await?;
        }
        if sought.all_in(&hearing.heard.events) {
            return Ok(format!("turned down in {} ways, a new stream brought all of it", turn + 1));
        }
    }
    hearing.until_heard(&sought).await?;
    Ok(format!("turned down in {TURNED_DOWN} ways, a new stream brought all of it"))
}

async fn lost(hearing: &mut Hearing) -> Seen {
    let delivery = hearing.delivery_of_event().await?;
    let received = delivery.received;
    let known = hearing.heard.gaps.len();
    turn_down(delivery, 0);
    while !hearing.heard.gaps[known..].iter().any(|gap| gap.from <= received && received <= gap.to) {
        let Some(delivery) = hearing.delivery(hearing.patience).await? else {
            return Err(Miss::failed("no gap covers the time of a delivery that was refused"));
        };
        hearing.accept(delivery).await?;
    }
    Ok("a gap covers the time of what was refused".to_owned())
}

pub(super) async fn cursors(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, full_day()).await?;
    if stage.events()?.traits().replay != Replay::FromCursor {
        return Err(Miss::not_applicable("it goes on without a cursor"));
    }
    let mut hearing = stage.listen().await?;
    let stored = stage.play_while(stage.calls(), store_cursors(&stage, &mut hearing)).await?;
    if stored.is_empty() {
        return Err(Miss::failed("no delivery carried a cursor"));
    }
    let all = hearing.heard.keys();
    drop(hearing);
    let step = stored.len().div_ceil(CURSORS);
    for (cursor, before) in stored.iter().step_by(step) {
        let owed: BTreeSet<EventKey> = all.difference(before).cloned().collect();
        let brought = hear_from(&stage, cursor.clone(), &owed).await?;
        if !owed.is_subset(&brought) {
            let missed = owed.difference(&brought).count();
            let words = format!("from a cursor stored after {} events, {missed} later ones were missed", before.len());
            return Err(Miss::failed(words));
        }
    }
    an_unreadable_cursor_leads_to_a_gap(&stage).await?;
    Ok(format!(
        "{} cursors, of which {} were tried, and one that cannot be read",
        stored.len(),
        stored.len().div_ceil(step)
    ))
}

/// Hears the whole day; returns each cursor with what was heard up to it.
async fn store_cursors(stage: &Stage<'_>, hearing: &mut Hearing) -> Result<Vec<(Cursor, BTreeSet<EventKey>)>, Miss> {
    let sought = stage.sought(stage.calls())?;
    let mut stored = Vec::new();
    while !sought.all_in(&hearing.heard.events) {
        let Some(delivery) = hearing.delivery(hearing.patience).await? else {
            return Err(Miss::failed("the day was not heard to its end"));
        };
        let cursor = delivery.cursor.clone();
        hearing.accept(delivery).await?;
        stored.extend(cursor.map(|cursor| (cursor, hearing.heard.keys())));
    }
    Ok(stored)
}

/// What a new process hears from a cursor on, until it is all that is owed or nothing comes.
async fn hear_from(stage: &Stage<'_>, cursor: Cursor, owed: &BTreeSet<EventKey>) -> Result<BTreeSet<EventKey>, Miss> {
    let mut hearing = hearing_from(stage, cursor).await?;
    while !owed.is_subset(&hearing.heard.keys()) {
        let Some(delivery) = hearing.delivery(hearing.quiet).await? else { break };
        hearing.accept(delivery).await?;
    }
    Ok(hearing.heard.keys())
}

async fn hearing_from(stage: &Stage<'_>, cursor: Cursor) -> Result<Hearing, Miss> {
    stage.restart().await?;
    Hearing::begin(stage.events()?, Watch::everyone(), Some(cursor), stage.subject).await
}

async fn an_unreadable_cursor_leads_to_a_gap(stage: &Stage<'_>) -> Result<(), Miss> {
    let of_unreadable = |miss| match miss {
        Miss::Failed(seen) => Miss::Failed(format!("a cursor that cannot be read: {seen}")),
        other => other,
    };
    let mut hearing = hearing_from(stage, Cursor::new("\u{1}not a cursor\u{1}")).await.map_err(of_unreadable)?;
    while hearing.heard.gaps.is_empty() {
        let Some(delivery) = hearing.delivery(hearing.patience).await.map_err(of_unreadable)? else {
            return Err(Miss::failed("a cursor that cannot be read led to no gap"));
        };
        hearing.accept(delivery).await?;
    }
    Ok(())
}

pub(super) async fn start_up_gap(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    if stage.events()?.traits().replay != Replay::Lost {
        return Err(Miss::not_applicable("it can replay"));
    }
    let mut hearing = stage.listen().await?;
    let first = stage.play_while(stage.calls(), async {
        let first = hearing.delivery(hearing.patience).await?;
        first.ok_or_else(|| Miss::failed("nothing came"))
    });
    match first.await?.items.first() {
        Some(Item::Gap(gap)) => Ok(format!("a gap, because {}", gap.why)),
        _ => Err(Miss::failed("something else came before the gap")),
    }
}
