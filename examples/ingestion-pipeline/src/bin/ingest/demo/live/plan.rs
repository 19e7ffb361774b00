//! What is said in the live calls, and in which sessions it is sent.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Direction;
use connector_core::testing::{Clip, Happening, Moment, Party, Scenario, ScenarioCall};

/// How many calls there are at most: one of each kind, with two agents for each.
pub(super) const KINDS: usize = 6;
/// How long after the start of the day the first call comes. By then somebody listens, also on a machine that is busy.
const LEAD: TimeDelta = TimeDelta::milliseconds(3_500);
/// The time between two calls.
const STEP: TimeDelta = TimeDelta::milliseconds(150);
/// How many milliseconds after the start of its call a session begins that is sent from the queue on.
const EARLY: u64 = 100;
/// Samples of one channel in a millisecond.
const PER_MS: u64 = 8;
/// What is heard in the queue, from both: no clip has that for so long.
const QUEUE: u8 = 0x9A;
/// Silence in µ-law.
pub(super) const SILENCE: u8 = 0xFF;

/// What is special about a call. On a small day only the first ones happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The session begins in the queue, before anybody answers.
    FromQueue,
    /// The session begins once the agent has answered. Its socket dies, and another one goes on.
    Broken,
    /// One session for two agents, of whom the first passes the call on.
    PassedOn,
    /// Nothing is sent for a while, as when a card number is told.
    Paused,
    /// The agent calls.
    Outbound,
    /// The session begins long after the agent has answered.
    Late,
}

const ORDER: [Kind; KINDS] = [Kind::FromQueue, Kind::Broken, Kind::PassedOn, Kind::Paused, Kind::Outbound, Kind::Late];

/// A session of a call. Times are samples of one channel from the start of the call.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) time: Range<u64>,
    /// When nothing is sent.
    pub(super) pause: Option<Range<u64>>,
    /// Whether its socket dies at the end.
    pub(super) dies: bool,
}

/// A call with sessions.
#[derive(Debug)]
pub(super) struct LiveCall {
    pub(super) conversation: String,
    pub(super) started: DateTime<Utc>,
    /// What there is to hear from the start of the call to its end: µ-law, customer and agent in turn.
    pub(super) sound: Vec<u8>,
    /// When agents had the customer.
    pub(super) agents: Vec<Range<u64>>,
    pub(super) sessions: Vec<Session>,
}

impl LiveCall {
    /// What agents had of a session that went on for so long.
    pub(super) fn parts(&self, session: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let common = |agent: &Range<u64>| agent.start.max(session.start)..agent.end.min(session.end);
        self.agents.iter().map(common).filter(|part| !part.is_empty())
    }
}

/// A day of so many calls of 4 to 5 seconds, which begin one shortly after another, and what is sent of each.
pub(super) fn plan(calls: usize, seed: u64, starts: DateTime<Utc>) -> (Scenario, Vec<LiveCall>) {
    let mut day = Scenario::day(calls.min(KINDS), seed);
    let mut live = Vec::new();
    day.starts = starts;
    for (index, (call, kind)) in day.calls.iter_mut().zip(ORDER).enumerate() {
        shorten(call, kind, index);
        call.started = starts + LEAD + STEP * i32::try_from(index).unwrap_or_default();
        live.push(live_call(call, kind, index));
    }
    (day, live)
}

/// Another course for a call, in whole milliseconds. Nobody is in two calls.
fn shorten(call: &mut ScenarioCall, kind: Kind, index: usize) {
    let moment = |at, what| Moment { at: Duration::from_millis(at), what };
    let (first, second) = (2 * index, 2 * index + 1);
    let answered = 600 + call.started.timestamp_millis().unsigned_abs() % 200;
    let mut timeline = vec![moment(0, Happening::Ring(first)), moment(answered, Happening::Answer(first))];
    let end = if kind == Kind::PassedOn {
        let (passed_on, taken) = (answered + 1_700, answered + 2_000);
        timeline.push(moment(passed_on, Happening::Transfer { to: second }));
        timeline.push(moment(passed_on, Happening::Ring(second)));
        timeline.push(moment(taken, Happening::Answer(second)));
        taken + 1_700
    } else {
        answered + 3_400
    };
    timeline.push(moment(end, Happening::End { by: Party::Customer }));
    timeline.push(moment(end, Happening::WrapUp(Duration::from_millis(200))));
    call.timeline = timeline;
    call.recorded = true;
    call.audio = Clip::stereo(call.audio.seed(), Duration::from_millis(end - answered));
    call.direction = if kind == Kind::Outbound { Direction::Outbound } else { Direction::Inbound };
}

