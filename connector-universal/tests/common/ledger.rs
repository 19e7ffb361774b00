//! A ledger that can be shared by two runs of a source, fails when it is told to, and can be slow.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use connector_folder::{Ledger, MemoryLedger, Note};

/// Clones are the same ledger.
#[derive(Clone)]
pub(crate) struct TestLedger {
    notes: Arc<MemoryLedger>,
    failing: Arc<AtomicBool>,
    slow: Arc<AtomicBool>,
    pub(crate) puts: Arc<AtomicUsize>,
}

impl TestLedger {
    pub(crate) fn new() -> Self {
        Self {
            notes: Arc::new(MemoryLedger::new()),
            failing: Arc::default(),
            slow: Arc::default(),
            puts: Arc::default(),
        }
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.failing.store(fails, SeqCst);
    }

    /// Every write gives way once before it is done, and once after.
    pub(crate) fn be_slow(&self, slow: bool) {
        self.slow.store(slow, SeqCst);
    }

    fn check(&self) -> Result<()> {
        if self.failing.load(SeqCst) { Err(Error::storage("the disk is full")) } else { Ok(()) }
    }

    async fn give_way(&self) {
        if self.slow.load(SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Ledger for TestLedger {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Note>>> {
        self.check()?;
        self.give_way().await;
        self.notes.get(keys).await
    }

    async fn put(&self, notes: Vec<(String, Note)>) -> Result<()> {
        self.check()?;
        self.give_way().await;
        self.puts.fetch_add(1, SeqCst);
        self.notes.put(notes).await?;
        self.give_way().await;
        Ok(())
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<u64> {
        self.check()?;
        self.notes.forget(before).await
    }
}

impl fmt::Debug for TestLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notes.fmt(f)
    }
}
