//! One stream at a time, dropped anywhere, with people who come and go.

use std::collections::BTreeSet;

use futures_util::StreamExt;

use super::expected::ExpectedCall;
use super::hearing::Hearing;
use super::seen::{Miss, Seen, some_of, timely};
use super::stage::{Stage, short_day};
use super::subject::Subject;
use crate::testing::{Scenario, ScenarioCall};
use crate::{Replay, SubscribeRequest, Watch};

/// A stream is dropped after so many polls at most.
const POLLS: usize = 64;
/// The day from which the calls of two people are taken.
const BUSY_DAY: usize = 60;

pub(super) async fn one_stream(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let mut first = stage.listen().await?;
    second_is_refused(&stage).await?;
    // The first one goes on as if nothing had happened.
    stage.warm_up(&mut first).await?;
    first.hang_up();
    let mut third = Hearing::begin(stage.events()?, Watch::everyone(), first.cursor.take(), subject).await?;
    third.heard = first.heard;
    stage.hear_all(&mut third).await?;
    Ok("a second one was refused, and after the first a third one heard the rest".to_owned())
}

async fn second_is_refused(stage: &Stage<'_>) -> Result<(), Miss> {
    let patience = stage.subject.patience();
    let mut second = stage.events()?.deliveries(SubscribeRequest::new(Watch::everyone()));
    match timely(patience, "a second stream", second.next()).await? {
        Some(Err(error)) if error.is_already_subscribed() => {}
        Some(Err(error)) => return Err(Miss::failed(format!("a second stream ended with another error: {error}"))),
        _ => return Err(Miss::failed("a second stream was not refused")),
    }
    match timely(patience, "the stream after its error", second.next()).await? {
        None => Ok(()),
        Some(_) => Err(Miss::failed("a second stream went on after its error")),
    }
}

pub(super) async fn dropped_stream(subject: &dyn Subject) -> Seen {
    for polls in 0..POLLS {
        if drop_after(subject, polls).await? {
            return Ok(format!("dropped after each of 0 to {} polls; then all was heard", polls.saturating_sub(1)));
        }
    }
    Ok(format!("dropped after each of 0 to {} polls", POLLS - 1))
}

/// Drops a stream after so many polls; another one has to bring the rest. Returns whether all was heard before.
async fn drop_after(subject: &dyn Subject, polls: usize) -> Result<bool, Miss> {
    let stage = Stage::calm(subject, short_day()).await?;
    if stage.events()?.traits().replay == Replay::Lost {
        return Err(Miss::not_applicable("it cannot replay; what it misses is a gap"));
    }
    let sought = stage.sought(stage.calls())?;
    let mut hearing = stage.listen().await?;
    stage.warm_up(&mut hearing).await?;
    let mut left = polls;
    let hear = async {
        while !sought.all_in(&hearing.heard.events) {
            let Some(delivery) = hearing.delivery_in_polls(&mut left).await? else {
                hearing.hang_up();
                hearing.until_heard(&sought).await?;
                return Ok(false);
            };
            hearing.accept(delivery).await?;
        }
        Ok(true)
    };
    let heard = stage.play_while(stage.calls(), hear).await;
    heard.map_err(|miss| match miss {
        Miss::Failed(seen) => Miss::Failed(format!("dropped after {polls} polls: {seen}")),
        other => other,
    })
}

pub(super) async fn watch_changes(subject: &dyn Subject) -> Seen {
    let day = TwoPeople::new();
    let stage = Stage::calm(subject, day.scenario.clone()).await?;
    stage.events()?;
    let [leaves, comes] = day.people.map(|index| stage.fake.agent(&day.scenario.agents[index]));
    let watch = Watch::these([leaves]);
    let mut hearing = stage.listen_to(watch.clone()).await?;

    let before = stage.expected(day.half);
    hear_calls(&stage, &mut hearing, day.half, &calls_of(&before, day.people[0])).await?;
    hearing.until_quiet().await?;
    not_heard(&hearing, 0, &calls_of(&before, day.people[1]), "somebody who is not watched was heard")?;

    watch.set([comes]);
    let told = hearing.heard.events.len();
    let after: Vec<ExpectedCall> =
        stage.expected(stage.calls()).into_iter().filter(|call| call.call >= day.half).collect();
    let heard = hear_calls(&stage, &mut hearing, stage.calls(), &calls_of(&after, day.people[1])).await;
    heard.map_err(|miss| match miss {
        Miss::Failed(seen) => Miss::Failed(format!("somebody who was added is not heard: {seen}")),
        other => other,
    })?;
    hearing.until_quiet().await?;
    not_heard(&hearing, told, &calls_of(&after, day.people[0]), "somebody who was removed is still heard")?;
    Ok(format!("one came and one left between {} and {} calls", before.len(), after.len()))
}

fn calls_of(calls: &[ExpectedCall], agent: usize) -> BTreeSet<String> {
    let of_agent = calls.iter().filter(|call| call.agents.contains(&agent));
    of_agent.map(|call| call.conversation.clone()).collect()
}

/// Plays on until something was heard of each of these calls.
async fn hear_calls(
    stage: &Stage<'_>,
    hearing: &mut Hearing,
    calls: usize,
    sought: &BTreeSet<String>,
) -> Result<(), Miss> {
    let hear = async {
        loop {
            let heard = hearing.heard.events.iter().map(|event| event.conversation.id.clone()).collect();
            let missing: Vec<String> = sought.difference(&heard).cloned().collect();
            if missing.is_empty() {
                return Ok(());
            }
            let Some(delivery) = hearing.delivery(hearing.patience).await? else {
                return Err(Miss::failed(format!("nothing was heard of {}", some_of(&missing))));
            };
            hearing.accept(delivery).await?;
        }
    };
    stage.play_while(calls, hear).await
}

fn not_heard(hearing: &Hearing, from: usize, calls: &BTreeSet<String>, words: &str) -> Result<(), Miss> {
    let mut heard = hearing.heard.events[from..].iter().map(|event| &event.conversation.id);
    heard.find(|id| calls.contains(*id)).map_or(Ok(()), |id| Err(Miss::failed(format!("{words}: {id}"))))
}

/// A day with the calls of two people, both of whom take some before and some after its middle.
struct TwoPeople {
    scenario: Scenario,
    people: [usize; 2],
    half: usize,
}

impl TwoPeople {
    fn new() -> Self {
        let mut scenario = Scenario::day(BUSY_DAY, 3);
        let agents = |call: &ScenarioCall| call.legs().iter().map(|leg| leg.agent).collect::<Vec<_>>();
        scenario.calls.retain(|call| call.recorded && agents(call).len() == 1);
        let first = scenario.calls.first().map_or(0, |call| agents(call)[0]);
        let second = scenario.calls.iter().map(|call| agents(call)[0]).find(|agent| *agent != first).unwrap_or(first);
        let mut alternate = [first, second].into_iter().cycle().peekable();
        // They take turns, so that either half has calls of both.
        scenario.calls.retain(|call| alternate.next_if(|agent| agents(call) == [*agent]).is_some());
        scenario.calls.truncate(4);
        Self { scenario, people: [first, second], half: 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_take_calls_in_both_halves() {
        let day = TwoPeople::new();
        let agents: Vec<usize> = day.scenario.calls.iter().map(|call| call.legs()[0].agent).collect();
        assert_eq!(agents, [day.people, day.people].concat());
        assert_ne!(day.people[0], day.people[1]);
    }
}