fn live_call(call: &ScenarioCall, kind: Kind, index: usize) -> LiveCall {
    let since = |at: DateTime<Utc>| (at - call.started).num_milliseconds().unsigned_abs() * PER_MS;
    let agents: Vec<Range<u64>> = call.legs().iter().map(|leg| since(leg.answered)..since(leg.ended)).collect();
    let (answered, end) = (agents.first().map_or(0, |agent| agent.start), since(call.ended()));
    let after = |millis: u64| answered + millis * PER_MS;
    let session = |number: usize, time: Range<u64>| Session {
        id: format!("11fe{index:04x}-0000-4000-8000-{number:04x}{}", &call.id[28..]),
        time,
        pause: None,
        dies: false,
    };
    let from_queue = EARLY * PER_MS..end;
    let sessions = match kind {
        Kind::FromQueue | Kind::PassedOn | Kind::Outbound => vec![session(1, from_queue)],
        Kind::Late => vec![session(1, after(600)..end)],
        Kind::Paused => vec![Session { pause: Some(after(1_000)..after(1_700)), ..session(1, from_queue) }],
        Kind::Broken => {
            vec![Session { dies: true, ..session(1, after(150)..after(1_600)) }, session(2, after(1_750)..end)]
        }
    };
    let mut sound = vec![QUEUE; 2 * usize::try_from(answered).unwrap_or_default()];
    sound.extend(call.audio.mu_law());
    for pause in sessions.iter().filter_map(|session| session.pause.clone()) {
        sound[in_bytes(&pause)].fill(SILENCE);
    }
    LiveCall { conversation: call.id.clone(), started: call.started, sound, agents, sessions }
}

/// Where samples of both channels lie.
pub(super) fn in_bytes(samples: &Range<u64>) -> Range<usize> {
    let byte = |sample: u64| usize::try_from(2 * sample).unwrap_or(usize::MAX);
    byte(samples.start)..byte(samples.end)
}

/// How long after the start of a call it is there.
pub(super) fn time_of(sample: u64) -> Duration {
    Duration::from_micros(sample * 1_000 / PER_MS)
}

/// The sample of a call that is heard so long after its start.
pub(super) fn sample_at(time: TimeDelta) -> u64 {
    u64::try_from(time.num_microseconds().unwrap_or_default()).unwrap_or_default() * PER_MS / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_plan_and_everything_happens_in_it() {
        let starts = "2026-10-19T19:00:00Z".parse().unwrap();
        for seed in 0..20 {
            let (day, calls) = plan(KINDS, seed, starts);
            assert_eq!(
                (&day, format!("{calls:?}")),
                (&plan(KINDS, seed, starts).0, format!("{:?}", plan(KINDS, seed, starts).1))
            );
            let ids: std::collections::BTreeSet<_> =
                calls.iter().flat_map(|call| &call.sessions).map(|s| &s.id).collect();
            assert_eq!((calls.len(), ids.len()), (6, 7));
            assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
            for call in &calls {
                let end = call.agents.last().unwrap().end;
                assert_eq!(call.sound.len() as u64, 2 * end, "{call:?}");
                for session in &call.sessions {
                    assert!(
                        session.time.end <= end && call.parts(&session.time).all(|part| part.end - part.start > 4_000)
                    );
                }
            }
            let begins: Vec<bool> =
                calls.iter().map(|call| call.sessions[0].time.start < call.agents[0].start).collect();
            assert_eq!(begins, [true, false, true, true, true, false]);
            assert_eq!(calls[2].parts(&calls[2].sessions[0].time).count(), 2);
        }
    }
}
