//! What a source says of itself, and whether its events are those of the day.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::hearing::{Heard, Hearing};
use super::recordings;
use super::seen::{Miss, Seen, some_of};
use super::stage::{Stage, full_day, short_day};
use super::subject::{Plan, Subject};
use crate::testing::{Fault, FaultPlan};
use crate::{CallEvent, CallEventKind, Detail, Outcome, Replay, SettleOptions};

/// Faults of each kind, and that only every second opportunity is one.
const FAULTS: usize = 2;

pub(super) async fn traits(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let traits = stage.events()?.traits();
    let least = subject.least_kinds();
    let undeclared: Vec<String> = least.difference(&traits.kinds).map(CallEventKind::to_string).collect();
    if !undeclared.is_empty() {
        return Err(Miss::failed(format!("the vendor tells {}, which it does not declare", undeclared.join(", "))));
    }
    let heard = hear_day(stage).await?;
    let told: BTreeSet<&CallEventKind> = heard.events.iter().map(|event| &event.kind).collect();
    if let Some(kind) = told.iter().find(|kind| !traits.kinds.contains(kind)) {
        return Err(Miss::failed(format!("it tells {kind}, which it does not declare")));
    }
    let ends: Vec<&CallEvent> = heard.events.iter().filter(|event| event.kind == CallEventKind::Ended).collect();
    if traits.carries_facts
        && let Some(bare) = ends.iter().find(|event| !has_facts(event))
    {
        return Err(Miss::failed(format!("the facts of {} are missing, or of another call", bare.conversation)));
    }
    let facts = if traits.carries_facts { "with facts" } else { "without facts" };
    Ok(format!("{} kinds declared, {} told, {facts}", traits.kinds.len(), told.len()))
}

fn has_facts(event: &CallEvent) -> bool {
    let facts = event.facts.as_deref();
    facts.is_some_and(|facts| facts.this.id == event.conversation.id && facts.detail == Detail::Full)
}

pub(super) async fn events(subject: &dyn Subject) -> Seen {
    let calm = judge(Stage::calm(subject, full_day()).await?).await;
    let calm = calm.map_err(|miss| on_a(miss, "calm day"))?;
    // Recordings are fetched at another point.
    let possible = subject.faults().into_iter().filter(|fault| !recordings::FAULTS.contains(fault));
    let faults = possible.fold(FaultPlan::none(), |plan, fault| match fault {
        Fault::Restart => plan.restart(1),
        fault => plan.with(fault, FAULTS).every(fault, FAULTS),
    });
    let mut plan = Plan::calm(full_day());
    plan.faults = faults.clone();
    let words = format!("day with {faults}");
    let troubled = judge(Stage::new(subject, plan).await?).await.map_err(|miss| on_a(miss, &words))?;
    Ok(format!("calm day: {calm}; {words}: {troubled}"))
}

fn on_a(miss: Miss, day: &str) -> Miss {
    match miss {
        Miss::Failed(seen) => Miss::Failed(format!("{day}: {seen}")),
        other => other,
    }
}

/// Plays the day and compares it with what was heard.
async fn judge(stage: Stage<'_>) -> Seen {
    let faults = stage.plan.faults.clone();
    let replay = stage.events()?.traits().replay;
    let sought = stage.sought(stage.calls())?;
    let (mut unheard, mut heard) = (0, Heard::default());
    play_day(&stage, &mut heard, &mut unheard).await?;
    let unfired: Vec<String> = faults.unfired().iter().map(|(fault, left)| format!("{left} × {fault}")).collect();
    if !unfired.is_empty() {
        return Err(Miss::failed(format!("planned faults never happened: {}", unfired.join(", "))));
    }
    let difference = sought.difference(&heard.events);
    // What a source that cannot replay misses while it is away is a gap, which is judged elsewhere.
    let away = replay == Replay::Lost && faults.fired(Fault::Restart) > 0;
    if difference.missing.len() > unheard && !away {
        return Err(Miss::failed(format!("not heard: {}", some_of(&difference.missing))));
    }
    if difference.surplus.len() > faults.fired(Fault::Duplicate) {
        return Err(Miss::failed(format!("heard beyond the day, or twice: {}", some_of(&difference.surplus))));
    }
    if !difference.wrong.is_empty() {
        return Err(Miss::failed(format!("at another time: {}", some_of(&difference.wrong))));
    }
    if let Some(rejected) = heard.rejected.first() {
        return Err(Miss::failed(format!("rejected, though all was good: {rejected}")));
    }
    Ok(format!("{} events sought, {} heard", sought.len(), heard.events.len()))
}

async fn hear_day(stage: Stage<'_>) -> Result<Heard, Miss> {
    let mut heard = Heard::default();
    play_day(&stage, &mut heard, &mut 0).await?;
    Ok(heard)
}

/// Plays the day to a pipeline that accepts, settles, and restarts when it is planned.
async fn play_day(stage: &Stage<'_>, heard: &mut Heard, unheard: &mut usize) -> Result<(), Miss> {
    let mut hearing = stage.listen().await?;
    let listens = listen_through(stage, &mut hearing);
    stage.play_while(stage.calls(), listens).await?;
    *heard = hearing.heard;
    *unheard = stage.fake.unheard();
    Ok(())
}

async fn listen_through(stage: &Stage<'_>, hearing: &mut Hearing) -> Result<(), Miss> {
    let sought = stage.sought(stage.calls())?;
    let needs_cursor = stage.events()?.traits().replay == Replay::FromCursor;
    let mut since = Instant::now();
    loop {
        let is_over = stage.is_played() && sought.all_in(&hearing.heard.events);
        let wait = if is_over { hearing.quiet } else { hearing.patience };
        let left = wait.saturating_sub(since.elapsed());
        let Some(delivery) = hearing.delivery(left).await? else { return Ok(()) };
        // A position alone is no sign of more to come.
        if !delivery.items.is_empty() {
            since = Instant::now();
        }
        let receipts = hearing.accept(delivery).await?;
        if let Some(settler) = stage.connector()?.settler() {
            for receipt in receipts {
                // Whether it can is another point.
                let _ = settler.settle(&receipt, Outcome::Stored, SettleOptions::default()).await;
            }
        }
        let may_restart = !needs_cursor || hearing.cursor.is_some();
        if may_restart && stage.plan.faults.fire(Fault::Restart) {
            stage.restart_hearing(hearing).await?;
        }
    }
}
