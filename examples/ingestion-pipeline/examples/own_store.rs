//! An own store, and a pipeline with its three loops on it: hear, work, and find what was missed.
//!
//! It needs nothing: the store lives in memory, calls come from a fake that loses some of them and cuts downloads, and it ends
//! once all of them are stored. Before, the suite for stores tries this one. `cargo run --example own_store`

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::reconcile::{Archive, ReconcileMode, ReconcileRequest, Stored, StoredMedia, StoredVersion};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    CallEvent, Clock, Context, Conversation, Cursor, EventKey, Origin, Outcome, Receipt, Rejected, Result,
};
use connector_nice::NiceCxone;
use connector_nice::testing::Fake;
use ingestion_pipeline::testing::suite;
use ingestion_pipeline::{
    Batch, Cause, FolderSink, Lease, Media, Message, Pipeline, Recorded, Recovering, SourceOptions, StoredCall,
    UnsettledRejection, WorkRow, WorkStore,
};

/// Clones are the same store.
#[derive(Clone, Debug, Default)]
struct OwnStore(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    events: HashSet<(Origin, EventKey)>,
    calls: Vec<Call>,
    cursors: HashMap<Origin, Cursor>,
    rejected: Vec<(Origin, Rejected, IsSettled)>,
    tokens: u64,
}

type IsSettled = bool;

/// All that is known of a call. Its row is its place, counted from 1.
#[derive(Debug)]
struct Call {
    work: WorkRow,
    state: State,
    /// When the last word of it came.
    heard: DateTime<Utc>,
    stored: Option<StoredCall>,
    unpublished: Vec<Message>,
}

#[derive(Debug, PartialEq)]
enum State {
    Due(DateTime<Utc>),
    LeasedUntil(DateTime<Utc>),
    Done,
    GivenUp,
}

impl State {
    fn due(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Due(time) | Self::LeasedUntil(time) => Some(*time),
            Self::Done | Self::GivenUp => None,
        }
    }
}

impl OwnStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the call that a lease is for, unless it is lost.
    fn leased<T>(&self, lease: &Lease, change: impl FnOnce(&mut Call) -> T) -> Option<T> {
        let mut tables = self.tables();
        let is_it =
            |call: &&mut Call| matches!(call.state, State::LeasedUntil(_)) && call.work.lease.token == lease.token;
        tables.calls.iter_mut().find(is_it).map(change)
    }

    fn stored(&self) -> usize {
        self.tables().calls.iter().filter(|call| call.state == State::Done && call.stored.is_some()).count()
    }
}

impl Tables {
    fn call(&mut self, origin: &Origin, id: &str) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.work.origin == *origin && call.work.conversation.id == id)
    }

    fn work_on(&mut self, batch: &Batch, event: &CallEvent, cause: Cause, is_new: bool) {
        let facts = event.facts.as_deref().cloned();
        let Some(call) = self.call(&batch.origin, &event.conversation.id) else {
            let row = self.calls.len() as i64 + 1;
            let work = WorkRow {
                lease: Lease { row, token: String::new(), generation: 1 },
                origin: batch.origin.clone(),
                conversation: event.conversation.clone(),
                cause,
                facts,
                receipts: event.receipt.iter().cloned().collect(),
                attempts: 0,
                first_seen: batch.received,
                waiting_since: batch.received,
            };
            let state = State::Due(batch.received);
            return self.calls.push(Call { work, state, heard: batch.received, stored: None, unpublished: Vec::new() });
        };
        let receipt = event.receipt.clone().filter(|receipt| !call.work.receipts.contains(receipt));
        if !is_new && receipt.is_none() {
            return;
        }
        call.work.receipts.extend(receipt);
        call.work.conversation.learn(&event.conversation);
        call.work.cause = if call.state == State::Done { cause } else { cause.max(call.work.cause) };
        match (&mut call.work.facts, facts) {
            (Some(known), Some(newer)) => drop(known.merge(newer)),
            (known, newer) => *known = known.take().or(newer),
        }
        call.work.lease.generation += 1;
        call.heard = batch.received;
        match &mut call.state {
            State::Due(time) => *time = batch.received.min(*time),
            State::LeasedUntil(_) => {}
            state @ (State::Done | State::GivenUp) => {
                *state = State::Due(batch.received);
                call.work.waiting_since = batch.received;
            }
        }
    }

    /// Whether the rejection is new.
    fn reject(&mut self, origin: &Origin, rejected: &Rejected) -> bool {
        let known = self.rejected.iter_mut().find(|(of, known, _)| {
            of == origin
                && if rejected.receipt.is_some() { known.receipt == rejected.receipt } else { known == rejected }
        });
        match known {
            Some((_, _, is_settled)) => *is_settled = false,
            None => {
                self.rejected.push((origin.clone(), rejected.clone(), false));
                return true;
            }
        }
        false
    }
}

