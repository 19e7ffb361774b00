//! What to make of the pages of completed contacts: a state machine without a clock and without a wire.
//!
//! Each sweep asks for all that changed since the last one, reaching back by the overlap. What was told already is known by
//! contact and version. A call is over when all of its contacts are; until then it is kept open, and so is the position.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{AgentRef, Cursor, Item, Rejected, Stamp};
use serde::{Deserialize, Serialize};

use super::hints::Standing;
use super::items::{changed, ended};
use crate::api::pages::{Changes, ContactPage};
use crate::conversation::{agent, revision, updated};
use crate::wire::contacts::{Contact, Hierarchy};

/// How long a contact is remembered after it changed last, so that a later change is told as one.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// So many contacts are remembered at most.
const MOST_REMEMBERED: usize = 200_000;

/// A call of which some contact never seems to end is over after this time.
const LONGEST_CALL: TimeDelta = TimeDelta::hours(4);

/// A position, as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    since: DateTime<Utc>,
}

/// Where a stored position points; `None` when it cannot be read.
pub(super) fn position(cursor: &Cursor) -> Option<DateTime<Utc>> {
    serde_json::from_str(cursor.as_str()).ok().filter(|stored: &Stored| stored.v == 1).map(|stored| stored.since)
}

/// What is known and what is owed.
#[derive(Debug)]
pub(super) struct Poller {
    overlap: TimeDelta,
    /// Everything that changed before this was handed over.
    since: DateTime<Utc>,
    /// The first sweep without a stored position only notes what is there.
    is_new: bool,
    /// The first sweep cannot tell what was told before.
    is_first: bool,
    sweep: Sweep,
    /// By contact id, or by the hash of a row that cannot be read.
    known: HashMap<String, Known>,
    open: BTreeMap<String, Open>,
    handed: BTreeMap<u64, Handed>,
    deliveries: u64,
}

/// One walk through the pages.
#[derive(Debug, Default)]
struct Sweep {
    /// Where it goes on; `None` at its beginning.
    place: Option<Changes>,
    /// What time it was at the vendor when it began.
    began: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Known {
    version: String,
    at: DateTime<Utc>,
}

/// A call that goes on, and its contacts that are over.
#[derive(Debug)]
struct Open {
    contacts: Vec<Contact>,
    low: DateTime<Utc>,
}

/// A delivery that nobody accepted yet.
#[derive(Debug)]
struct Handed {
    low: DateTime<Utc>,
    keys: Vec<String>,
}

/// What a page brings, before anything is noted: what follows may fail, and then it never happened.
#[derive(Debug)]
pub(super) struct Plan {
    fresh: Vec<Fresh>,
    rejected: Vec<(String, Rejected)>,
    /// The calls of which has to be found out whether they are over.
    pub(super) confirm: BTreeSet<String>,
    /// Where the sweep goes on; `None` where the page was its last one.
    next: Option<Changes>,
    date: DateTime<Utc>,
}

#[derive(Debug)]
struct Fresh {
    contact: Contact,
    id: String,
    version: String,
    at: DateTime<Utc>,
    is_known: bool,
    is_late: bool,
}

/// Whether a call is over, and the contacts that are known of it.
#[derive(Debug)]
pub(super) enum Verdict {
    GoesOn,
    Over { end: Option<Stamp>, contacts: Vec<Contact> },
}

impl Verdict {
    /// The contacts of a call that is over.
    pub(super) fn contacts(&self) -> &[Contact] {
        match self {
            Self::Over { contacts, .. } => contacts,
            Self::GoesOn => &[],
        }
    }
}

/// Something to hand over.
#[derive(Debug)]
pub(super) struct Handover {
    pub(super) id: u64,
    pub(super) items: Vec<Item>,
    pub(super) cursor: Cursor,
    /// Whether this was the last page of a sweep.
    pub(super) is_swept: bool,
}

impl Poller {
    pub(super) fn new(from: Option<DateTime<Utc>>, now: DateTime<Utc>, overlap: TimeDelta) -> Self {
        Self {
            overlap,
            since: from.unwrap_or(now),
            is_new: from.is_none(),
            is_first: true,
            sweep: Sweep::default(),
            known: HashMap::new(),
            open: BTreeMap::new(),
            handed: BTreeMap::new(),
            deliveries: 0,
        }
    }

    pub(super) fn standing(&self, contact: &str) -> Standing {
        if !self.known.contains_key(contact) {
            return Standing::Unknown;
        }
        match self.handed.values().any(|handed| handed.keys.iter().any(|key| key == contact)) {
            true => Standing::Owed,
            false => Standing::Safe,
        }
    }

