//! Contacts that go on, asked for again and again: only where the settings say so.

use std::collections::HashSet;
use std::time::Duration;

use connector_core::{AgentRef, Priority, Result};
use tokio::time::Instant;

use super::states::{Seen, States};
use crate::config::counts;
use crate::conversation::full_name;
use crate::transport::Api;
use crate::wire;
use crate::wire::states::ActiveContact;

/// The descriptions of states are read again after this time: somebody may add one.
const STATES_EVERY: Duration = Duration::from_secs(3600);

/// More pages are not read at once.
const MOST_PAGES: usize = 20;

/// After failures it is asked for at most so much more rarely.
const MOST_PATIENT: u32 = 16;

/// When to ask, and what is known of states.
#[derive(Debug)]
pub(super) struct Active {
    every: Duration,
    pub(super) due: Instant,
    patience: u32,
    states: Option<(Instant, States)>,
}

/// All contacts that go on.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// Those with an agent.
    pub(super) seen: Vec<Seen>,
    /// The ids of all; `None` where not all of them were read.
    pub(super) all: Option<HashSet<String>>,
}

impl Active {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, due: Instant::now(), patience: 1, states: None }
    }

    /// Asks for all of them. Next time is later where that failed: the ends of calls do not depend on it.
    pub(super) async fn ask(&mut self, api: &Api, media_types: &[u32], top: usize) -> Result<Snapshot> {
        let found = self.snapshot(api, media_types, top).await;
        self.patience = if found.is_ok() { 1 } else { (self.patience * 2).min(MOST_PATIENT) };
        self.due = Instant::now() + self.every * self.patience;
        found
    }

    async fn snapshot(&mut self, api: &Api, media_types: &[u32], top: usize) -> Result<Snapshot> {
        let is_fresh = self.states.as_ref().is_some_and(|(read, _)| read.elapsed() < STATES_EVERY);
        if !is_fresh {
            let described = api.state_descriptions(Priority::Live).await?;
            self.states = Some((Instant::now(), States::read(described)));
        }
        let states = self.states.as_ref().map(|(_, states)| states);
        let (mut snapshot, mut all, mut skip) = (Snapshot::default(), HashSet::new(), Some(0));
        for _ in 0..MOST_PAGES {
            let Some(from) = skip else { break };
            let page = api.active(media_types, (from, top), Priority::Live).await?;
            for contact in page.rows.iter().filter_map(|raw| wire::row::<ActiveContact>(raw)) {
                if counts(media_types, contact.media_type_id.or(contact.old_media_type_id)) {
                    all.extend(contact.contact_id.clone());
                    snapshot.seen.extend(states.and_then(|states| seen(contact, states)));
                }
            }
            skip = page.next_distinct_skip(from, top);
        }
        snapshot.all = skip.is_none().then_some(all);
        Ok(snapshot)
    }
}

/// A contact with an agent. As long as there is none, nothing happens that anybody wants to hear.
fn seen(contact: ActiveContact, states: &States) -> Option<Seen> {
    let agent = AgentRef::default().with_id(contact.agent_id.as_deref()?);
    let name = full_name(contact.first_name.as_deref(), contact.last_name.as_deref());
    let (id, name_of_state) = (contact.state_id.as_deref(), contact.state_name.as_deref());
    Some(Seen {
        phase: states.phase(id, name_of_state, contact.contact_state_category.as_deref()),
        master: contact.master_contact_id.or_else(|| contact.contact_id.clone())?,
        contact: contact.contact_id?,
        agent: name.into_iter().fold(agent, AgentRef::with_name),
        since: contact.last_update_time,
        answered: contact.agent_start_date,
    })
}
