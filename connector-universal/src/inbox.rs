//! What lies in the folder, grouped by stem, and what is to be looked at next. No I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_folder::{FolderPath, Settled, Settling, Version, is_temporary};

use crate::pairing::{Decision, File, Rules, Wait, decide};
use crate::record::{Mark, Record};
use crate::split_extension;

/// The files that are there, and how far each stem has come.
///
/// It is told what is seen ([`saw`](Self::saw), [`gone`](Self::gone)), said ([`closed`](Self::closed),
/// [`written`](Self::written)) and remembered ([`recall`](Self::recall)), and tells which stems can be decided now.
/// Memory is proportional to the files in the folder, of which it takes in `capacity` at most.
#[derive(Debug)]
pub(crate) struct Inbox {
    settling: Settling,
    capacity: usize,
    files: usize,
    turned_away: usize,
    stems: BTreeMap<String, Stem>,
    /// Stems of which something changed since they were decided.
    changed: BTreeSet<String>,
    /// Files that may still grow, and when to look at them again.
    growing: HashMap<FolderPath, DateTime<Utc>>,
    /// Files seen by the listing that is under way.
    listed: Option<BTreeSet<FolderPath>>,
}

/// The files of one stem.
#[derive(Debug)]
struct Stem {
    files: Vec<File>,
    /// What the ledger remembers; `None` until it was asked.
    record: Option<Record>,
    first_seen: DateTime<Utc>,
    /// Handed on, and neither accepted nor refused yet.
    in_flight: bool,
    /// Not to be offered again before this time.
    not_before: Option<DateTime<Utc>>,
    waits: Option<Wait>,
    /// The sidecar that was found to lack required fields: not to be read again in this version.
    incomplete: Option<Mark>,
}

impl Inbox {
    pub(crate) fn new(settle: Duration, capacity: usize) -> Self {
        Self {
            settling: Settling::new(settle),
            capacity,
            files: 0,
            turned_away: 0,
            stems: BTreeMap::new(),
            changed: BTreeSet::new(),
            growing: HashMap::new(),
            listed: None,
        }
    }

    /// A listing of the whole folder begins.
    pub(crate) fn listing_begins(&mut self) {
        self.listed = Some(BTreeSet::new());
        self.turned_away = 0;
    }

    /// The listing ended well: what it did not show is gone.
    pub(crate) fn listing_ended(&mut self) {
        let Some(listed) = self.listed.take() else { return };
        let known = self.stems.values().flat_map(|stem| &stem.files).map(|file| &file.path);
        let vanished: Vec<FolderPath> = known.filter(|path| !listed.contains(*path)).cloned().collect();
        vanished.iter().for_each(|path| self.gone(path));
    }

    /// How many files did not fit in the last listing.
    pub(crate) fn turned_away(&self) -> usize {
        self.turned_away
    }

    /// A file was seen in this version. Returns whether it was new or had changed.
    pub(crate) fn saw(&mut self, now: DateTime<Utc>, path: FolderPath, version: Version) -> bool {
        if is_temporary(path.name()) {
            return false;
        }
        if let Some(listed) = &mut self.listed {
            listed.insert(path.clone());
        }
        let stem_name = stem_of(&path).to_owned();
        let known = self.stems.get(&stem_name).and_then(|stem| stem.files.iter().find(|file| file.path == path));
        if known.is_none() && self.files >= self.capacity {
            self.turned_away += 1;
            return false;
        }
        let is_new = known.is_none_or(|known| known.version != version);
        let since = known.filter(|known| !is_new && known.whole.is_some()).and_then(|known| known.whole);
        let settled = self.settling.observe(now, &path, &version);
        match settled {
            Settled::Whole => drop(self.growing.remove(&path)),
            Settled::Until(until) => drop(self.growing.insert(path.clone(), until)),
        }
        let whole = (settled == Settled::Whole).then(|| since.unwrap_or(now));
        let quiet = self.settling.is_quiet(&path);
        if whole.is_some() && !quiet {
            self.growing.insert(path.clone(), self.settling.quiet_at(&path).unwrap_or(now));
        }
        self.put(now, stem_name, File { path, version, whole, quiet });
        is_new
    }

    fn put(&mut self, now: DateTime<Utc>, stem_name: String, file: File) {
        let stem = self.stems.entry(stem_name.clone()).or_insert_with(|| Stem::new(now));
        match stem.files.iter_mut().find(|known| known.path == file.path) {
            Some(known) if *known == file => return,
            Some(known) => *known = file,
            None => {
                stem.files.push(file);
                self.files += 1;
            }
        }
        self.changed.insert(stem_name);
    }

    /// A file is not there any more.
    pub(crate) fn gone(&mut self, path: &FolderPath) {
        self.settling.forget(path);
        self.growing.remove(path);
        let stem_name = stem_of(path);
        let Some(stem) = self.stems.get_mut(stem_name) else { return };
        let before = stem.files.len();
        stem.files.retain(|file| file.path != *path);
        self.files -= before - stem.files.len();
        if stem.files.is_empty() && !stem.in_flight {
            self.stems.remove(stem_name);
            self.changed.remove(stem_name);
        } else if before > stem.files.len() {
            self.changed.insert(stem_name.to_owned());
        }
    }

    /// Word that a file is whole: it holds for what is seen next, so it is to be looked at now.
    pub(crate) fn closed(&mut self, now: DateTime<Utc>, path: FolderPath) {
        if !is_temporary(path.name()) {
            self.settling.closed(&path);
            self.growing.insert(path, now);
        }
    }

