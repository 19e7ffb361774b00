//! A call as Genesys sees it: everybody and everything that took part in it.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Direction;
use connector_core::testing::{Happening, Party, ScenarioLeg};
use serde_json::{Value, json};

use super::ask::instant;
use super::day::Day;
use super::org::id;

const CUSTOMER: u32 = 0x9a97_c000;
const QUEUE: u32 = 0x9a97_d000;
const AGENT: u32 = 0x9a97_a000;
const SESSION: u32 = 0x5e55_0000;

/// A call has no more legs than this.
const MOST_LEGS: usize = 16;

/// One participant.
pub(super) struct Part {
    pub(super) participant: String,
    pub(super) session: String,
    pub(super) purpose: &'static str,
    pub(super) name: String,
    /// Its index, if it is somebody who works there.
    pub(super) agent: Option<usize>,
    /// The index of its queue.
    pub(super) queue: Option<usize>,
    pub(super) started: DateTime<Utc>,
    /// When it came into the talk. Whoever was offered the call and did not take it never did.
    pub(super) answered: Option<DateTime<Utc>>,
    pub(super) ended: DateTime<Utc>,
    pub(super) holds: Vec<Range<DateTime<Utc>>>,
    /// When it was muted.
    pub(super) muted: Option<Range<DateTime<Utc>>>,
    /// When its recording was paused.
    pub(super) paused: Option<Range<DateTime<Utc>>>,
    /// How it left, as the history spells it.
    pub(super) left: &'static str,
    /// Until when the work after the call takes, and its code.
    pub(super) wrap_up: Option<(DateTime<Utc>, String)>,
}

/// Everybody in a call. An outbound one has no queue: somebody dials, and nothing is distributed.
pub(super) fn parts(day: &Day, index: usize) -> Vec<Part> {
    let (call, org, settings) = (day.told(index), &day.org, &day.settings);
    let is_inbound = call.direction == Direction::Inbound;
    let queue = is_inbound.then(|| org.queue(&call.queue));
    let by = call.timeline.iter().find_map(|moment| match moment.what {
        Happening::End { by } => Some(by),
        _ => None,
    });
    let (customer_left, agent_left) = if by == Some(Party::Agent) { ("peer", "client") } else { ("client", "peer") };
    let legs = call.legs();
    let answered = legs.first().map_or(call.started, |leg| leg.answered);
    let customer = Part {
        participant: id(CUSTOMER, index),
        session: id(SESSION, index * MOST_LEGS * 2),
        purpose: if is_inbound { "customer" } else { "external" },
        name: call.customer.reveal().to_owned(),
        agent: None,
        queue: None,
        started: call.started,
        answered: Some(if is_inbound { call.started } else { answered }),
        ended: call.ended(),
        holds: Vec::new(),
        muted: None,
        paused: None,
        left: customer_left,
        wrap_up: None,
    };
    let waiting = queue.map(|queue| Part {
        participant: id(QUEUE, index),
        session: id(SESSION, index * MOST_LEGS * 2 + 1),
        purpose: "acd",
        name: call.queue.clone(),
        agent: None,
        queue: Some(queue),
        started: call.started,
        answered: Some(call.started),
        ended: answered,
        holds: Vec::new(),
        muted: None,
        paused: None,
        left: "transfer",
        wrap_up: None,
    });
    let work = call.timeline.iter().find_map(|moment| match moment.what {
        Happening::WrapUp(work) => Some(call.started + moment.at + work),
        _ => None,
    });
    let last = legs.len().saturating_sub(1);
    let people: Vec<Part> = legs
        .into_iter()
        .enumerate()
        .map(|(number, leg)| Part {
            participant: id(AGENT, index * MOST_LEGS + number),
            session: id(SESSION, index * MOST_LEGS * 2 + 2 + number),
            purpose: if is_inbound { "agent" } else { "user" },
            name: org.scenario.agents[leg.agent].name.reveal().to_owned(),
            agent: Some(leg.agent),
            queue,
            started: leg.started,
            answered: Some(leg.answered),
            ended: leg.ended,
            muted: (number == last && settings.muted.contains(&index)).then(|| stretch(&leg, 1..2)),
            paused: (number == last && settings.paused.contains(&index)).then(|| stretch(&leg, 3..4)),
            holds: leg.holds,
            left: if number == last { agent_left } else { "transfer" },
            wrap_up: work.filter(|_| number == last).map(|work| (work, org.wrap_up(&call.disposition))),
        })
        .collect();
    let mut parts: Vec<Part> = [customer].into_iter().chain(waiting).chain(people).collect();
    if is_inbound && settings.declined.contains(&index) {
        decline(&mut parts, index);
    }
    parts
}

