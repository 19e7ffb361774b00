//! A store in memory: the contract of [`WorkStore`] in the plainest words. Everything in vectors, one lock, no durability.

mod live;
mod runs;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::reconcile::Gaps;
use connector_core::{CallEvent, Cursor, Origin, Outcome, Receipt, Rejected, Result};

use crate::call::{Message, StoredCall};
use crate::recover::Run;
use crate::session::SessionRow;
use crate::store::WorkStore;
use crate::work::{Batch, Cause, Lease, Recorded, UnsettledRejection, WorkRow, after};

/// A store in memory, for tests of an own pipeline and for small programs. Clones share it, as processes share a file. It
/// remembers reconciliations ([`ReconcileLog`](crate::ReconcileLog)) and sessions of sound
/// ([`LiveStore`](crate::LiveStore)) too.
///
/// It is gone with the last clone, and forgets nothing until then: every event, call, message and dead letter stays, so its
/// memory grows with all that it ever heard of. A program that runs for long takes a
/// [`SqliteStore`](crate::SqliteStore).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::{CallEvent, CallEventKind, ConversationRef, EventKey, Origin, Stamp, Vendor};
/// use ingestion_pipeline::{Batch, MemoryStore, WorkStore};
///
/// let (store, now) = (MemoryStore::new(), "2026-10-19T08:00:00Z".parse().expect("a time"));
/// let mut batch = Batch::new(Origin::new("acme", "drop"), Vendor::UNIVERSAL, now, None, Vec::new());
/// let call = ConversationRef::new("20261019-100000_kay");
/// batch.events.push(CallEvent::new(EventKey::new("1"), call, CallEventKind::Ended, Stamp::received(now)));
///
/// assert_eq!(store.record(&batch).await?.events, 1);
/// assert_eq!(store.record(&batch).await?.repeated, 1);
/// assert!(store.calls().is_empty(), "a pipeline has to work on it first");
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) events: BTreeSet<(Origin, String)>,
    pub(crate) work: Vec<Work>,
    gaps: HashMap<Origin, Gaps>,
    pub(crate) runs: Vec<Run>,
    calls: BTreeMap<(Origin, String), StoredCall>,
    pub(crate) outbox: Vec<(Message, bool)>,
    dead_letters: Vec<Letter>,
    cursors: HashMap<Origin, Cursor>,
    sessions: Vec<SessionRow>,
    leases: u64,
}

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

/// Something that could not be used, in a [`MemoryStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Whose it is.
    pub origin: Origin,
    /// The call that was given up; none for something that never became a call.
    pub conversation: Option<String>,
    /// What it is, without personal text.
    pub what: String,
    /// Why, for programs.
    pub reason: String,
    /// Why, for people.
    pub detail: String,
    /// Whether its source was told.
    pub settled: bool,
}

struct Letter {
    letter: DeadLetter,
    rejected: Option<Rejected>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// All stored calls, by source and id.
    pub fn calls(&self) -> Vec<StoredCall> {
        self.look().calls.values().cloned().collect()
    }

    /// One stored call.
    pub fn call(&self, origin: &Origin, conversation: &str) -> Option<StoredCall> {
        self.look().calls.get(&(origin.clone(), conversation.to_owned())).cloned()
    }

    /// All dead letters, in the order in which they came.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.look().dead_letters.iter().map(|dead| dead.letter.clone()).collect()
    }

    pub(crate) fn look(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().expect("nobody panics while holding the lock")
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.look();
        write!(f, "MemoryStore({} calls, {} events)", tables.calls.len(), tables.events.len())
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
            letter.letter.origin == batch.origin && letter.rejected.as_ref().is_some_and(same)
        });
        match known {
            Some(known) => known.letter.settled = false,
            None => {
                let letter = DeadLetter {
                    origin: batch.origin.clone(),
                    conversation: None,
                    what: rejected.what.clone(),
                    reason: rejected.reason.clone(),
                    detail: rejected.detail.clone(),
                    settled: false,
                };
                self.dead_letters.push(Letter { letter, rejected: Some(rejected.clone()) });
                return true;
            }
        }
        false
    }
}

#[async_trait]
impl WorkStore for MemoryStore {
    async fn record(&self, batch: &Batch) -> Result<Recorded> {
        let mut tables = self.look();
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
        Ok(self.look().cursors.get(origin).cloned())
    }

