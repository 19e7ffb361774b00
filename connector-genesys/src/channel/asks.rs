//! Which conversations the vendor is being asked about.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Effect;

/// After a question that failed, the same is asked again after this time.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

/// Each conversation is asked about by one request at a time.
#[derive(Debug, Default)]
pub(super) struct Asks {
    /// When to ask again; `None` while a request is on its way.
    open: BTreeMap<String, Option<DateTime<Utc>>>,
}

impl Asks {
    /// Asks about a conversation, unless that is being done.
    pub(super) fn ask(&mut self, id: String, out: &mut Vec<Effect>) {
        let is_asked = self.open.get(&id).is_some_and(Option::is_none);
        if !is_asked {
            self.open.insert(id.clone(), None);
            out.push(Effect::Confirm(id));
        }
    }

    /// There was an answer.
    pub(super) fn done(&mut self, id: &str) {
        self.open.remove(id);
    }

    /// There was none: it is asked again, after this time at least.
    pub(super) fn failed(&mut self, id: &str, wait: Option<TimeDelta>, now: DateTime<Utc>) {
        if let Some(due) = self.open.get_mut(id) {
            *due = Some(now + wait.unwrap_or(AGAIN).max(AGAIN));
        }
    }

    /// Asks again what is due, as far as it still matters.
    pub(super) fn tick(&mut self, now: DateTime<Utc>, matters: impl Fn(&str) -> bool, out: &mut Vec<Effect>) {
        self.open.retain(|id, due| due.is_none() || matters(id));
        for (id, due) in &mut self.open {
            if due.is_some_and(|due| due <= now) {
                *due = None;
                out.push(Effect::Confirm(id.clone()));
            }
        }
    }

    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        self.open.values().flatten().min().copied()
    }
}