/// Lets the first agent miss the call once, and be offered it again: as another participant.
fn decline(parts: &mut Vec<Part>, index: usize) {
    let Some(place) = parts.iter().position(|part| part.agent.is_some()) else { return };
    let second = &mut parts[place];
    let ring = second.answered.unwrap_or(second.ended) - second.started;
    let first = Part {
        participant: id(AGENT, index * MOST_LEGS + MOST_LEGS - 1),
        session: id(SESSION, index * MOST_LEGS * 2 + MOST_LEGS),
        purpose: second.purpose,
        name: second.name.clone(),
        agent: second.agent,
        queue: second.queue,
        started: second.started,
        answered: None,
        ended: second.started + TimeDelta::milliseconds(ring.num_milliseconds() / 2),
        holds: Vec::new(),
        muted: None,
        paused: None,
        left: "noAnswerTransfer",
        wrap_up: None,
    };
    second.started = first.ended;
    parts.insert(place, first);
}

/// So many fifths of the talk after the last hold of a leg.
fn stretch(leg: &ScenarioLeg, fifths: Range<i32>) -> Range<DateTime<Utc>> {
    let from = leg.holds.last().map_or(leg.answered, |hold| hold.end);
    let fifth = TimeDelta::milliseconds((leg.ended - from).num_milliseconds() / 5);
    from + fifth * fifths.start..from + fifth * fifths.end
}

impl Part {
    pub(super) fn is_answered(&self, now: DateTime<Utc>) -> bool {
        self.answered.is_some_and(|answered| answered <= now)
    }

    /// How it left, as live records and topics spell it.
    fn left_live(&self) -> &'static str {
        if self.left == "noAnswerTransfer" { "transfer.noanswer" } else { self.left }
    }

    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ended <= now
    }

    /// The hold that goes on.
    pub(super) fn hold(&self, now: DateTime<Utc>) -> Option<&Range<DateTime<Utc>>> {
        self.holds.iter().find(|hold| hold.contains(&now))
    }

    pub(super) fn is_muted(&self, now: DateTime<Utc>) -> bool {
        self.muted.as_ref().is_some_and(|muted| muted.contains(&now))
    }

    pub(super) fn is_paused(&self, now: DateTime<Utc>) -> bool {
        self.paused.as_ref().is_some_and(|paused| paused.contains(&now))
    }

    /// In which state it comes into a call.
    pub(super) fn initial(direction: Direction) -> &'static str {
        if direction == Direction::Outbound { "dialing" } else { "alerting" }
    }

    /// Adds when it came into the talk and, under this name, when it left.
    pub(super) fn add_times(&self, row: &mut Value, end: &str, now: DateTime<Utc>) {
        for (name, at) in [("connectedTime", self.answered), (end, Some(self.ended))] {
            if let Some(at) = at.and_then(|at| past(at, now)) {
                row[name] = json!(at);
            }
        }
    }

    /// Adds since when it is on hold, and how it left, as live records and topics tell it.
    pub(super) fn add_course(&self, row: &mut Value, now: DateTime<Utc>) {
        if let Some(hold) = self.hold(now) {
            row["startHoldTime"] = json!(instant(hold.start));
        }
        if self.is_over(now) {
            row["disconnectType"] = json!(self.left_live());
        }
    }

    /// When it is out of the call and the work after it is done.
    pub(super) fn done(&self) -> DateTime<Utc> {
        self.wrap_up.as_ref().map_or(self.ended, |(done, _)| *done)
    }

    /// When something about it changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        let stretches = self.holds.iter().chain(&self.muted).chain(&self.paused);
        let ends = stretches.flat_map(|stretch| [stretch.start, stretch.end]);
        [self.started, self.ended, self.done()].into_iter().chain(self.answered).chain(ends)
    }
}

/// How it stands with the recording of some participants: `none`, `active`, `paused`.
pub(super) fn recording_state(parts: &[Part], is_recorded: bool, now: DateTime<Utc>) -> &'static str {
    let mut talking = parts.iter().filter(|part| part.purpose != "acd" && part.is_answered(now) && !part.is_over(now));
    match () {
        () if !is_recorded || talking.clone().next().is_none() => "none",
        () if talking.any(|part| part.is_paused(now)) => "paused",
        () => "active",
    }
}

/// An instant of the past.
pub(super) fn past(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    (at <= now).then(|| instant(at))
}
