//! What happens in a call, moment by moment, and the legs that this makes.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;

use crate::Direction;

/// Who hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The customer.
    Customer,
    /// The agent who has the call.
    Agent,
}

/// Something that happens in a call. Agents are named by their index in [`Scenario::agents`](super::Scenario::agents).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Happening {
    /// It rings at this agent; outbound, this agent dials.
    Ring(usize),
    /// This agent and the customer can talk.
    Answer(usize),
    /// The customer is put on hold.
    Hold,
    /// The customer is back.
    Resume,
    /// The agent passes the call on and is out of it.
    Transfer {
        /// Who is to take it; it rings there at the same moment.
        to: usize,
    },
    /// The call is over.
    End {
        /// Who hung up.
        by: Party,
    },
    /// The last agent starts the work after the call, which takes so long.
    WrapUp(Duration),
}

/// A point in the course of a call.
///
/// ```
/// use connector_core::testing::{Happening, Scenario};
///
/// let scenario = Scenario::small(7);
/// for call in &scenario.calls {
///     assert!(matches!(call.timeline[0].what, Happening::Ring(_)));
///     let end = call.timeline.iter().find(|moment| matches!(moment.what, Happening::End { .. })).unwrap();
///     assert_eq!(call.started + end.at, call.ended());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// How long after the start of the call, in whole milliseconds.
    pub at: Duration,
    /// What happens.
    pub what: Happening,
}

/// One agent's part in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioLeg {
    /// Index of the agent in [`Scenario::agents`](super::Scenario::agents).
    pub agent: usize,
    /// When it started to ring, or the agent dialled.
    pub started: DateTime<Utc>,
    /// When the talk began.
    pub answered: DateTime<Utc>,
    /// When the agent was out of the call.
    pub ended: DateTime<Utc>,
    /// When the customer was on hold.
    pub holds: Vec<Range<DateTime<Utc>>>,
}

/// What is to happen in a call.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) direction: Direction,
    pub(super) agent: usize,
    pub(super) has_hold: bool,
    pub(super) passed_on_to: Option<usize>,
}

impl Plot {
    /// A course of 5 to 60 seconds.
    pub(super) fn timeline(&self, rng: &mut Rng) -> Vec<Moment> {
        let shortest = if self.has_hold || self.passed_on_to.is_some() { 20_000 } else { 5_000 };
        let ring = rng.u64(500..2_500);
        let second_ring = if self.passed_on_to.is_some() { rng.u64(500..2_500) } else { 0 };
        // short calls are more frequent than long ones
        let length = rng.u64(shortest..=60_000).min(rng.u64(shortest..=60_000));
        let talk = length - ring - second_ring;
        let stretches = 1 + 2 * u64::from(self.has_hold) + u64::from(self.passed_on_to.is_some());
        let mut lengths = divide(rng, talk, stretches).into_iter();
        let mut script = Script::default();
        script.add(Happening::Ring(self.agent));
        script.wait(Some(ring));
        script.add(Happening::Answer(self.agent));
        script.wait(lengths.next());
        if self.has_hold {
            script.add(Happening::Hold);
            script.wait(lengths.next());
            script.add(Happening::Resume);
            script.wait(lengths.next());
        }
        if let Some(to) = self.passed_on_to {
            script.add(Happening::Transfer { to });
            script.add(Happening::Ring(to));
            script.wait(Some(second_ring));
            script.add(Happening::Answer(to));
            script.wait(lengths.next());
        }
        let patience = if self.direction == Direction::Inbound { 2 } else { 3 };
        let by = if rng.u32(0..patience) == 0 { Party::Agent } else { Party::Customer };
        script.add(Happening::End { by });
        script.add(Happening::WrapUp(Duration::from_millis(rng.u64(2_000..12_000))));
        script.moments
    }
}

#[derive(Default)]
struct Script {
    now: Duration,
    moments: Vec<Moment>,
}

impl Script {
    fn add(&mut self, what: Happening) {
        self.moments.push(Moment { at: self.now, what });
    }

    fn wait(&mut self, millis: Option<u64>) {
        self.now += Duration::from_millis(millis.unwrap_or_default());
    }
}

/// Divides a length into so many parts, none of them shorter than half of an equal share.
fn divide(rng: &mut Rng, total: u64, parts: u64) -> Vec<u64> {
    let least = total / parts / 2;
    let mut spare = total - least * parts;
    let mut lengths: Vec<u64> = (1..parts)
        .map(|_| {
            let more = rng.u64(0..=spare / 2);
            spare -= more;
            least + more
        })
        .collect();
    lengths.push(least + spare);
    lengths
}

