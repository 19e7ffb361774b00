//! What lies in the folder, grouped by stem, and what is to be looked at next. No I/O.

mod stems;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_folder::{FolderPath, Settled, Settling, Version, is_temporary};

use super::pairing::Wait;
use super::record::Record;
use crate::files::File;
use crate::split_extension;

/// The first pause after something failed; it doubles each time.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// Names that cannot be read are told of up to this number.
const UNREADABLE: usize = 1000;

/// The files that are there, and how far each stem has come.
///
/// It is told what is seen ([`saw`](Self::saw), [`gone`](Self::gone)), said ([`closed`](Self::closed),
/// [`written`](Self::written)) and remembered ([`recall`](Self::recall)), and tells which stems can be decided now.
/// Memory is proportional to the files in the folder, of which it takes in `capacity` at most.
#[derive(Debug)]
pub(crate) struct Inbox {
    settling: Settling,
    /// Files show only once they are complete, so that nothing has to settle.
    appears_whole: bool,
    capacity: usize,
    files: usize,
    turned_away: usize,
    unreadable: usize,
    stems: BTreeMap<String, Stem>,
    /// Stems of which the ledger has to be asked.
    unknown: BTreeSet<String>,
    /// Stems of which something changed since they were decided.
    changed: BTreeSet<String>,
    /// Files that may still grow, and when to look at them again.
    growing: HashMap<FolderPath, DateTime<Utc>>,
    /// Files seen by the listing that is under way.
    listed: Option<BTreeSet<FolderPath>>,
}

/// The files of one stem.
#[derive(Debug, Default)]
struct Stem {
    files: Vec<File>,
    /// The masked name of a file that cannot be spoken of. Such a stem has no files.
    unreadable: Option<String>,
    /// What the ledger remembers; `None` until it was asked.
    record: Option<Record>,
    /// Handed on, and neither accepted nor refused yet.
    in_flight: bool,
    /// Not to be offered again before this time.
    not_before: Option<DateTime<Utc>>,
    /// How many times in a row something failed.
    failures: u32,
    waits: Option<Wait>,
}

impl Inbox {
    pub(crate) fn new(settle: Duration, capacity: usize) -> Self {
        Self {
            settling: Settling::new(settle),
            appears_whole: false,
            capacity,
            files: 0,
            turned_away: 0,
            unreadable: 0,
            stems: BTreeMap::new(),
            unknown: BTreeSet::new(),
            changed: BTreeSet::new(),
            growing: HashMap::new(),
            listed: None,
        }
    }

    /// The same inbox of a folder in which files show only once they are complete.
    pub(crate) fn where_files_appear_whole(mut self, appears_whole: bool) -> Self {
        self.appears_whole = appears_whole;
        self
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
            self.settling.forget(&path);
            self.growing.remove(&path);
            return false;
        }
        let known = known.filter(|known| known.version == version);
        let (is_new, first_seen) = (known.is_none(), known.map_or(now, |known| known.first_seen));
        let (whole, quiet) = self.has_settled(now, &path, &version);
        self.put(stem_name, File { path, version, first_seen, whole, quiet });
        is_new
    }

    /// Whether a file is whole, and whether it was unchanged for the settle time; until then it is looked at again.
    fn has_settled(&mut self, now: DateTime<Utc>, path: &FolderPath, version: &Version) -> (bool, bool) {
        if self.appears_whole {
            self.growing.remove(path);
            return (true, true);
        }
        let settled = self.settling.observe(now, path, version);
        let quiet = self.settling.is_quiet(path);
        let again = match settled {
            Settled::Until(until) => Some(until),
            Settled::Whole if !quiet => self.settling.quiet_at(path),
            Settled::Whole => None,
        };
        match again {
            Some(time) => self.growing.insert(path.clone(), time),
            None => self.growing.remove(path),
        };
        (settled == Settled::Whole, quiet)
    }

    fn put(&mut self, stem_name: String, file: File) {
        let stem = self.stem(&stem_name);
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

    fn stem(&mut self, name: &str) -> &mut Stem {
        if !self.stems.contains_key(name) {
            self.unknown.insert(name.to_owned());
        }
        self.stems.entry(name.to_owned()).or_default()
    }

    /// A file was seen whose name cannot be read; `about` is the name, masked.
    pub(crate) fn saw_unreadable(&mut self, about: String) {
        // No stem holds a slash.
        let name = format!("unreadable/{about}");
        if self.unreadable < UNREADABLE && !self.stems.contains_key(&name) {
            self.unreadable += 1;
            self.stem(&name).unreadable = Some(about);
            self.changed.insert(name);
        }
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
        if before > stem.files.len() {
            self.changed.insert(stem_name.to_owned());
        }
        self.drop_if_empty(stem_name);
    }

    fn drop_if_empty(&mut self, name: &str) {
        let empty = |stem: &Stem| stem.files.is_empty() && stem.unreadable.is_none() && !stem.in_flight;
        if self.stems.get(name).is_some_and(empty) {
            self.stems.remove(name);
            self.changed.remove(name);
            self.unknown.remove(name);
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
            (file.whole, file.quiet) = (false, false);
            self.growing.insert(path.clone(), now + PAUSE);
        }
    }

    /// Files that have to be looked at again by now.
    pub(crate) fn to_look_at(&self, now: DateTime<Utc>) -> Vec<FolderPath> {
        self.growing.iter().filter(|(_, until)| **until <= now).map(|(path, _)| path.clone()).collect()
    }

    /// Looking at a file failed: it is tried again at this time.
    pub(crate) fn look_again(&mut self, path: FolderPath, time: DateTime<Utc>) {
        self.growing.insert(path, time);
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
}

/// What files that belong together have in common: the name without what follows its last dot.
fn stem_of(path: &FolderPath) -> &str {
    let name = path.name();
    split_extension(name).map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests;