    async fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Result<Vec<WorkRow>> {
        let mut tables = self.look();
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
        let tables = self.look();
        let due = tables.work.iter().filter(|work| of.contains(&work.row.origin)).filter_map(|work| match work.state {
            State::Due => Some(work.due),
            State::Leased { until } => Some(until),
            _ => None,
        });
        Ok(due.min())
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        let mut tables = self.look();
        Ok(tables.leased(lease).map(|work| work.state = State::Leased { until }).is_some())
    }

    async fn call(&self, origin: &Origin, conversation: &str) -> Result<Option<StoredCall>> {
        Ok(self.call(origin, conversation))
    }

    async fn is_known(&self, origin: &Origin, conversation: &str) -> Result<bool> {
        let tables = self.look();
        let of_call = |work: &&Work| work.row.origin == *origin && work.row.conversation.id == conversation;
        let is_open = tables.work.iter().find(of_call).is_some_and(|work| work.state != State::Finished);
        Ok(is_open || tables.calls.contains_key(&(origin.clone(), conversation.to_owned())))
    }

    async fn commit(&self, lease: &Lease, call: &StoredCall) -> Result<bool> {
        let mut tables = self.look();
        let key = (call.origin.clone(), call.document.this.id.clone());
        let before = tables.calls.get(&key).map_or(0, |known| known.version);
        if tables.leased(lease).is_none() || call.version != before + 1 {
            return Ok(false);
        }
        tables.outbox.push((call.message(), false));
        let mut stored = call.clone();
        stored.document.raw = None;
        tables.calls.insert(key, stored);
        Ok(true)
    }

    async fn unpublished(&self, origin: &Origin, conversation: &str) -> Result<Vec<Message>> {
        let tables = self.look();
        let waiting = tables.outbox.iter().filter(|(message, published)| {
            !published
                && (&*message.tenant, &*message.source) == (&*origin.tenant, &*origin.source)
                && message.conversation == conversation
        });
        Ok(waiting.map(|(message, _)| message.clone()).collect())
    }

    async fn published(&self, key: &str, _: DateTime<Utc>) -> Result<()> {
        self.look().outbox.iter_mut().filter(|(message, _)| message.key == key).for_each(|out| out.1 = true);
        Ok(())
    }

    async fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> Result<()> {
        let mut tables = self.look();
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
        let mut tables = self.look();
        let Some(work) = tables.leased(lease) else { return Ok(()) };
        let arrived_since = work.row.lease.generation > lease.generation;
        work.due = if arrived_since { work.due.min(due) } else { due };
        work.row.attempts += u32::from(failed.is_some());
        work.state = State::Due;
        Ok(())
    }

    async fn bury(&self, lease: &Lease, reason: &str, detail: &str, _: DateTime<Utc>) -> Result<()> {
        let mut tables = self.look();
        let Some(work) = tables.leased(lease) else { return Ok(()) };
        let arrived_since = work.row.lease.generation > lease.generation;
        work.state = if arrived_since { State::Due } else { State::GivenUp };
        work.row.attempts = 0;
        let letter = DeadLetter {
            origin: work.row.origin.clone(),
            conversation: Some(work.row.conversation.id.clone()),
            what: "call".to_owned(),
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            settled: false,
        };
        tables.dead_letters.push(Letter { letter, rejected: None });
        Ok(())
    }

    async fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Result<Vec<UnsettledRejection>> {
        let tables = self.look();
        let numbered = tables.dead_letters.iter().enumerate().map(|(index, letter)| (index as i64 + 1, letter));
        let unsettled =
            numbered.filter(|(id, dead)| *id > after && !dead.letter.settled && of.contains(&dead.letter.origin));
        let rejection = |(id, dead): (i64, &Letter)| {
            let rejected = dead.rejected.as_ref()?;
            let (reason, at, detail) = (rejected.reason.clone(), rejected.at.clone(), rejected.detail.clone());
            let outcome = Outcome::Rejected { reason, at, detail };
            Some(UnsettledRejection {
                id,
                origin: dead.letter.origin.clone(),
                receipt: rejected.receipt.clone()?,
                outcome,
            })
        };
        Ok(unsettled.filter_map(rejection).take(limit).collect())
    }

    async fn rejection_settled(&self, id: i64, _: DateTime<Utc>) -> Result<()> {
        let place = usize::try_from(id - 1).unwrap_or(usize::MAX);
        if let Some(dead) = self.look().dead_letters.get_mut(place) {
            dead.letter.settled = true;
        }
        Ok(())
    }
}
