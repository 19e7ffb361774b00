//! Sessions of sound in the store in memory.

use async_trait::async_trait;
use connector_core::{Origin, Result};

use super::MemoryStore;
use crate::session::{LiveStore, SessionRow, SessionState};

impl MemoryStore {
    /// All sessions of sound, by source and in the order in which they began.
    pub fn sessions(&self) -> Vec<SessionRow> {
        let mut rows = self.look().sessions.clone();
        rows.sort_by(|a, b| (&a.origin, a.began, &a.session).cmp(&(&b.origin, b.began, &b.session)));
        rows
    }
}

#[async_trait]
impl LiveStore for MemoryStore {
    async fn begin(&self, row: &SessionRow) -> Result<bool> {
        let mut tables = self.look();
        let is_new = !tables.sessions.iter().any(|known| is_same(known, row));
        if is_new {
            tables.sessions.push(row.clone());
        }
        Ok(is_new)
    }

    async fn change(&self, from: SessionState, row: &SessionRow) -> Result<bool> {
        let mut tables = self.look();
        let known = tables.sessions.iter_mut().find(|known| is_same(known, row) && known.state == from);
        Ok(known.map(|known| *known = row.clone()).is_some())
    }

    async fn of_call(&self, origin: &Origin, conversation: &str) -> Result<Vec<SessionRow>> {
        let mut rows = self.sessions();
        rows.retain(|row| row.origin == *origin && row.conversation == conversation);
        Ok(rows)
    }

    async fn kept(&self, origin: &Origin, state: SessionState) -> Result<Vec<SessionRow>> {
        let mut rows = self.sessions();
        rows.retain(|row| row.origin == *origin && row.state == state && row.file.is_some());
        Ok(rows)
    }
}

fn is_same(a: &SessionRow, b: &SessionRow) -> bool {
    (&a.origin, &a.session) == (&b.origin, &b.session)
}
