//! The store in memory with what only the tests of this crate need: methods that fail, and a look at its work.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::reconcile::{Archive, Gaps, ReconcileMode, Stored};
use connector_core::{Conversation, Error, Origin, Result};

use super::disk::Disk;
use crate::call::{Message, StoredCall};
use crate::memory::{DeadLetter, MemoryStore, State, Work};
use crate::recover::{ReconcileLog, Run};
use crate::store::{WorkStore, each_method};

/// A store in memory whose methods can be made to fail. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailingStore {
    words: MemoryStore,
    failing: Arc<Mutex<HashMap<&'static str, u32>>>,
    asked: Arc<Mutex<HashMap<&'static str, usize>>>,
    disk: Arc<Mutex<Disk>>,
    locked: Arc<AtomicBool>,
}

/// What a write takes of the disk.
const ROW: usize = 200;
/// The methods that only read.
const READS: [&str; 10] = [
    "cursor",
    "next_due",
    "call",
    "is_known",
    "unpublished",
    "unsettled_rejections",
    "stored",
    "open_gaps",
    "open_run",
    "last_run",
];

impl FailingStore {
    /// Makes the next so many calls of a method fail, as a full disk does.
    pub(crate) fn fail(&self, method: &'static str, times: u32) {
        self.failing.lock().unwrap().insert(method, times);
    }

    /// Everything that is written lies on this disk.
    pub(crate) fn put_on(&self, disk: &Disk) {
        *self.disk.lock().unwrap() = disk.clone();
    }

    /// Lets another program hold the database, or give it back: nothing can be written meanwhile.
    pub(crate) fn lock(&self, locked: bool) {
        self.locked.store(locked, Ordering::Release);
    }

    /// The greatest number of attempts that is held against a call.
    pub(crate) fn attempts(&self) -> u32 {
        self.words.look().work.iter().map(|work| work.row.attempts).max().unwrap_or_default()
    }

    /// How often somebody looked for work.
    pub(crate) fn looks(&self) -> usize {
        self.asked.lock().unwrap().get("lease").copied().unwrap_or_default()
    }

    /// What is stored of a call of whichever source.
    pub(crate) fn stored(&self, conversation: &str) -> Option<StoredCall> {
        self.calls().into_iter().find(|call| call.document.this.id == conversation)
    }

    pub(crate) fn calls(&self) -> Vec<StoredCall> {
        self.words.calls()
    }

    pub(crate) fn work_of(&self, conversation: &str) -> Work {
        let tables = self.words.look();
        tables.work.iter().find(|work| work.row.conversation.id == conversation).expect("there is such a row").clone()
    }

    pub(crate) fn all_finished(&self) -> bool {
        self.words.look().work.iter().all(|work| work.state == State::Finished)
    }

    pub(crate) fn events(&self) -> usize {
        self.words.look().events.len()
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.words.look().outbox.iter().map(|(message, _)| message.clone()).collect()
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.words.dead_letters()
    }

    /// The runs that were remembered, in the order in which they were saved last.
    pub(crate) fn runs(&self) -> Vec<Run> {
        self.words.look().runs.clone()
    }

    /// Makes every leased row due, as at the start of a process.
    pub(crate) fn reclaim(&self) {
        for work in &mut self.words.look().work {
            if matches!(work.state, State::Leased { .. }) {
                work.state = State::Due;
            }
        }
    }

    fn open(&self, method: &'static str) -> Result<&MemoryStore> {
        *self.asked.lock().unwrap().entry(method).or_default() += 1;
        if !READS.contains(&method) {
            if self.locked.load(Ordering::Acquire) {
                return Err(Error::storage("the database is locked").during(method));
            }
            self.disk.lock().unwrap().take(ROW).map_err(|error| error.during(method))?;
        }
        match self.failing.lock().unwrap().get_mut(method) {
            Some(times) if *times > 0 => {
                *times -= 1;
                Err(Error::storage("the disk is full").during(method))
            }
            _ => Ok(&self.words),
        }
    }
}

macro_rules! failing {
    ($(fn $name:ident(&self $(, $arg:ident: $type:ty)* $(,)?) -> $answer:ty;)*) => {
        #[async_trait]
        impl WorkStore for FailingStore {
            $(
                async fn $name(&self $(, $arg: $type)*) -> Result<$answer> {
                    WorkStore::$name(self.open(stringify!($name))?, $($arg),*).await
                }
            )*
        }
    };
}

each_method!(failing);

/// What is stored of one source, by a store that can be made to fail.
#[derive(Debug)]
struct FailingArchive(FailingStore, Arc<dyn Archive>);

#[async_trait]
impl Archive for FailingArchive {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        self.0.open("stored")?;
        self.1.stored(of).await
    }
}

#[async_trait]
impl ReconcileLog for FailingStore {
    fn archive(&self, origin: &Origin) -> Arc<dyn Archive> {
        Arc::new(FailingArchive(self.clone(), self.words.archive(origin)))
    }

    async fn open_gaps(&self, origin: &Origin) -> Result<Gaps> {
        self.open("open_gaps")?.open_gaps(origin).await
    }

    async fn close_gaps(&self, origin: &Origin, from: DateTime<Utc>, reached: DateTime<Utc>) -> Result<Gaps> {
        self.open("close_gaps")?.close_gaps(origin, from, reached).await
    }

    async fn open_run(&self, origin: &Origin, name: &str) -> Result<Option<Run>> {
        self.open("open_run")?.open_run(origin, name).await
    }

    async fn last_run(&self, origin: &Origin, mode: ReconcileMode) -> Result<Option<Run>> {
        self.open("last_run")?.last_run(origin, mode).await
    }

    async fn save_run(&self, run: &Run) -> Result<()> {
        self.open("save_run")?.save_run(run).await
    }
}
