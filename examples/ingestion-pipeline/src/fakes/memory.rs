//! The contract of [`WorkStore`] in the plainest words: everything in vectors, one lock, no durability.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::reconcile::Gaps;
use connector_core::{CallEvent, Cursor, Error, Origin, Outcome, Receipt, Rejected, Result};

use super::Disk;
use crate::call::{Message, StoredCall};
use crate::runs::Run;
use crate::store::WorkStore;
use crate::work::{Batch, Cause, Lease, Recorded, UnsettledRejection, WorkRow, after};

/// A store in memory, whose methods can be made to fail. Clones share it, as processes share a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
pub(super) struct Tables {
    events: BTreeSet<(Origin, String)>,
    pub(super) work: Vec<Work>,
    pub(super) gaps: HashMap<Origin, Gaps>,
    pub(super) runs: Vec<Run>,
    pub(super) calls: BTreeMap<(Origin, String), StoredCall>,
    outbox: Vec<(Message, bool)>,
    dead_letters: Vec<Letter>,
    cursors: HashMap<Origin, Cursor>,
    leases: u64,
    looks: usize,
    failing: HashMap<&'static str, u32>,
    disk: Disk,
    locked: bool,
}

/// What a write takes of the disk.
const ROW: usize = 200;
/// The methods that only read.
const READS: [&str; 9] = [
    "cursor",
    "next_due",
    "call",
    "unpublished",
    "unsettled_rejections",
    "stored",
    "open_gaps",
    "open_run",
    "last_run",
];

#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) row: WorkRow,
    pub(crate) state: State,
    pub(crate) due: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Due,
    Leased { until: DateTime<Utc> },
    Finished,
    GivenUp,
}

#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) origin: Origin,
    pub(crate) what: String,
    pub(crate) reason: String,
    rejected: Option<Rejected>,
    pub(crate) settled: bool,
}

impl MemoryStore {
    /// Makes the next so many calls of a method fail, as a full disk does.
    pub(crate) fn fail(&self, method: &'static str, times: u32) {
        self.look().failing.insert(method, times);
    }

    /// Everything that is written lies on this disk.
    pub(crate) fn put_on(&self, disk: &Disk) {
        self.look().disk = disk.clone();
    }

    /// Lets another program hold the database, or give it back: nothing can be written meanwhile.
    pub(crate) fn lock(&self, locked: bool) {
        self.look().locked = locked;
    }

    /// The greatest number of attempts that is held against a call.
    pub(crate) fn attempts(&self) -> u32 {
        self.look().work.iter().map(|work| work.row.attempts).max().unwrap_or_default()
    }

    /// What is stored of a call of whichever source.
    pub(crate) fn stored(&self, conversation: &str) -> Option<StoredCall> {
        self.look().calls.values().find(|call| call.document.this.id == conversation).cloned()
    }

    pub(crate) fn calls(&self) -> Vec<StoredCall> {
        self.look().calls.values().cloned().collect()
    }

    pub(crate) fn work_of(&self, conversation: &str) -> Work {
        let tables = self.look();
        tables.work.iter().find(|work| work.row.conversation.id == conversation).expect("there is such a row").clone()
    }

    pub(crate) fn all_finished(&self) -> bool {
        self.look().work.iter().all(|work| work.state == State::Finished)
    }

    pub(crate) fn events(&self) -> usize {
        self.look().events.len()
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.look().outbox.iter().map(|(message, _)| message.clone()).collect()
    }

    /// How often somebody looked for work.
    pub(crate) fn looks(&self) -> usize {
        self.look().looks
    }

    pub(crate) fn dead_letters(&self) -> Vec<Letter> {
        self.look().dead_letters.clone()
    }

