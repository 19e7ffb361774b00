//! Stores that break one rule of the contract each.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Conversation, Cursor, EventKey, Origin, Receipt, Result};

use crate::call::{Message, StoredCall};
use crate::memory::MemoryStore;
use crate::store::WorkStore;
use crate::work::{Batch, Lease, Recorded, UnsettledRejection, WorkRow};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    KnowsEverything,
    ForgetsTheTenant,
    ForgetsTheSource,
    KnowsNothing,
    MixesPositions,
    DropsReceipts,
    ForgetsKeys,
    KeepsTheLastFacts,
    AcceptsAnyVersion,
    ForgetsTheGeneration,
    IgnoresTheLease,
    PublishesByReading,
    WritesEachTime,
    DropsWhatIsPutOff,
}

/// A store in memory that breaks a rule.
#[derive(Debug)]
pub(super) struct Broken {
    words: MemoryStore,
    how: How,
    is_reopened: bool,
    last_facts: Mutex<HashMap<(Origin, String), Conversation>>,
}

impl Broken {
    pub(super) fn new(words: MemoryStore, how: How, is_reopened: bool) -> Self {
        Self { words, how, is_reopened, last_facts: Mutex::default() }
    }

    fn is(&self, how: How) -> bool {
        self.how == how
    }

    /// A word that was not said before.
    fn new_word(&self) -> String {
        let tables = self.words.look();
        format!("{} {}", tables.events.len(), tables.work.len())
    }

    /// The row's lease as it stands, whoever has it.
    fn lease_of(&self, lease: &Lease) -> Lease {
        let tables = self.words.look();
        tables.work.iter().map(|work| &work.row.lease).find(|held| held.row == lease.row).unwrap_or(lease).clone()
    }

    fn seen(&self, lease: &Lease) -> Lease {
        let generation = if self.is(How::ForgetsTheGeneration) { i64::MAX } else { lease.generation };
        Lease { generation, ..lease.clone() }
    }
}

#[async_trait]
impl WorkStore for Broken {
    async fn record(&self, batch: &Batch) -> Result<Recorded> {
        let mut batch = batch.clone();
        for (number, event) in batch.events.iter_mut().enumerate() {
            if self.is(How::ForgetsKeys) {
                event.key = EventKey::new(format!("{} {number} {}", event.key.as_str(), self.new_word()));
            }
            if let Some(facts) = &event.facts {
                let of = (batch.origin.clone(), event.conversation.id.clone());
                self.last_facts.lock().unwrap().insert(of, facts.as_ref().clone());
            }
        }
        if self.is(How::WritesEachTime) {
            let known = self.words.dead_letters().len();
            let without = batch.rejected.iter_mut().filter(|rejected| rejected.receipt.is_none());
            without.for_each(|rejected| rejected.detail = format!("{} {known}", rejected.detail));
        }
        if self.is(How::ForgetsTheSource) {
            let others = self.words.look().events.clone();
            let is_heard =
                |key: &EventKey| others.iter().any(|(of, known)| *of != batch.origin && known == key.as_str());
            batch.events.retain(|event| !is_heard(&event.key));
        }
        self.words.record(&batch).await
    }

    async fn cursor(&self, origin: &Origin) -> Result<Option<Cursor>> {
        match self.is(How::MixesPositions) {
            true => self.words.cursor(&Origin::new("acme", "other")).await,
            false => self.words.cursor(origin).await,
        }
    }

    async fn lease(&self, of: &[Origin], now: DateTime<Utc>, length: Duration, limit: usize) -> Result<Vec<WorkRow>> {
        let mut rows = self.words.lease(of, now, length, limit).await?;
        for row in &mut rows {
            if self.is(How::DropsReceipts) && self.is_reopened {
                row.receipts.clear();
            }
            let last = self.last_facts.lock().unwrap().get(&(row.origin.clone(), row.conversation.id.clone())).cloned();
            if self.is(How::KeepsTheLastFacts) && row.facts.is_some() && last.is_some() {
                row.facts = last;
            }
        }
        Ok(rows)
    }

    async fn next_due(&self, of: &[Origin]) -> Result<Option<DateTime<Utc>>> {
        self.words.next_due(of).await
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        self.words.renew(lease, until).await
    }

    async fn call(&self, origin: &Origin, conversation: &str) -> Result<Option<StoredCall>> {
        match self.is(How::ForgetsTheTenant) {
            true => Ok(self
                .words
                .calls()
                .into_iter()
                .find(|call| call.origin.source == origin.source && call.document.this.id == conversation)),
            false => WorkStore::call(&self.words, origin, conversation).await,
        }
    }

    async fn is_known(&self, origin: &Origin, conversation: &str) -> Result<bool> {
        match self.how {
            How::KnowsEverything => Ok(true),
            How::KnowsNothing => {
                Ok(origin.source.as_ref() != "other" && conversation == "ours" || conversation == "missed")
            }
            _ => self.words.is_known(origin, conversation).await,
        }
    }

    async fn commit(&self, lease: &Lease, call: &StoredCall) -> Result<bool> {
        let mut call = call.clone();
        if self.is(How::AcceptsAnyVersion) {
            let before = self.words.call(&call.origin, &call.document.this.id).map_or(0, |call| call.version);
            call.version = before + 1;
        }
        let lease = if self.is(How::IgnoresTheLease) { self.lease_of(lease) } else { lease.clone() };
        self.words.commit(&lease, &call).await
    }

    async fn unpublished(&self, origin: &Origin, conversation: &str) -> Result<Vec<Message>> {
        let messages = self.words.unpublished(origin, conversation).await?;
        if self.is(How::PublishesByReading) {
            for message in &messages {
                self.words.published(&message.key, message.stored).await?;
            }
        }
        Ok(messages)
    }

    async fn published(&self, key: &str, at: DateTime<Utc>) -> Result<()> {
        self.words.published(key, at).await
    }

    async fn finish(&self, lease: &Lease, settled: &[Receipt], now: DateTime<Utc>) -> Result<()> {
        self.words.finish(&self.seen(lease), settled, now).await
    }

    async fn park(&self, lease: &Lease, due: DateTime<Utc>, failed: Option<&str>) -> Result<()> {
        match self.is(How::DropsWhatIsPutOff) {
            true => self.words.finish(lease, &[], due).await,
            false => self.words.park(&self.seen(lease), due, failed).await,
        }
    }

    async fn bury(&self, lease: &Lease, reason: &str, detail: &str, now: DateTime<Utc>) -> Result<()> {
        self.words.bury(&self.seen(lease), reason, detail, now).await
    }

    async fn unsettled_rejections(&self, of: &[Origin], after: i64, limit: usize) -> Result<Vec<UnsettledRejection>> {
        self.words.unsettled_rejections(of, after, limit).await
    }

    async fn rejection_settled(&self, id: i64, at: DateTime<Utc>) -> Result<()> {
        self.words.rejection_settled(id, at).await
    }
}
