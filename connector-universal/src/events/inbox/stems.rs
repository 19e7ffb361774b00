//! How far each stem has come, and what is to be done about it.

use chrono::{DateTime, Utc};

use super::super::pairing::{Decision, Rules, Wait, decide};
use super::super::record::{Record, Sight};
use super::{Inbox, PAUSE, Stem};
use crate::files::{File, Mark};

/// How often it doubles at most: to about a minute.
const DOUBLINGS: u32 = 6;

impl Inbox {
    /// Puts stems that waited for a time up for decision, now that it has come.
    pub(crate) fn time_passed(&mut self, now: DateTime<Utc>) {
        for (name, stem) in &mut self.stems {
            let grace_over = matches!(stem.waits, Some(Wait::MetadataUntil(until)) if until <= now);
            if stem.not_before.take_if(|time| *time <= now).is_some() || grace_over {
                self.changed.insert(name.clone());
            }
        }
    }

    /// Puts every stem up for decision.
    pub(crate) fn reconsider(&mut self) {
        self.changed = self.stems.keys().cloned().collect();
    }

    /// Up to `limit` stems of which the ledger has to be asked before they can be decided.
    pub(crate) fn unknown(&self, limit: usize) -> Vec<String> {
        self.unknown.iter().take(limit).cloned().collect()
    }

    /// What the ledger remembers of a stem.
    pub(crate) fn recall(&mut self, name: &str, record: Record) {
        self.unknown.remove(name);
        if let Some(stem) = self.stems.get_mut(name) {
            stem.record = Some(record);
        }
    }

    /// The next stem with something to be done, what is remembered of it, and what is to be done.
    pub(crate) fn next_ready(&mut self, rules: &Rules, now: DateTime<Utc>) -> Option<(String, Record, Decision)> {
        let mut settled = Vec::new();
        let mut found = None;
        for name in &self.changed {
            let Some(stem) = self.stems.get_mut(name) else {
                settled.push(name.clone());
                continue;
            };
            let Some(record) = stem.record.as_ref().filter(|_| !stem.in_flight && stem.not_before.is_none()) else {
                continue;
            };
            match stem.decide(rules, now, record) {
                Decision::Rest => stem.waits = None,
                Decision::Wait(wait) => stem.waits = Some(wait),
                decision => {
                    found = Some((name.clone(), record.clone(), decision));
                    break;
                }
            }
            settled.push(name.clone());
        }
        for name in settled {
            self.changed.remove(&name);
        }
        found
    }

    /// The files of a stem, as they were seen last.
    pub(crate) fn files_of(&self, name: &str) -> Vec<Mark> {
        self.stems.get(name).map(|stem| stem.files.iter().map(File::mark).collect()).unwrap_or_default()
    }

    /// Nothing more is to be done about a stem until something changes.
    pub(crate) fn decided(&mut self, name: &str) {
        self.changed.remove(name);
    }

    /// A stem was handed on.
    pub(crate) fn hand_on(&mut self, name: &str) {
        self.changed.remove(name);
        if let Some(stem) = self.stems.get_mut(name) {
            (stem.in_flight, stem.waits, stem.failures) = (true, None, 0);
        }
    }

    /// A stem waits after all.
    pub(crate) fn wait(&mut self, name: &str, wait: Wait) {
        self.changed.remove(name);
        if let Some(stem) = self.stems.get_mut(name) {
            (stem.waits, stem.failures) = (Some(wait), 0);
        }
    }

    /// Something failed: the stem is not to be looked at for a while, which is longer each time.
    pub(crate) fn put_off(&mut self, name: &str, now: DateTime<Utc>) {
        if let Some(stem) = self.stems.get_mut(name) {
            stem.not_before = Some(now + PAUSE * (1 << stem.failures.min(DOUBLINGS)));
            stem.failures += 1;
        }
    }

    /// What was handed on was accepted, and this is remembered now.
    pub(crate) fn accepted(&mut self, name: &str, record: Record) {
        if let Some(stem) = self.stems.get_mut(name) {
            (stem.in_flight, stem.record) = (false, Some(record));
            self.changed.insert(name.to_owned());
            self.drop_if_empty(name);
        }
    }

    /// What was handed on was refused: it is offered again after a pause.
    pub(crate) fn refused(&mut self, name: &str, now: DateTime<Utc>) {
        if let Some(stem) = self.stems.get_mut(name) {
            (stem.in_flight, stem.not_before) = (false, Some(now + PAUSE));
            self.changed.insert(name.to_owned());
            self.drop_if_empty(name);
        }
    }

    /// How many recordings wait for their metadata, and since when the oldest does.
    pub(crate) fn waiting_for_metadata(&self) -> Option<(usize, DateTime<Utc>)> {
        let waits = |stem: &&Stem| matches!(stem.waits, Some(Wait::Metadata | Wait::RequiredFields));
        let since = |stem: &Stem| stem.files.iter().map(|file| stem.sight(file).at).min();
        let waiting: Vec<_> = self.stems.values().filter(waits).filter_map(since).collect();
        waiting.iter().min().map(|oldest| (waiting.len(), *oldest))
    }

    /// The stems that wait for a counterpart, with what is remembered of them and since when each file has been there.
    pub(crate) fn unpaired(&self) -> impl Iterator<Item = (&String, &Record, Vec<Sight>)> {
        let waits = |stem: &Stem| matches!(stem.waits, Some(Wait::Metadata | Wait::Recording | Wait::RequiredFields));
        // One that changed is to be decided first: its counterpart may have come.
        let unpaired = self.stems.iter().filter(move |(name, stem)| waits(stem) && !self.changed.contains(*name));
        unpaired.filter_map(|(name, stem)| {
            Some((name, stem.record.as_ref()?, stem.files.iter().map(|file| stem.sight(file)).collect()))
        })
    }

    /// The stems that lie there and are remembered. What is in flight is about to be remembered anew.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (&String, &Record)> {
        let known = |record: &&Record| **record != Record::default();
        let resting = self.stems.iter().filter(|(_, stem)| !stem.in_flight);
        resting.filter_map(move |(name, stem)| Some((name, stem.record.as_ref().filter(known)?)))
    }
}

impl Stem {
    fn decide(&self, rules: &Rules, now: DateTime<Utc>, record: &Record) -> Decision {
        if let Some(about) = &self.unreadable {
            return if record.reported { Decision::Rest } else { Decision::Report(about.clone()) };
        }
        decide(rules, now, &self.files, record)
    }

    /// When a file was seen first, by this run or an earlier one.
    fn sight(&self, file: &File) -> Sight {
        let mark = file.mark();
        let earlier = self.record.iter().flat_map(|record| &record.sights).find(|sight| sight.mark == mark);
        Sight { at: earlier.map_or(file.first_seen, |sight| sight.at.min(file.first_seen)), mark }
    }
}
