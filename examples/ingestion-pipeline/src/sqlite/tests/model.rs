//! Any order of anything: the store in a file does what the store in plain words does, and keeps the promises.

use std::collections::{BTreeMap, BTreeSet};

use connector_core::{CallEvent, CallEventKind, Receipt};
use proptest::prelude::*;
use sqlx::Row;

use super::{LEASE, Scratch, call};
use crate::call::StoredCall;
use crate::fakes::{FailingStore, at, batch, changed, ended, event, origin, with_receipt};
use crate::store::WorkStore;
use crate::work::{Cause, Lease, WorkRow};

/// Something that happens to the store. `held` counts through the leases of the past, lost ones among them.
#[derive(Clone, Debug)]
enum Step {
    Hear(Vec<Told>),
    Pass { seconds: i64 },
    Lease { limit: usize },
    Renew { held: usize },
    Commit { held: usize },
    Finish { held: usize },
    Park { held: usize, seconds: i64, failed: bool },
    Bury { held: usize },
    Publish { call: u8 },
    Reclaim,
    Reopen,
}

#[derive(Clone, Debug)]
struct Told {
    call: u8,
    revision: u32,
    kind: u8,
    receipt: Option<u8>,
}

impl Told {
    fn event(&self) -> CallEvent {
        let id = self.call.to_string();
        let event = match self.kind {
            0 => ended(&id, self.revision),
            1 => changed(&id, self.revision),
            2 => event(&id, CallEventKind::RecordingAvailable, &format!("recording {}", self.revision)),
            _ => event(&id, CallEventKind::Ringing, &format!("ringing {}", self.revision)),
        };
        match self.receipt.filter(|_| self.kind < 3) {
            Some(receipt) => with_receipt(event, &format!("{id} {receipt}")),
            None => event,
        }
    }
}

