//! Which sound is whose.

use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::{AgentRef, Conversation};

const SECOND: i128 = 1_000_000_000;

/// The time in which an agent had the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentTime {
    /// The agent's leg.
    pub leg: String,
    /// Who it was.
    pub agent: AgentRef,
    /// From when on.
    pub answered: DateTime<Utc>,
    /// Until when; `None` where nobody told.
    pub ended: Option<DateTime<Utc>>,
}

impl AgentTime {
    /// A time whose end nobody told.
    pub fn new(leg: impl Into<String>, agent: AgentRef, answered: DateTime<Utc>) -> Self {
        Self { leg: leg.into(), agent, answered, ended: None }
    }

    /// The same time until then.
    pub fn until(mut self, ended: DateTime<Utc>) -> Self {
        self.ended = Some(ended);
        self
    }
}

/// When which agent had the customer, in the order in which they answered. A leg that nobody answered is none; one without
/// an end of its own ends with the conversation.
pub fn agent_times(conversation: &Conversation) -> Vec<AgentTime> {
    let times = conversation.legs.iter().filter_map(|leg| {
        let mut time = AgentTime::new(&leg.id, leg.agent.clone()?, leg.answered?.at);
        time.ended = leg.ended.or(conversation.ended).map(|stamp| stamp.at);
        Some(time)
    });
    let mut times: Vec<_> = times.collect();
    times.sort_by_key(|time| time.answered);
    times
}

/// When there was how much sound.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionTime {
    /// When the first sample was taken.
    pub began: DateTime<Utc>,
    /// Samples per second; 0 is taken for 1.
    pub rate: u32,
    /// How many samples of each channel there are. What is silence in a file counts.
    pub samples: u64,
}

impl SessionTime {
    /// So many samples.
    pub fn new(began: DateTime<Utc>, rate: u32, samples: u64) -> Self {
        Self { began, rate, samples }
    }

    fn rate(&self) -> i128 {
        self.rate.max(1).into()
    }

    /// In nanoseconds.
    fn began(&self) -> i128 {
        nanos(self.began)
    }

    /// When it is over.
    fn ended(&self) -> i128 {
        self.began() + (i128::from(self.samples) * SECOND + self.rate() - 1) / self.rate()
    }

    /// The first sample that was taken then or later.
    fn sample_at(&self, at: i128) -> u64 {
        let since = (at - self.began()).max(0);
        let sample = (since * self.rate() + SECOND - 1) / SECOND;
        u64::try_from(sample).unwrap_or(u64::MAX).min(self.samples)
    }
}

fn nanos(at: DateTime<Utc>) -> i128 {
    i128::from(at.timestamp()) * SECOND + i128::from(at.timestamp_subsec_nanos())
}

/// Which sound to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// What was said while an agent had the customer.
    #[default]
    Agents,
    /// All of it: also the menu and the queue, where parts name no agent.
    Everything,
}

/// A stretch of a session in which the same agents had the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The session, by its place in the list that was given.
    pub session: usize,
    /// Its samples, counted in one channel.
    pub samples: Range<u64>,
    /// The agents, by their places in the list that was given. There are two while one hands over to the other.
    pub agents: Vec<usize>,
}

/// Which samples of which session belong to which agents of a call, in the order of time.
///
/// Each moment is in one part at most: where sessions overlap, the one that began earlier is taken until it ends. An agent
/// whose end nobody told had the customer until the sound ends.
///
/// Agents' times are by the vendor's clock and sessions' by ours, and what is said takes a moment to arrive. A part may so
/// begin or end some ten milliseconds early or late, and be some more where a clock is wrong.
///
/// ```
/// use connector_core::matching::{AgentTime, Keep, SessionTime, parts};
/// use connector_core::AgentRef;
///
/// let at = |second: u32| format!("2026-10-19T08:00:{second:02}Z").parse().unwrap();
/// let agents = [
///     AgentTime::new("leg-1", AgentRef::default().with_id("a-1"), at(5)).until(at(20)),
///     AgentTime::new("leg-2", AgentRef::default().with_id("a-2"), at(18)).until(at(30)),
/// ];
/// let sessions = [SessionTime::new(at(0), 8_000, 25 * 8_000)];
/// let parts = parts(&agents, &sessions, Keep::Agents);
/// let whose: Vec<_> = parts.iter().map(|part| (part.samples.start / 8_000, &part.agents[..])).collect();
/// assert_eq!(whose, [(5, &[0][..]), (18, &[0, 1]), (20, &[1])]);
/// assert_eq!(parts[2].samples.end, 25 * 8_000);
/// ```
pub fn parts(agents: &[AgentTime], sessions: &[SessionTime], keep: Keep) -> Vec<Part> {
    let last = sessions.iter().map(SessionTime::ended).max().unwrap_or_default();
    let agents: Vec<_> = agents.iter().map(|agent| nanos(agent.answered)..agent.ended.map_or(last, nanos)).collect();
    let mut found: Vec<Part> = Vec::new();
    for (time, session) in owners(sessions) {
        for time in cut(time, &agents) {
            let mut there = Vec::new();
            there.extend((0..agents.len()).filter(|agent| agents[*agent].contains(&time.start)));
            let samples = sessions[session].sample_at(time.start)..sessions[session].sample_at(time.end);
            if samples.is_empty() || (there.is_empty() && keep == Keep::Agents) {
                continue;
            }
            match found.last_mut() {
                Some(part) if (part.session, part.samples.end, &part.agents) == (session, samples.start, &there) => {
                    part.samples.end = samples.end;
                }
                _ => found.push(Part { session, samples, agents: there }),
            }
        }
    }
    found
}

/// Which session is taken when, in the order of time.
fn owners(sessions: &[SessionTime]) -> Vec<(Range<i128>, usize)> {
    let mut order: Vec<_> = (0..sessions.len()).collect();
    order.sort_by_key(|session| sessions[*session].began());
    let (mut owners, mut taken) = (Vec::new(), i128::MIN);
    for session in order {
        let (began, ended) = (sessions[session].began().max(taken), sessions[session].ended());
        if began < ended {
            owners.push((began..ended, session));
            taken = ended;
        }
    }
    owners
}

/// A time in pieces within which nobody comes or goes.
fn cut(time: Range<i128>, agents: &[Range<i128>]) -> impl Iterator<Item = Range<i128>> {
    let mut cuts = vec![time.start, time.end];
    cuts.extend(agents.iter().flat_map(|agent| [agent.start, agent.end]).filter(|at| time.contains(at)));
    cuts.sort_unstable();
    cuts.dedup();
    (1..cuts.len()).map(move |n| cuts[n - 1]..cuts[n])
}

#[cfg(test)]
mod tests;
