//! A ledger for tests and for trying things out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::Result;

use super::{Ledger, Note};

/// A ledger that is gone when the program ends. Memory is proportional to the notes; [`forget`](Ledger::forget) bounds it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_folder::{Ledger, MemoryLedger, Note};
///
/// let ledger = MemoryLedger::new();
/// let note = Note { touched: "2026-10-19T14:10:00Z".parse().unwrap(), text: "taken".into() };
/// ledger.put(vec![("drop/20261019-140253_joe.wav".into(), note.clone())]).await?;
/// let found = ledger.get(&["drop/20261019-140253_joe.wav".into(), "another".into()]).await?;
/// assert_eq!(found, [Some(note), None]);
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct MemoryLedger(RwLock<HashMap<String, Note>>);

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn holding(notes: HashMap<String, Note>) -> Self {
        Self(RwLock::new(notes))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Note>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Note>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, keys: &[String]) -> Vec<Option<Note>> {
        let notes = self.read();
        keys.iter().map(|key| notes.get(key).cloned()).collect()
    }

    pub(super) fn insert(&self, notes: Vec<(String, Note)>) {
        self.write().extend(notes);
    }

    pub(super) fn remove_before(&self, before: DateTime<Utc>) -> u64 {
        let mut notes = self.write();
        let had = notes.len();
        notes.retain(|_, note| note.touched >= before);
        (had - notes.len()) as u64
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Note>>> {
        Ok(self.find(keys))
    }

    async fn put(&self, notes: Vec<(String, Note)>) -> Result<()> {
        self.insert(notes);
        Ok(())
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<u64> {
        Ok(self.remove_before(before))
    }
}

/// Keys hold file names, which hold logins: only their number shows.
impl fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLedger").field("notes", &self.read().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn forgetting_takes_only_what_is_older() {
        let at = |second: i64| DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap();
        let ledger = MemoryLedger::new();
        let notes = (0..3).map(|n| (format!("key {n}"), Note { touched: at(n), text: n.to_string() }));
        ledger.put(notes.collect()).await.unwrap();
        assert_eq!(ledger.forget(at(1)).await.unwrap(), 1, "a note of that very moment stays");
        let found = ledger.get(&["key 0".into(), "key 1".into(), "key 2".into()]).await.unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(format!("{ledger:?}"), "MemoryLedger { notes: 2 }");
    }
}