#[async_trait]
impl WorkStore for OwnStore {
    async fn record(&self, batch: &Batch) -> Result<Recorded> {
        let (mut tables, mut recorded) = (self.tables(), Recorded::default());
        for event in &batch.events {
            let is_new = tables.events.insert((batch.origin.clone(), event.key.clone()));
            if let Some(cause) = Cause::of(&event.kind) {
                tables.work_on(batch, event, cause, is_new);
            }
            *if is_new { &mut recorded.events } else { &mut recorded.repeated } += 1;
        }
        for rejected in &batch.rejected {
            let is_new = tables.reject(&batch.origin, rejected);
            *if is_new { &mut recorded.rejected } else { &mut recorded.repeated } += 1;
        }
        tables.cursors.extend(batch.cursor.clone().map(|cursor| (batch.origin.clone(), cursor)));
        Ok(recorded)
    }

    async fn cursor(&self, origin: &Origin) -> Result<Option<Cursor>> {
        Ok(self.tables().cursors.get(origin).cloned())
    }

    async fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Result<Vec<WorkRow>> {
        let mut tables = self.tables();
        let mut token = tables.tokens;
        let is_due =
            |call: &&mut Call| call.state.due().is_some_and(|due| due <= now) && of.contains(&call.work.origin);
        let mut due: Vec<&mut Call> = tables.calls.iter_mut().filter(is_due).collect();
        due.sort_by_key(|call| call.state.due());
        let leased = due.into_iter().take(limit).map(|call| {
            token += 1;
            call.work.lease.token = token.to_string();
            call.work.attempts += u32::from(matches!(call.state, State::LeasedUntil(_))); // it was in vain
            call.state = State::LeasedUntil(now + length);
            call.work.clone()
        });
        let leased = leased.collect();
        tables.tokens = token;
        Ok(leased)
    }

    async fn next_due(&self, of: &[Origin]) -> Result<Option<DateTime<Utc>>> {
        let tables = self.tables();
        let of_these = tables.calls.iter().filter(|call| of.contains(&call.work.origin));
        Ok(of_these.filter_map(|call| call.state.due()).min())
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        Ok(self.leased(lease, |call| call.state = State::LeasedUntil(until)).is_some())
    }

    async fn call(&self, origin: &Origin, conversation: &str) -> Result<Option<StoredCall>> {
        Ok(self.tables().call(origin, conversation).and_then(|call| call.stored.clone()))
    }

    async fn is_known(&self, origin: &Origin, conversation: &str) -> Result<bool> {
        let mut tables = self.tables();
        let call = tables.call(origin, conversation);
        Ok(call.is_some_and(|call| call.stored.is_some() || call.state != State::Done))
    }

    async fn commit(&self, lease: &Lease, stored: &StoredCall) -> Result<bool> {
        let committed = self.leased(lease, |call| {
            let is_next = stored.version == call.stored.as_ref().map_or(1, |before| before.version + 1);
            if is_next {
                call.unpublished.push(stored.message());
                call.stored = Some(stored.clone());
            }
            is_next
        });
        Ok(committed.unwrap_or(false))
    }

    async fn unpublished(&self, origin: &Origin, conversation: &str) -> Result<Vec<Message>> {
        Ok(self.tables().call(origin, conversation).map(|call| call.unpublished.clone()).unwrap_or_default())
    }

    async fn published(&self, key: &str, _: DateTime<Utc>) -> Result<()> {
        self.tables().calls.iter_mut().for_each(|call| call.unpublished.retain(|message| message.key != key));
        Ok(())
    }

    async fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> Result<()> {
        self.leased(lease, |call| {
            call.work.receipts.retain(|receipt| !settled.contains(receipt));
            (call.work.attempts, call.work.waiting_since) = (0, now);
            if call.work.lease.generation > lease.generation {
                call.state = State::Due(now);
            } else {
                (call.state, call.work.facts) = (State::Done, None);
            }
        });
        Ok(())
    }

    async fn park(&self, lease: &Lease, due: DateTime<Utc>, failed: Option<&str>) -> Result<()> {
        self.leased(lease, |call| {
            let has_news = call.work.lease.generation > lease.generation;
            call.state = State::Due(if has_news { due.min(call.heard) } else { due });
            call.work.attempts += u32::from(failed.is_some());
        });
        Ok(())
    }