    /// Word that somebody writes to a file.
    pub(crate) fn written(&mut self, now: DateTime<Utc>, path: &FolderPath) {
        self.settling.written(path);
        let Some(stem) = self.stems.get_mut(stem_of(path)) else { return };
        if let Some(file) = stem.files.iter_mut().find(|file| file.path == *path) {
            (file.whole, file.quiet) = (None, false);
            self.growing.insert(path.clone(), now + TimeDelta::seconds(1));
        }
    }

    /// Files that have to be looked at again by now.
    pub(crate) fn to_look_at(&self, now: DateTime<Utc>) -> Vec<FolderPath> {
        self.growing.iter().filter(|(_, until)| **until <= now).map(|(path, _)| path.clone()).collect()
    }

    /// When there is something to look at or to decide, if nothing else happens.
    pub(crate) fn next_wake(&self) -> Option<DateTime<Utc>> {
        let growing = self.growing.values().copied().min();
        let stems = self.stems.values().filter_map(|stem| match (stem.not_before, stem.waits) {
            (Some(time), _) | (None, Some(Wait::MetadataUntil(time))) => Some(time),
            _ => None,
        });
        stems.chain(growing).min()
    }

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
        let unknown = |name: &&String| self.stems.get(*name).is_some_and(|stem| stem.record.is_none());
        self.changed.iter().filter(unknown).take(limit).cloned().collect()
    }

    /// What the ledger remembers of a stem.
    pub(crate) fn recall(&mut self, name: &str, record: Record) {
        if let Some(stem) = self.stems.get_mut(name) {
            stem.first_seen = record.first_seen.unwrap_or(stem.first_seen);
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

    /// Nothing more is to be done about a stem until something changes.
    pub(crate) fn decided(&mut self, name: &str) {
        self.changed.remove(name);
    }

    /// A stem was handed on.
    pub(crate) fn hand_on(&mut self, name: &str) {
        self.changed.remove(name);
        if let Some(stem) = self.stems.get_mut(name) {
            (stem.in_flight, stem.waits) = (true, None);
        }
    }

    /// A stem waits after all.
    pub(crate) fn wait(&mut self, name: &str, wait: Wait, sidecar: &File) {
        self.changed.remove(name);
        if let Some(stem) = self.stems.get_mut(name) {
            stem.waits = Some(wait);
            if wait == Wait::RequiredFields {
                stem.incomplete = Some(sidecar.mark());
            }
        }
    }

    /// A stem is not to be looked at before this time: something failed.
    pub(crate) fn put_off(&mut self, name: &str, until: DateTime<Utc>) {
        if let Some(stem) = self.stems.get_mut(name) {
            stem.not_before = Some(until);
        }
    }

    /// What was handed on was accepted, and this is remembered now.
    pub(crate) fn accepted(&mut self, name: &str, record: Record) {
        let Some(stem) = self.stems.get_mut(name) else { return };
        (stem.in_flight, stem.record) = (false, Some(record));
        if stem.files.is_empty() {
            self.stems.remove(name);
        } else {
            self.changed.insert(name.to_owned());
        }
    }

    /// What was handed on was refused: it is offered again at this time.
    pub(crate) fn refused(&mut self, name: &str, again: DateTime<Utc>) {
        let Some(stem) = self.stems.get_mut(name) else { return };
        (stem.in_flight, stem.not_before) = (false, Some(again));
        if stem.files.is_empty() {
            self.stems.remove(name);
        } else {
            self.changed.insert(name.to_owned());
        }
    }

    /// How many recordings wait for their metadata, and since when the oldest does.
    pub(crate) fn waiting_for_metadata(&self) -> Option<(usize, DateTime<Utc>)> {
        let waits = |stem: &&Stem| matches!(stem.waits, Some(Wait::Metadata | Wait::RequiredFields));
        let waiting = || self.stems.values().filter(waits);
        waiting().map(|stem| stem.first_seen).min().map(|oldest| (waiting().count(), oldest))
    }

    /// The stems that wait for a counterpart, with the time they were seen first and their files.
    pub(crate) fn unpaired(&self) -> impl Iterator<Item = (&String, &Record, DateTime<Utc>, Vec<Mark>)> {
        let unpaired = |stem: &Stem| {
            let waits = matches!(stem.waits, Some(Wait::Metadata | Wait::Recording | Wait::RequiredFields));
            waits.then(|| stem.files.iter().map(File::mark).collect())
        };
        self.stems
            .iter()
            .filter_map(move |(name, stem)| Some((name, stem.record.as_ref()?, stem.first_seen, unpaired(stem)?)))
    }

    /// The stems that lie there and are remembered.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (&String, &Record)> {
        let known = |record: &&Record| **record != Record::default();
        self.stems.iter().filter_map(move |(name, stem)| Some((name, stem.record.as_ref().filter(known)?)))
    }
}

impl Stem {
    fn new(now: DateTime<Utc>) -> Self {
        Self {
            files: Vec::new(),
            record: None,
            first_seen: now,
            in_flight: false,
            not_before: None,
            waits: None,
            incomplete: None,
        }
    }

    fn decide(&self, rules: &Rules, now: DateTime<Utc>, record: &Record) -> Decision {
        match decide(rules, now, self.first_seen, &self.files, record) {
            Decision::Read { sidecar, .. } if self.incomplete.as_ref() == Some(&sidecar.mark()) => {
                Decision::Wait(Wait::RequiredFields)
            }
            decision => decision,
        }
    }
}

/// What files that belong together have in common: the name without what follows its last dot.
fn stem_of(path: &FolderPath) -> &str {
    let name = path.name();
    split_extension(name).map_or(name, |(stem, _)| stem)
}
