//! A tenant: a day of a contact centre, as CXone sees it.

use chrono::{DateTime, Utc};
use connector_core::testing::Scenario;

use super::contact::{Contact, Kind};
use super::settings::Settings;

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

    /// When the last word on the first calls of the day is said.
    pub(super) fn settled(&self, calls: usize, settings: &Settings) -> DateTime<Utc> {
        let first = self.contacts.iter().filter(|contact| matches!(contact.kind, Kind::Call(call) if call < calls));
        first.map(|contact| contact.settles(settings)).max().unwrap_or(self.scenario.starts)
    }
}
