//! Who is to be heard, and when to find out again.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::AgentRef;

/// Whoever is no longer watched is heard until their call is over; this often it is seen whether it is.
const LINGER: TimeDelta = TimeDelta::seconds(30);

/// So often the directory is asked again: somebody may have come.
const LOOK_EVERY: TimeDelta = TimeDelta::hours(1);

/// Who is to be heard, as the directory knows them. Whoever has no id has no topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    /// Whether it is everybody, also whoever is not listed.
    pub(crate) everyone: bool,
    pub(crate) agents: Vec<AgentRef>,
}

/// Who is heard, as far as it is known.
#[derive(Debug)]
pub(super) struct Watched {
    everyone: bool,
    /// The ids of the people; `None` before the first answer.
    ids: Option<BTreeSet<String>>,
    /// When to ask; `None` while somebody does.
    due: Option<DateTime<Utc>>,
    /// Since when the answer is owed.
    owed: Option<DateTime<Utc>>,
    /// When it changed after it was asked for.
    stale: Option<DateTime<Utc>>,
    attempts: u32,
    /// When to see whether those who are not watched any more have ended their calls.
    linger: Option<DateTime<Utc>>,
}

impl Watched {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { everyone: false, ids: None, due: Some(now), owed: None, stale: None, attempts: 0, linger: None }
    }

    /// Whether to ask now.
    pub(super) fn look(&mut self, now: DateTime<Utc>) -> bool {
        let is_due = self.due.take_if(|due| *due <= now).is_some();
        if is_due {
            self.owed.get_or_insert(now);
        }
        is_due
    }

    /// They have changed.
    pub(super) fn change(&mut self, now: DateTime<Utc>) {
        let is_asked = self.due.is_none();
        if is_asked { &mut self.stale } else { &mut self.owed }.get_or_insert(now);
        self.due = self.due.map(|due| due.min(now));
    }

    /// Takes in who they are. Whoever is new is wanted since the time that is returned.
    pub(super) fn know(&mut self, people: People, now: DateTime<Utc>) -> DateTime<Utc> {
        self.everyone = people.everyone;
        self.ids = Some(people.agents.into_iter().filter_map(|who| who.id).collect());
        self.attempts = 0;
        self.due = Some(if self.stale.is_some() { now } else { now + LOOK_EVERY });
        std::mem::replace(&mut self.owed, self.stale.take()).unwrap_or(now)
    }

    pub(super) fn failed(&mut self, again: DateTime<Utc>) {
        self.attempts = self.attempts.saturating_add(1);
        self.due = Some(again);
        self.owed = self.owed.into_iter().chain(self.stale.take()).min();
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn is_known(&self) -> bool {
        self.ids.is_some()
    }

    /// Whether somebody's calls are to be told.
    pub(super) fn covers(&self) -> impl Fn(&AgentRef) -> bool {
        move |who| {
            self.everyone || who.id.as_ref().is_some_and(|id| self.ids.as_ref().is_some_and(|ids| ids.contains(id)))
        }
    }

    /// Whose topics are to be heard: those of the people watched, and of those who were and are still in a call.
    pub(super) fn wanted<'a>(
        &mut self,
        heard: impl Iterator<Item = &'a BTreeSet<String>>,
        busy: &BTreeSet<&str>,
        now: DateTime<Utc>,
    ) -> BTreeSet<String> {
        let ids = self.ids.clone().unwrap_or_default();
        let lingers = |id: &&String| !ids.contains(*id) && busy.contains(id.as_str());
        let lingering: Vec<String> = heard.flatten().filter(lingers).cloned().collect();
        self.linger = (!lingering.is_empty()).then_some(now + LINGER);
        ids.into_iter().chain(lingering).collect()
    }

    pub(super) fn is_lingering_over(&self, now: DateTime<Utc>) -> bool {
        self.linger.is_some_and(|due| due <= now)
    }

    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        self.due.into_iter().chain(self.linger).min()
    }
}
