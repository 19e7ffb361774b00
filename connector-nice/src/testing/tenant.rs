//! A tenant: the ids that CXone would give to the people and things of a scenario.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::testing::{Scenario, ScenarioAgent};

use super::contact::{Contact, Kind};
use super::settings::Settings;
use super::state::State;

/// The business unit.
pub(super) const UNIT: u64 = 4_601_234;
pub(super) const AREA: &str = "na1";
pub(super) const CLUSTER: &str = "C99";

/// How many chats, and how many rows that make no sense, there can be.
const EXTRAS: usize = 8;

/// A day of a contact centre, as CXone sees it.
pub(super) struct Tenant {
    pub(super) scenario: Scenario,
    pub(super) id: String,
    /// All contacts of the day, by their start.
    pub(super) contacts: Vec<Contact>,
}

impl Tenant {
    pub(super) fn new(scenario: Scenario) -> Self {
        let calls: Vec<Contact> =
            (0..scenario.calls.len()).flat_map(|index| Contact::of_call(&scenario, index)).collect();
        let chats = (0..EXTRAS).filter(|_| !scenario.agents.is_empty()).map(|index| Contact::chat(&scenario, index));
        let masters = calls.iter().filter(|contact| contact.id == contact.master);
        let lost = masters.clone().take(EXTRAS).enumerate().map(|(index, call)| Contact::abandoned(call, index));
        let lost: Vec<Contact> = lost.collect();
        let bad: Vec<Contact> =
            masters.take(EXTRAS).enumerate().map(|(index, call)| Contact::bad(call, index)).collect();
        let mut contacts: Vec<Contact> = calls.into_iter().chain(chats).chain(lost).chain(bad).collect();
        contacts.sort_by_key(|contact| (contact.started, contact.id));
        let id = format!("11eb0a52-0000-4a10-9c00-{:012x}", scenario.seed & 0xFFFF_FFFF_FFFF);
        Self { scenario, id, contacts }
    }

    /// When everything of the day is past.
    pub(super) fn evening(&self) -> DateTime<Utc> {
        let last = self.scenario.calls.iter().map(|call| call.ended()).max().unwrap_or(self.scenario.starts);
        last.max(self.scenario.starts + TimeDelta::hours(10)) + TimeDelta::hours(1)
    }

    /// Those that have begun.
    pub(super) fn begun<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Contact> {
        let now = state.now(self);
        self.contacts.iter().filter(move |contact| state.is_played(contact) && contact.started <= now)
    }

    /// Those that show among the completed ones.
    pub(super) fn completed<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Contact> {
        let now = state.now(self);
        self.begun(state).filter(move |contact| contact.appears(&state.settings) <= now)
    }

    /// When the last word on the first calls of the day is said.
    pub(super) fn settled(&self, calls: usize, settings: &Settings) -> DateTime<Utc> {
        let first = self.contacts.iter().filter(|contact| matches!(contact.kind, Kind::Call(call) if call < calls));
        first.map(|contact| contact.settles(settings)).max().unwrap_or(self.scenario.starts)
    }
}

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