    /// What to ask for: changes since a time, from a row on.
    pub(super) fn question(&self) -> (DateTime<Utc>, usize) {
        let place = self.place();
        (place.since, place.at.skip())
    }

    fn place(&self) -> Changes {
        self.sweep.place.clone().unwrap_or_else(|| Changes::since(self.since - self.overlap))
    }

    /// What a page brings, by the time at the vendor; it is `asked` where the vendor does not tell.
    pub(super) fn plan(
        &self,
        page: ContactPage,
        asked: DateTime<Utc>,
        covers: impl Fn(Option<&AgentRef>) -> bool,
    ) -> Plan {
        let (next, date) = (self.place().after(&page), page.date.unwrap_or(asked));
        // A row may come twice on a page.
        let mut seen = HashSet::new();
        let fresh = page.contacts.into_iter().filter_map(|contact| self.fresh(contact, date));
        let fresh: Vec<Fresh> = fresh.filter(|fresh| seen.insert((fresh.id.clone(), fresh.version.clone()))).collect();
        let rejected = page.rejected.into_iter().filter(|(name, _)| !self.known.contains_key(name)).collect();
        let mut plan = Plan { fresh, rejected, confirm: BTreeSet::new(), next, date };
        if self.is_new {
            return plan;
        }
        for fresh in &plan.fresh {
            let Some(master) = fresh.contact.master() else { continue };
            if self.open.contains_key(master) || (!fresh.is_known && covers(agent(&fresh.contact).as_ref())) {
                plan.confirm.insert(master.to_owned());
            }
        }
        if plan.next.is_none() {
            plan.confirm.extend(self.open.keys().cloned());
        }
        plan
    }

    fn fresh(&self, contact: Contact, date: DateTime<Utc>) -> Option<Fresh> {
        let id = contact.contact_id.clone()?;
        let at = updated(&contact).unwrap_or(date);
        let said = revision(&contact).map(|revision| revision.fingerprint).unwrap_or_default();
        let version = format!("{}:{said}", at.timestamp_millis());
        let known = self.known.get(&id);
        if known.is_some_and(|known| known.version == version) {
            return None;
        }
        let ended_long_ago = contact.ended().is_some_and(|end| end < self.since - self.overlap - self.overlap);
        let is_late = known.is_none() && (self.is_first || ended_long_ago);
        Some(Fresh { contact, id, version, at, is_known: known.is_some(), is_late })
    }

    /// The contacts of a call that are known to be over.
    fn contacts_of(&self, plan: &Plan, master: &str) -> Vec<Contact> {
        let mut contacts = self.open.get(master).map(|open| open.contacts.clone()).unwrap_or_default();
        for fresh in plan.fresh.iter().filter(|fresh| fresh.contact.master() == Some(master)) {
            contacts.retain(|known| known.contact_id.as_ref() != Some(&fresh.id));
            contacts.push(fresh.contact.clone());
        }
        contacts
    }

    /// Whether a call is over, by what the vendor says of its contacts.
    pub(super) fn judge(&self, plan: &Plan, master: &str, family: Option<&Hierarchy>) -> Verdict {
        let contacts = self.contacts_of(plan, master);
        let row_of = |id: &str| contacts.iter().find(|contact| contact.contact_id.as_deref() == Some(id));
        let children = family.map(|family| family.child_contacts.as_slice()).unwrap_or_default();
        let goes_on = children.iter().any(|child| {
            child.end_time.is_none()
                && child.contact_id.as_deref().is_some_and(|id| row_of(id).is_none() && !self.known.contains_key(id))
        });
        let too_long = self.open.get(master).is_some_and(|open| plan.date - open.low > LONGEST_CALL);
        if goes_on && !too_long {
            return Verdict::GoesOn;
        }
        // The vendor's own ends where it tells them; an end that is made of start and length may contain the work after
        // the call, so it counts only where there is no other.
        let told = children.iter().filter_map(|child| child.end_time);
        let made = contacts.iter().filter_map(|contact| {
            let told = children.iter().any(|child| child.contact_id == contact.contact_id && child.end_time.is_some());
            (!told).then(|| contact.ended()).flatten()
        });
        let ends = told.map(Stamp::vendor).chain(made.map(Stamp::derived));
        Verdict::Over { end: ends.max_by_key(|stamp| stamp.at), contacts }
    }