/// The legs of a call that took this course.
pub(super) fn legs(started: DateTime<Utc>, timeline: &[Moment]) -> Vec<ScenarioLeg> {
    let mut legs: Vec<ScenarioLeg> = Vec::new();
    for moment in timeline {
        let at = started + moment.at;
        if let Happening::Ring(agent) = moment.what {
            legs.push(ScenarioLeg { agent, started: at, answered: at, ended: at, holds: Vec::new() });
            continue;
        }
        let Some(leg) = legs.last_mut() else { continue };
        match moment.what {
            Happening::Answer(_) => leg.answered = at,
            Happening::Hold => leg.holds.push(at..at),
            Happening::Resume => leg.holds.iter_mut().last().into_iter().for_each(|hold| hold.end = at),
            Happening::Transfer { .. } | Happening::End { .. } => leg.ended = at,
            Happening::Ring(_) | Happening::WrapUp(_) => {}
        }
    }
    legs
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::*;

    use super::*;

    fn plots() -> impl Strategy<Value = Plot> {
        (any::<bool>(), 0usize..12, any::<bool>(), prop::option::of(0usize..12)).prop_map(
            |(calls_in, agent, has_hold, passed_on_to)| Plot {
                direction: if calls_in { Direction::Inbound } else { Direction::Outbound },
                agent,
                has_hold,
                passed_on_to,
            },
        )
    }

    /// Plays a timeline as a strict telephone exchange would and returns how many holds and transfers there were.
    fn play(timeline: &[Moment]) -> Result<(usize, usize), String> {
        let (mut ringing, mut talking, mut on_hold, mut over) = (None, None, false, false);
        let (mut holds, mut transfers, mut due) = (0, 0, None);
        for pair in timeline.windows(2) {
            if pair[0].at > pair[1].at {
                return Err(format!("time runs backwards: {pair:?}"));
            }
        }
        for moment in timeline {
            let allowed = match moment.what {
                Happening::Ring(agent) => {
                    let expected = due.take().is_none_or(|due| due == (agent, moment.at));
                    ringing.replace(agent).is_none() && talking.is_none() && expected && !over
                }
                Happening::Answer(agent) => talking.replace(agent).is_none() && ringing.take() == Some(agent),
                Happening::Hold => {
                    holds += 1;
                    talking.is_some() && !std::mem::replace(&mut on_hold, true)
                }
                Happening::Resume => std::mem::replace(&mut on_hold, false),
                Happening::Transfer { to } => {
                    transfers += 1;
                    due = Some((to, moment.at));
                    talking.take().is_some() && !on_hold
                }
                Happening::End { .. } => {
                    talking.take().is_some() && !on_hold && due.is_none() && !std::mem::replace(&mut over, true)
                }
                Happening::WrapUp(work) => over && work > Duration::ZERO,
            };
            if !allowed {
                return Err(format!("{moment:?} cannot happen here"));
            }
        }
        if over { Ok((holds, transfers)) } else { Err("the call never ends".into()) }
    }

    #[test]
    fn the_exchange_of_these_tests_notices_nonsense() {
        let moments = |whats: &[Happening]| -> Vec<Moment> {
            whats.iter().map(|what| Moment { at: Duration::ZERO, what: *what }).collect()
        };
        let (ring, answer, end) = (Happening::Ring(1), Happening::Answer(1), Happening::End { by: Party::Agent });
        assert_eq!(play(&moments(&[ring, answer, Happening::Hold, Happening::Resume, end])), Ok((1, 0)));
        for nonsense in [
            vec![answer, end],
            vec![ring, answer],
            vec![ring, end],
            vec![ring, Happening::Answer(2), end],
            vec![ring, answer, Happening::Resume, end],
            vec![ring, answer, Happening::Hold, end],
            vec![ring, answer, Happening::Transfer { to: 2 }, ring, answer, end],
            vec![ring, answer, end, end],
        ] {
            assert!(play(&moments(&nonsense)).is_err(), "{nonsense:?}");
        }
    }

    proptest! {
        #[test]
        fn every_timeline_makes_sense(plot in plots(), seed: u64) {
            let timeline = plot.timeline(&mut Rng::with_seed(seed));
            let told = (usize::from(plot.has_hold), usize::from(plot.passed_on_to.is_some()));
            prop_assert_eq!(play(&timeline), Ok(told));
            let end = timeline.iter().find(|moment| matches!(moment.what, Happening::End { .. })).unwrap().at;
            prop_assert!((5..=60).contains(&end.as_secs()), "{end:?}");
        }

        #[test]
        fn legs_follow_each_other_and_their_holds_lie_within_them(plot in plots(), seed: u64) {
            let started = DateTime::UNIX_EPOCH;
            let timeline = plot.timeline(&mut Rng::with_seed(seed));
            let legs = legs(started, &timeline);
            prop_assert_eq!(legs.iter().map(|leg| leg.agent).collect::<Vec<_>>(), [Some(plot.agent), plot.passed_on_to].into_iter().flatten().collect::<Vec<_>>());
            prop_assert_eq!(legs[0].started, started);
            for leg in &legs {
                prop_assert!(leg.started < leg.answered && leg.answered < leg.ended, "{leg:?}");
                for hold in &leg.holds {
                    prop_assert!(leg.answered < hold.start && hold.start < hold.end && hold.end < leg.ended, "{leg:?}");
                }
            }
            prop_assert_eq!(legs[0].holds.len(), usize::from(plot.has_hold));
            prop_assert!(legs.windows(2).all(|pair| pair[0].ended == pair[1].started));
        }
    }
}