fn told() -> impl Strategy<Value = Told> {
    (0..3u8, 1..6u32, 0..4u8, prop::option::of(0..3u8)).prop_map(|(call, revision, kind, receipt)| Told {
        call,
        revision,
        kind,
        receipt,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let held = 0..8usize;
    prop_oneof![
        5 => prop::collection::vec(told(), 1..4).prop_map(Step::Hear),
        3 => (1..90i64).prop_map(|seconds| Step::Pass { seconds }),
        5 => (1..3usize).prop_map(|limit| Step::Lease { limit }),
        1 => held.clone().prop_map(|held| Step::Renew { held }),
        2 => held.clone().prop_map(|held| Step::Commit { held }),
        4 => held.clone().prop_map(|held| Step::Finish { held }),
        2 => (held.clone(), 0..120i64, any::<bool>()).prop_map(|(held, seconds, failed)| Step::Park { held, seconds, failed }),
        1 => held.prop_map(|held| Step::Bury { held }),
        2 => (0..3u8).prop_map(|call| Step::Publish { call }),
        1 => Just(Step::Reclaim),
        1 => Just(Step::Reopen),
    ]
}

/// Both stores, and what has to come out.
struct Both {
    file: Scratch,
    words: FailingStore,
    /// The latest first.
    held: Vec<(WorkRow, WorkRow)>,
    second: i64,
    keys: BTreeSet<String>,
    /// The newest revision told of each call that is to be worked on.
    newest: BTreeMap<String, u32>,
    receipts: BTreeSet<Receipt>,
    settled: BTreeSet<Receipt>,
}

/// All of a row but the token, which is made at random.
fn without_token(row: &WorkRow) -> impl PartialEq + std::fmt::Debug {
    let WorkRow { lease, origin, conversation, cause, facts, receipts, attempts, first_seen, waiting_since } =
        row.clone();
    ((lease.row, lease.generation, origin, conversation, cause), (facts, receipts, attempts, first_seen, waiting_since))
}

impl Both {
    async fn new() -> Self {
        Self {
            file: Scratch::new().await,
            words: FailingStore::default(),
            held: Vec::new(),
            second: 0,
            keys: BTreeSet::new(),
            newest: BTreeMap::new(),
            receipts: BTreeSet::new(),
            settled: BTreeSet::new(),
        }
    }

    fn pick(&self, held: usize) -> Option<(WorkRow, WorkRow)> {
        self.held.get(held).cloned()
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Hear(told) => self.hear(told.iter().map(Told::event).collect()).await,
            Step::Pass { seconds } => self.second += seconds,
            Step::Lease { limit } => drop(self.lease(limit).await),
            Step::Renew { held } => {
                if let Some((a, b)) = self.pick(held) {
                    let until = at(self.second + 60);
                    let renewed = self.file.store.renew(&a.lease, until).await.unwrap();
                    assert_eq!(renewed, self.words.renew(&b.lease, until).await.unwrap());
                }
            }
            Step::Commit { held } => {
                if let Some(rows) = self.pick(held) {
                    self.commit(&rows).await;
                }
            }
            Step::Finish { held } => {
                if let Some(rows) = self.pick(held) {
                    self.finish(&rows).await;
                }
            }
            Step::Park { held, seconds, failed } => {
                if let Some((a, b)) = self.pick(held) {
                    let (due, failed) = (at(self.second + seconds), failed.then_some("cut"));
                    self.file.store.park(&a.lease, due, failed).await.unwrap();
                    self.words.park(&b.lease, due, failed).await.unwrap();
                }
            }
            Step::Bury { held } => {
                if let Some((a, b)) = self.pick(held) {
                    let now = at(self.second);
                    self.file.store.bury(&a.lease, "invalid", "no", now).await.unwrap();
                    self.words.bury(&b.lease, "invalid", "no", now).await.unwrap();
                }
            }
            Step::Publish { call } => self.publish(&call.to_string()).await,
            Step::Reclaim => {
                self.file.store.reclaim().await.unwrap();
                self.words.reclaim();
            }
            Step::Reopen => {
                self.file.store.close().await;
                self.file.store = super::SqliteStore::open(self.file.dir.path().join("ingest.db")).await.unwrap();
            }
        }
        let next = self.file.store.next_due(&[origin()]).await.unwrap();
        assert_eq!(next, self.words.next_due(&[origin()]).await.unwrap());
        for id in ["0", "1", "2"] {
            let is_known = self.file.store.is_known(&origin(), id).await.unwrap();
            assert_eq!(is_known, self.words.is_known(&origin(), id).await.unwrap(), "{id}");
        }
    }

    async fn hear(&mut self, events: Vec<CallEvent>) {
        for event in &events {
            self.keys.insert(event.key.as_str().to_owned());
            if Cause::of(&event.kind).is_some() {
                let newest = self.newest.entry(event.conversation.id.clone()).or_default();
                let revision = event.facts.as_ref().map(|facts| facts.attributes["revision"].parse().unwrap());
                *newest = revision.unwrap_or(0).max(*newest);
                self.receipts.extend(event.receipt.clone());
            }
        }
        let batch = batch(self.second, events);
        let recorded = self.file.store.record(&batch).await.unwrap();
        assert_eq!(recorded, self.words.record(&batch).await.unwrap());
    }

    async fn lease(&mut self, limit: usize) -> Vec<(WorkRow, WorkRow)> {
        let (of, now) = ([origin()], at(self.second));
        let a = self.file.store.lease(&of, now, LEASE, limit).await.unwrap();
        let b = self.words.lease(&of, now, LEASE, limit).await.unwrap();
        assert_eq!(a.iter().map(without_token).collect::<Vec<_>>(), b.iter().map(without_token).collect::<Vec<_>>());
        let rows: Vec<_> = a.into_iter().zip(b).collect();
        self.held.splice(0..0, rows.clone());
        rows
    }

    /// Stores what is new, as the consumer does. Returns whether all that the row knows is stored.
    async fn commit(&mut self, (a, b): &(WorkRow, WorkRow)) -> bool {
        let id = &a.conversation.id;
        let known = self.file.store.call(&origin(), id).await.unwrap();
        assert_eq!(known, self.words.call(&origin(), id).await.unwrap());
        let mut next = StoredCall { updated: at(self.second), ..call(&origin(), id, 1) };
        next.document = connector_core::Conversation::new(a.conversation.clone(), next.document.vendor);
        if let Some(known) = &known {
            next = StoredCall { version: known.version + 1, document: known.document.clone(), ..next };
        }
        if let Some(facts) = &a.facts {
            next.document.merge(facts.clone());
        }
        if known.is_some_and(|known| known.document == next.document) {
            return true;
        }
        let committed = self.file.store.commit(&a.lease, &next).await.unwrap();
        assert_eq!(committed, self.words.commit(&b.lease, &next).await.unwrap());
        committed
    }

    async fn finish(&mut self, rows: &(WorkRow, WorkRow)) {
        if self.commit(rows).await {
            self.settled.extend(rows.0.receipts.clone());
            self.file.store.finish(&rows.0.lease, &rows.0.receipts, at(self.second)).await.unwrap();
            self.words.finish(&rows.1.lease, &rows.1.receipts, at(self.second)).await.unwrap();
        }
    }

    async fn publish(&self, id: &str) {
        let waiting = self.file.store.unpublished(&origin(), id).await.unwrap();
        assert_eq!(waiting, self.words.unpublished(&origin(), id).await.unwrap());
        for message in waiting {
            self.file.store.published(&message.key, at(self.second)).await.unwrap();
            self.words.published(&message.key, at(self.second)).await.unwrap();
        }
    }

    /// A last sign of each call, then all that is due is done.
    async fn come_to_rest(&mut self) {
        let last = self.newest.keys().map(|id| event(id, CallEventKind::Ended, "last")).collect();
        self.hear(last).await;
        self.second += 1_000;
        loop {
            let rows = self.lease(2).await;
            if rows.is_empty() {
                break;
            }
            for rows in &rows {
                self.finish(rows).await;
                self.publish(&rows.0.conversation.id).await;
            }
        }
    }

    async fn the_promises_are_kept(&self) {
        let file = &self.file;
        assert_eq!(file.store.next_due(&[origin()]).await.unwrap(), None, "everything is done");
        assert_eq!(file.number("SELECT count(*) FROM events").await, self.keys.len() as i64, "no event is lost");
        assert_eq!(file.number("SELECT count(*) FROM work WHERE state <> 'done' OR receipts <> '[]'").await, 0);
        assert_eq!(self.receipts, self.settled, "every receipt is handed back");
        assert_eq!(file.number("SELECT count(*) FROM calls").await, self.newest.len() as i64);
        for (id, newest) in &self.newest {
            let call = file.store.call(&origin(), id).await.unwrap().expect("every call is stored");
            let revision = call.document.attributes.get("revision").map_or(0, |revision| revision.parse().unwrap());
            assert_eq!(revision, *newest, "the newest revision of {id} is stored");
            let rows =
                sqlx::query("SELECT message ->> 'version', published FROM outbox WHERE conversation = ? ORDER BY 1")
                    .bind(id)
                    .fetch_all(&file.store.readers)
                    .await
                    .unwrap();
            let versions: Vec<u32> = rows.iter().map(|row| row.get(0)).collect();
            assert_eq!(versions, (1..=call.version).collect::<Vec<_>>(), "one message for each version, without gaps");
            assert!(rows.iter().all(|row| row.get::<Option<&str>, _>(1).is_some()), "all are published");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_anything_keeps_the_promises(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut both = Both::new().await;
            for step in steps {
                both.take(step).await;
            }
            both.come_to_rest().await;
            both.the_promises_are_kept().await;
        });
    }
}

#[tokio::test]
async fn a_lease_is_known_by_its_row_and_its_token() {
    let mut both = Both::new().await;
    both.hear(vec![ended("0", 1), ended("1", 1)]).await;
    let rows = both.lease(2).await;
    let mixed = Lease { row: rows[1].0.lease.row, ..rows[0].0.lease.clone() };
    assert!(!both.file.store.renew(&mixed, at(999)).await.unwrap());
    assert!(!both.file.store.commit(&mixed, &call(&origin(), "1", 1)).await.unwrap());
    both.file.store.finish(&mixed, &[], at(1)).await.unwrap();
    assert_eq!(both.file.number("SELECT count(*) FROM work WHERE state = 'leased'").await, 2);
}