    async fn bury(&self, lease: &Lease, reason: &str, detail: &str, now: DateTime<Utc>) -> Result<()> {
        self.leased(lease, |call| {
            eprintln!("given up: {} {reason} ({detail})", call.work.conversation);
            let has_news = call.work.lease.generation > lease.generation;
            call.state = if has_news { State::Due(now) } else { State::GivenUp };
            call.work.attempts = 0;
        });
        Ok(())
    }

    async fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Result<Vec<UnsettledRejection>> {
        let tables = self.tables();
        let unsettled = (1..).zip(&tables.rejected).filter_map(|(id, (origin, rejected, is_settled))| {
            let Rejected { reason, at, detail, receipt, .. } = rejected.clone();
            let outcome = Outcome::Rejected { reason, at, detail };
            let is_meant = id > after && !is_settled && of.contains(origin);
            receipt.filter(|_| is_meant).map(|receipt| UnsettledRejection {
                id,
                origin: origin.clone(),
                receipt,
                outcome,
            })
        });
        Ok(unsettled.take(limit).collect())
    }

    async fn rejection_settled(&self, id: i64, _: DateTime<Utc>) -> Result<()> {
        let place = usize::try_from(id - 1).unwrap_or(usize::MAX);
        self.tables().rejected.get_mut(place).into_iter().for_each(|(_, _, is_settled)| *is_settled = true);
        Ok(())
    }
}

/// What is stored of a source, for comparisons.
#[derive(Debug)]
struct OwnArchive(OwnStore, Origin);

#[async_trait]
impl Archive for OwnArchive {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        let mut tables = self.0.tables();
        let stored = of.iter().map(|of| {
            let call = tables.call(&self.1, &of.this.id)?;
            let media = match (call.state.due(), call.stored.as_ref().map(|stored| stored.media)) {
                (Some(_), _) => StoredMedia::Pending, // there, though it is worked on
                (None, None) => return None,
                (None, Some(Media::Complete)) => StoredMedia::Complete,
                (None, Some(Media::None)) => StoredMedia::None,
                (None, Some(_)) => StoredMedia::Missing, // or not all of them
            };
            let legs = call.stored.iter().flat_map(|stored| &stored.document.legs);
            Some(legs.fold(Stored::new(media), |stored, leg| {
                let version = leg.revision.clone().map_or(StoredVersion::Unknown, StoredVersion::Revision);
                stored.with_leg(&leg.id, version)
            }))
        });
        Ok(stored.collect())
    }
}

fn main() -> anyhow::Result<()> {
    let paused = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let report = paused.block_on(async {
        let places = Mutex::new(HashMap::<u32, OwnStore>::new());
        suite::run(async |place| Ok(places.lock().expect("nobody panics").entry(place).or_default().clone())).await
    });
    println!("{report}");
    anyhow::ensure!(report.is_ok(), "the store does not keep its contract");
    tokio::runtime::Runtime::new()?.block_on(store_a_day())
}

async fn store_a_day() -> anyhow::Result<()> {
    let day = Scenario::small(7);
    let fake = Fake::start(&day, FaultPlan::none().lose_events(2).cut_downloads(3)).await?;
    fake.play(0);
    let clock = Clock::starting_at(day.starts + TimeDelta::days(1));
    let cx = Context::default().with_clock(clock).for_source("acme", "nice");
    let nice = NiceCxone::new(fake.config().with_poll_every(Duration::from_millis(100)), &cx)?;
    let (home, store) = (tempfile::tempdir()?, OwnStore::default());

    let all_stored = async {
        for calls in 0..=day.calls.len() {
            fake.play(calls);
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        while store.stored() < day.calls.len() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let archive = OwnArchive(store.clone(), cx.origin().clone());
    let missed = Recovering::new(nice.connector(), store.clone(), archive).with_clock(clock);
    let starts = day.starts;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await; // once a night, for real
            match missed.run(ReconcileRequest::between(ReconcileMode::Manual, starts, clock.now())).await {
                Ok(report) => println!("compared: {report}"),
                Err(error) => eprintln!("{error}"),
            }
        }
    });
    let to_analysis = |message: Message| async move {
        println!("ready for analysis: {}", message.conversation);
        Ok(())
    };
    let report = Pipeline::new(store.clone(), FolderSink::open(home.path())?, to_analysis)
        .with_clock(cx.clock())
        .source(nice.connector(), SourceOptions::default())
        .run(all_stored)
        .await?;
    println!("{report}");
    anyhow::ensure!(fake.faults().unfired().is_empty(), "{:?}", fake.faults().unfired());
    Ok(())
}
