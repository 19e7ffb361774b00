//! A call as Genesys sees it: everybody and everything that took part in it.

use chrono::{DateTime, Utc};
use connector_core::Direction;
use connector_core::testing::{Happening, Party};

use super::org::{Org, id};

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
    pub(super) answered: DateTime<Utc>,
    pub(super) ended: DateTime<Utc>,
    pub(super) holds: Vec<std::ops::Range<DateTime<Utc>>>,
    /// How it left, as the history spells it.
    pub(super) left: &'static str,
    /// Until when the work after the call takes, and its code.
    pub(super) wrap_up: Option<(DateTime<Utc>, String)>,
}

/// Everybody in a call. An outbound one has no queue: somebody dials, and nothing is distributed.
pub(super) fn parts(org: &Org, index: usize) -> Vec<Part> {
    let call = &org.scenario.calls[index];
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
        answered: if is_inbound { call.started } else { answered },
        ended: call.ended(),
        holds: Vec::new(),
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
        answered: call.started,
        ended: answered,
        holds: Vec::new(),
        left: "transfer",
        wrap_up: None,
    });
    let work = call.timeline.iter().find_map(|moment| match moment.what {
        Happening::WrapUp(work) => Some(call.started + moment.at + work),
        _ => None,
    });
    let last = legs.len().saturating_sub(1);
    let people = legs.into_iter().enumerate().map(|(number, leg)| Part {
        participant: id(AGENT, index * MOST_LEGS + number),
        session: id(SESSION, index * MOST_LEGS * 2 + 2 + number),
        purpose: if is_inbound { "agent" } else { "user" },
        name: org.scenario.agents[leg.agent].name.reveal().to_owned(),
        agent: Some(leg.agent),
        queue,
        started: leg.started,
        answered: leg.answered,
        ended: leg.ended,
        holds: leg.holds,
        left: if number == last { agent_left } else { "transfer" },
        wrap_up: work.filter(|_| number == last).map(|work| (work, org.wrap_up(&call.disposition))),
    });
    [customer].into_iter().chain(waiting).chain(people).collect()
}

/// An instant of the past.
pub(super) fn past(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    (at <= now).then(|| super::ask::instant(at))
}
