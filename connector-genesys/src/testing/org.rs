//! An organisation: the ids that Genesys would give to the people and things of a scenario.

use std::collections::BTreeSet;

use connector_core::testing::Scenario;

/// An id in the form of a UUID: of a kind of thing, with a number.
pub(super) fn id(kind: u32, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Id and secret of the OAuth client.
pub(super) const CLIENT: (&str, &str) = ("demo-client", "demo-client-secret");

/// Kinds of things, as ids begin.
pub(super) const ORGANIZATION: u32 = 0x7c0f_0000;
pub(super) const DIVISION: u32 = 0xd100_0000;
const QUEUE: u32 = 0x9be0_0000;
const TEAM: u32 = 0x7ea3_0000;
const WRAP_UP: u32 = 0x7a7a_0000;
const RECORDING: u32 = 0x4ec0_0000;
const SCREEN: u32 = 0x5c4e_0000;
const IDLE: u32 = 0x1d1e_0000;
const FORMER: u32 = 0xf0e0_0000;

/// A day of a contact centre, as Genesys sees it.
pub(super) struct Org {
    pub(super) scenario: Scenario,
    /// Names of queues, in the order of their ids.
    pub(super) queues: Vec<String>,
    dispositions: Vec<String>,
}

impl Org {
    pub(super) fn new(scenario: Scenario) -> Self {
        let distinct = |names: BTreeSet<String>| names.into_iter().collect();
        let queues = distinct(scenario.calls.iter().map(|call| call.queue.clone()).collect());
        let dispositions = distinct(scenario.calls.iter().map(|call| call.disposition.clone()).collect());
        Self { scenario, queues, dispositions }
    }

    pub(super) fn queue(&self, name: &str) -> usize {
        self.queues.iter().position(|known| known == name).unwrap_or_default()
    }

    pub(super) fn wrap_up(&self, name: &str) -> String {
        id(WRAP_UP, self.dispositions.iter().position(|known| known == name).unwrap_or_default())
    }

    /// The group of an agent, by index.
    pub(super) fn group_of(&self, agent: usize) -> usize {
        let of = self.scenario.agents.get(agent).map(|agent| agent.group.as_str());
        self.scenario.groups.iter().position(|group| Some(group.name.as_str()) == of).unwrap_or_default()
    }

    /// Those who belong to a group, a team or a queue: the n-th queue is that of the n-th group, as far as there are any.
    pub(super) fn members(&self, group: usize) -> Vec<usize> {
        (0..self.scenario.agents.len()).filter(|agent| self.group_of(*agent) == group).collect()
    }
}

pub(super) fn queue_id(queue: usize) -> String {
    id(QUEUE, queue)
}

pub(super) fn team_id(group: usize) -> String {
    id(TEAM, group)
}

pub(super) fn recording_id(call: usize) -> String {
    id(RECORDING, call)
}

pub(super) fn screen_id(call: usize) -> String {
    id(SCREEN, call)
}

/// Somebody who takes no calls.
pub(super) fn idle_id(number: usize) -> String {
    id(IDLE, number)
}

/// Somebody who has left.
pub(super) fn former_id(number: usize) -> String {
    id(FORMER, number)
}
