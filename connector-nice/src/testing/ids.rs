//! The ids that CXone would give to the people and things of a scenario.

use std::collections::BTreeSet;

use connector_core::testing::{Scenario, ScenarioAgent};

/// The business unit.
pub(super) const UNIT: u64 = 4_601_234;
pub(super) const AREA: &str = "na1";
pub(super) const CLUSTER: &str = "C99";

/// The id of the first contact of the day.
pub(super) fn first_contact(seed: u64) -> u64 {
    702_200_000_000 + seed % 1_000 * 10_000_000
}

pub(super) fn agent_id(agent: usize) -> u64 {
    31_000_101 + agent as u64
}

pub(super) fn group_id(group: usize) -> u64 {
    7_001 + group as u64
}

pub(super) fn group_index(scenario: &Scenario, agent: usize) -> usize {
    let of = scenario.agents.get(agent).map(|agent| agent.group.as_str());
    scenario.groups.iter().position(|group| Some(group.name.as_str()) == of).unwrap_or_default()
}

/// The team of an agent: every group has one of its own.
pub(super) fn team_of(scenario: &Scenario, agent: usize) -> (u64, String) {
    let group = group_index(scenario, agent);
    (team_id(group), scenario.groups.get(group).map(|group| format!("{} A", group.name)).unwrap_or_default())
}

pub(super) fn team_id(group: usize) -> u64 {
    8_801 + group as u64
}

/// Given name and family name.
pub(super) fn names(agent: &ScenarioAgent) -> (&str, &str) {
    agent.name.reveal().split_once(' ').unwrap_or((agent.name.reveal(), ""))
}

/// The skill and the campaign of a queue.
pub(super) fn skill(scenario: &Scenario, queue: &str) -> (u64, u64) {
    let queues: BTreeSet<&str> = scenario.calls.iter().map(|call| call.queue.as_str()).collect();
    let place = queues.iter().position(|known| *known == queue).unwrap_or_default() as u64;
    (550_012 + place, 22_010)
}

/// All dispositions, in the order of their ids.
pub(super) fn dispositions(scenario: &Scenario) -> Vec<&str> {
    let known: BTreeSet<&str> = scenario.calls.iter().map(|call| call.disposition.as_str()).collect();
    known.into_iter().collect()
}

pub(super) fn disposition_id(scenario: &Scenario, name: &str) -> u64 {
    11 + dispositions(scenario).iter().position(|known| *known == name).unwrap_or_default() as u64
}

/// Which of so many things has this id.
pub(super) fn place(id: &str, of: usize, ids: fn(usize) -> u64) -> Option<usize> {
    (0..of).find(|place| ids(*place).to_string() == id)
}