    /// Notes down what a page brought; `covers` says whose calls are to be heard.
    pub(super) fn commit(
        &mut self,
        plan: Plan,
        verdicts: Vec<(String, Verdict)>,
        covers: impl Fn(Option<&AgentRef>) -> bool,
    ) -> Handover {
        let Plan { fresh, rejected, next, date, .. } = plan;
        let is_swept = next.is_none();
        let (mut items, mut keys, mut low) = (Vec::new(), Vec::new(), self.since);
        for (key, row) in rejected {
            self.known.insert(key.clone(), Known { version: String::new(), at: date });
            if !self.is_new {
                items.push(Item::Rejected(row));
                keys.push(key);
            }
        }
        for (master, verdict) in verdicts {
            match verdict {
                Verdict::GoesOn => {
                    let contacts: Vec<Contact> = fresh
                        .iter()
                        .map(|fresh| &fresh.contact)
                        .filter(|c| c.master() == Some(&master))
                        .cloned()
                        .collect();
                    let lowest = contacts.iter().filter_map(updated).min().unwrap_or(date);
                    let open = self.open.entry(master).or_insert(Open { contacts: Vec::new(), low: lowest });
                    open.low = open.low.min(lowest);
                    open.contacts.retain(|old| contacts.iter().all(|new| new.contact_id != old.contact_id));
                    open.contacts.extend(contacts);
                }
                Verdict::Over { end, contacts } => {
                    if let Some(open) = self.open.remove(&master) {
                        low = low.min(open.low);
                    }
                    if contacts.iter().any(|contact| covers(agent(contact).as_ref())) {
                        keys.extend(contacts.iter().filter_map(|contact| contact.contact_id.clone()));
                        items.extend(ended(&master, end, contacts, date).map(Item::Event));
                    }
                }
            }
        }
        for Fresh { contact, id, version, at, is_known, is_late } in fresh {
            let is_open = contact.master().is_some_and(|master| self.open.contains_key(master));
            if (is_known || is_late) && !is_open && !self.is_new && covers(agent(&contact).as_ref()) {
                items.extend(changed(&id, &version, at, contact).map(Item::Event));
                keys.push(id.clone());
            }
            self.known.insert(id, Known { version, at });
        }
        self.advance(next, date);
        let cursor = self.cursor();
        self.deliveries += 1;
        let id = self.deliveries;
        if !items.is_empty() {
            self.handed.insert(id, Handed { low, keys });
        }
        Handover { id, items, cursor, is_swept }
    }

    fn advance(&mut self, next: Option<Changes>, date: DateTime<Utc>) {
        let began = *self.sweep.began.get_or_insert(date);
        self.sweep.place = next;
        if self.sweep.place.is_none() {
            // The vendor's time counts: our clock, by which a new poller begins, may be ahead.
            self.since = if self.is_new { began } else { self.since.max(began) };
            (self.is_new, self.is_first, self.sweep) = (false, false, Sweep::default());
            self.forget();
        }
    }

    fn forget(&mut self) {
        let since = self.since;
        self.known.retain(|_, known| known.at > since - REMEMBERED);
        if self.known.len() > MOST_REMEMBERED {
            let needed = since - self.overlap - self.overlap;
            self.known.retain(|_, known| known.at > needed);
        }
    }

    /// Everything older than this was handed over, and accepted as far as we know.
    fn cursor(&self) -> Cursor {
        // What showed late since the sweep began may lie behind the page, but at most by the overlap before that.
        let paged = self.sweep.place.as_ref().map(|place| place.since).min(self.sweep.began).filter(|_| !self.is_new);
        let reached = paged.map_or(self.since, |paged| paged.max(self.since));
        let open = self.open.values().map(|open| open.low);
        let handed = self.handed.values().map(|handed| handed.low);
        let since = open.chain(handed).fold(reached, DateTime::min);
        let words = serde_json::to_string(&Stored { v: 1, since }).expect("a number and a time can be written as JSON");
        Cursor::new(words)
    }

    pub(super) fn accepted(&mut self, delivery: u64) {
        self.handed.remove(&delivery);
    }

    /// What was refused is owed again: the next sweep reaches back to it.
    pub(super) fn refused(&mut self, delivery: u64) {
        let Some(handed) = self.handed.remove(&delivery) else { return };
        for key in &handed.keys {
            self.known.remove(key);
        }
        self.since = self.since.min(handed.low);
        self.sweep = Sweep::default();
    }
}

#[cfg(test)]
mod tests;
