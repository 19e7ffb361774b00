//! All calls that are followed: by their ids, by when something is to be done about them, and by when they began.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::call::Call;
use super::limits::Limits;

/// Where a call stands in an order.
type Place = (DateTime<Utc>, Arc<str>);

/// A call is changed through here alone, so that it is found in its place again however many there are.
#[derive(Debug, Default)]
pub(super) struct Calls {
    all: BTreeMap<Arc<str>, Call>,
    /// All, by when there is something to do about them.
    dues: BTreeSet<Place>,
    /// Those that go on, by when they began.
    open: BTreeSet<Place>,
}

impl Calls {
    pub(super) fn get(&self, id: &str) -> Option<&Call> {
        self.all.get(id)
    }

    /// How many there are, with those that are over.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that go on, the oldest first.
    pub(super) fn open(&self) -> impl ExactSizeIterator<Item = &Place> {
        self.open.iter()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Call)> {
        self.all.iter()
    }

    /// When there is something to do about the first of them.
    pub(super) fn first_due(&self) -> Option<DateTime<Utc>> {
        self.dues.first().map(|(due, _)| *due)
    }

    /// Those about which there is something to do by now.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Vec<Arc<str>> {
        self.dues.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| id.clone()).collect()
    }

    pub(super) fn insert(&mut self, id: &str, call: Call, limits: &Limits) {
        let id: Arc<str> = id.into();
        self.place(&id, &call, limits);
        self.all.insert(id, call);
    }

    /// Lets something happen to a call, if it is known.
    pub(super) fn change(&mut self, id: &str, limits: &Limits, change: impl FnOnce(&mut Call)) -> bool {
        let Some((id, mut call)) = self.all.remove_entry(id) else { return false };
        self.displace(&id, &call, limits);
        change(&mut call);
        self.place(&id, &call, limits);
        self.all.insert(id, call);
        true
    }

    pub(super) fn remove(&mut self, id: &str, limits: &Limits) {
        if let Some((id, call)) = self.all.remove_entry(id) {
            self.displace(&id, &call, limits);
        }
    }

    fn place(&mut self, id: &Arc<str>, call: &Call, limits: &Limits) {
        self.dues.insert((call.due(limits), id.clone()));
        if !call.is_done() {
            self.open.insert((call.began(), id.clone()));
        }
    }

    fn displace(&mut self, id: &Arc<str>, call: &Call, limits: &Limits) {
        self.dues.remove(&(call.due(limits), id.clone()));
        self.open.remove(&(call.began(), id.clone()));
    }
}