    fn look(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    /// Makes every leased row due, as at the start of a process.
    pub(crate) fn reclaim(&self) {
        for work in &mut self.look().work {
            if matches!(work.state, State::Leased { .. }) {
                work.state = State::Due;
            }
        }
    }

    /// The runs that were remembered, in the order in which they were saved last.
    pub(crate) fn runs(&self) -> Vec<Run> {
        self.look().runs.clone()
    }

    pub(super) fn open(&self, method: &'static str) -> Result<MutexGuard<'_, Tables>> {
        let mut tables = self.look();
        if !READS.contains(&method) {
            if tables.locked {
                return Err(Error::storage("the database is locked").during(method));
            }
            tables.disk.take(ROW).map_err(|error| error.during(method))?;
        }
        match tables.failing.get_mut(method) {
            Some(times) if *times > 0 => {
                *times -= 1;
                Err(Error::storage("the disk is full").during(method))
            }
            _ => Ok(tables),
        }
    }
}

impl Tables {
    fn leased(&mut self, lease: &Lease) -> Option<&mut Work> {
        let held = |work: &&mut Work| {
            work.row.lease.token == lease.token
                && work.row.lease.row == lease.row
                && matches!(work.state, State::Leased { .. })
        };
        self.work.iter_mut().find(held)
    }

    fn make_work(&mut self, batch: &Batch, event: &CallEvent, cause: Cause, is_new: bool) {
        let id = self.work.len() as i64 + 1;
        let of_call =
            |work: &&mut Work| work.row.origin == batch.origin && work.row.conversation.id == event.conversation.id;
        let Some(work) = self.work.iter_mut().find(of_call) else {
            let row = WorkRow {
                lease: Lease { row: id, token: String::new(), generation: 1 },
                origin: batch.origin.clone(),
                conversation: event.conversation.clone(),
                cause,
                facts: event.facts.as_deref().cloned(),
                receipts: event.receipt.iter().cloned().collect(),
                attempts: 0,
                first_seen: batch.received,
                waiting_since: batch.received,
            };
            return self.work.push(Work { row, state: State::Due, due: batch.received });
        };
        let receipt = event.receipt.as_ref().filter(|receipt| !work.row.receipts.contains(receipt));
        if !is_new && receipt.is_none() {
            return;
        }
        work.row.receipts.extend(receipt.cloned());
        work.row.cause = if work.state == State::Finished { cause } else { cause.max(work.row.cause) };
        work.row.conversation.learn(&event.conversation);
        match (&mut work.row.facts, event.facts.as_deref()) {
            (Some(known), Some(newer)) => drop(known.merge(newer.clone())),
            (known @ None, Some(newer)) => *known = Some(newer.clone()),
            (_, None) => {}
        }
        work.row.lease.generation += 1;
        match work.state {
            State::Due => work.due = work.due.min(batch.received),
            State::Leased { .. } => work.due = batch.received,
            State::Finished | State::GivenUp => {
                (work.state, work.due, work.row.waiting_since) = (State::Due, batch.received, batch.received);
            }
        }
    }

    fn reject(&mut self, batch: &Batch, rejected: &Rejected) -> bool {
        let known = self.dead_letters.iter_mut().find(|letter| {
            let same = |known: &Rejected| match &rejected.receipt {
                Some(_) => known.receipt == rejected.receipt,
                None => known == rejected,
            };
            letter.origin == batch.origin && letter.rejected.as_ref().is_some_and(same)
        });
        match known {
            Some(known) => known.settled = false,
            None => {
                self.dead_letters.push(Letter {
                    origin: batch.origin.clone(),
                    what: rejected.what.clone(),
                    reason: rejected.reason.clone(),
                    rejected: Some(rejected.clone()),
                    settled: false,
                });
                return true;
            }
        }
        false
    }
}

#[async_trait]
impl WorkStore for MemoryStore {
    async fn record(&self, batch: &Batch) -> Result<Recorded> {
        let mut tables = self.open("record")?;
        let mut recorded = Recorded::default();
        for event in &batch.events {
            let is_new = tables.events.insert((batch.origin.clone(), event.key.as_str().to_owned()));
            if let Some(cause) = Cause::of(&event.kind) {
                tables.make_work(batch, event, cause, is_new);
            }
            *if is_new { &mut recorded.events } else { &mut recorded.repeated } += 1;
        }
        for rejected in &batch.rejected {
            let is_new = tables.reject(batch, rejected);
            *if is_new { &mut recorded.rejected } else { &mut recorded.repeated } += 1;
        }
        tables.gaps.entry(batch.origin.clone()).or_default().extend(batch.gaps.iter().cloned());
        if let Some(cursor) = &batch.cursor {
            tables.cursors.insert(batch.origin.clone(), cursor.clone());
        }
        Ok(recorded)
    }

    async fn cursor(&self, origin: &Origin) -> Result<Option<Cursor>> {
        Ok(self.open("cursor")?.cursors.get(origin).cloned())
    }

    async fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Result<Vec<WorkRow>> {
        let mut tables = self.open("lease")?;
        tables.looks += 1;
        let mut leases = tables.leases;
        let is_open = |work: &&mut Work| match work.state {
            State::Due => work.due <= now,
            State::Leased { until } => until <= now,
            _ => false,
        };
        let mut open: Vec<_> =
            tables.work.iter_mut().filter(|work| of.contains(&work.row.origin)).filter(is_open).collect();
        open.sort_by_key(|work| (work.due, work.row.lease.row));
        let leased = open.into_iter().take(limit).map(|work| {
            leases += 1;
            work.row.attempts += u32::from(work.state != State::Due);
            work.row.lease.token = leases.to_string();
            work.state = State::Leased { until: after(now, length) };
            work.row.clone()
        });
        let leased = leased.collect();
        tables.leases = leases;
        Ok(leased)
    }

    async fn next_due(&self, of: &[Origin]) -> Result<Option<DateTime<Utc>>> {
        let tables = self.open("next_due")?;
        let due = tables.work.iter().filter(|work| of.contains(&work.row.origin)).filter_map(|work| match work.state {
            State::Due => Some(work.due),
            State::Leased { until } => Some(until),
            _ => None,
        });
        Ok(due.min())
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        let mut tables = self.open("renew")?;
        Ok(tables.leased(lease).map(|work| work.state = State::Leased { until }).is_some())
    }

    async fn call(&self, origin: &Origin, conversation: &str) -> Result<Option<StoredCall>> {
        let mut call = self.open("call")?.calls.get(&(origin.clone(), conversation.to_owned())).cloned();
        if let Some(call) = &mut call {
            call.document.raw = None;
        }
        Ok(call)
    }

    async fn is_known(&self, origin: &Origin, conversation: &str) -> Result<bool> {
        let tables = self.open("is_known")?;
        let of_call = |work: &&Work| work.row.origin == *origin && work.row.conversation.id == conversation;
        let is_open = tables.work.iter().find(of_call).is_some_and(|work| work.state != State::Finished);
        Ok(is_open || tables.calls.contains_key(&(origin.clone(), conversation.to_owned())))
    }

    async fn commit(&self, lease: &Lease, call: &StoredCall) -> Result<bool> {
        let mut tables = self.open("commit")?;
        let key = (call.origin.clone(), call.document.this.id.clone());
        let before = tables.calls.get(&key).map_or(0, |known| known.version);
        if tables.leased(lease).is_none() || call.version != before + 1 {
            return Ok(false);
        }
        tables.outbox.push((call.message(), false));
        tables.calls.insert(key, call.clone());
        Ok(true)
    }

    async fn unpublished(&self, origin: &Origin, conversation: &str) -> Result<Vec<Message>> {
        let tables = self.open("unpublished")?;
        let waiting = tables.outbox.iter().filter(|(message, published)| {
            !published
                && (&*message.tenant, &*message.source) == (&*origin.tenant, &*origin.source)
                && message.conversation == conversation
        });
        Ok(waiting.map(|(message, _)| message.clone()).collect())
    }

    async fn published(&self, key: &str, _: DateTime<Utc>) -> Result<()> {
        self.open("published")?
            .outbox
            .iter_mut()
            .filter(|(message, _)| message.key == key)
            .for_each(|out| out.1 = true);
        Ok(())
    }

    async fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> Result<()> {
        let mut tables = self.open("finish")?;
        let Some(work) = tables.leased(lease) else { return Ok(()) };
        work.row.receipts.retain(|receipt| !settled.contains(receipt));
        (work.row.attempts, work.due, work.row.waiting_since) = (0, now, now);
        if work.row.lease.generation > lease.generation {
            work.state = State::Due;
        } else {
            (work.state, work.row.facts) = (State::Finished, None);
        }
        Ok(())
    }

    async fn park(&self, lease: &Lease, due: DateTime<Utc>, failed: Option<&str>) -> Result<()> {
        let mut tables = self.open("park")?;
        let Some(work) = tables.leased(lease) else { return Ok(()) };
        let arrived_since = work.row.lease.generation > lease.generation;
        work.due = if arrived_since { work.due.min(due) } else { due };
        work.row.attempts += u32::from(failed.is_some());
        work.state = State::Due;
        Ok(())
    }

    async fn bury(&self, lease: &Lease, reason: &str, _: &str, _: DateTime<Utc>) -> Result<()> {
        let mut tables = self.open("bury")?;
        let Some(work) = tables.leased(lease) else { return Ok(()) };
        let arrived_since = work.row.lease.generation > lease.generation;
        work.state = if arrived_since { State::Due } else { State::GivenUp };
        work.row.attempts = 0;
        let origin = work.row.origin.clone();
        let (what, reason) = ("call".to_owned(), reason.to_owned());
        tables.dead_letters.push(Letter { origin, what, reason, rejected: None, settled: false });
        Ok(())
    }

    async fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Result<Vec<UnsettledRejection>> {
        let tables = self.open("unsettled_rejections")?;
        let numbered = tables.dead_letters.iter().enumerate().map(|(index, letter)| (index as i64 + 1, letter));
        let unsettled = numbered.filter(|(id, letter)| *id > after && !letter.settled && of.contains(&letter.origin));
        let rejection = |(id, letter): (i64, &Letter)| {
            let rejected = letter.rejected.as_ref()?;
            let (reason, at, detail) = (rejected.reason.clone(), rejected.at.clone(), rejected.detail.clone());
            let outcome = Outcome::Rejected { reason, at, detail };
            Some(UnsettledRejection { id, origin: letter.origin.clone(), receipt: rejected.receipt.clone()?, outcome })
        };
        Ok(unsettled.filter_map(rejection).take(limit).collect())
    }

    async fn rejection_settled(&self, id: i64, _: DateTime<Utc>) -> Result<()> {
        self.open("rejection_settled")?.dead_letters[id as usize - 1].settled = true;
        Ok(())
    }
}
