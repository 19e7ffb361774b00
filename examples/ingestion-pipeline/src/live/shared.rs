//! What everybody shares who deals with sessions of sound.

use std::sync::Arc;

use connector_core::{Clock, Origin, Result};

use super::options::LiveOptions;
use super::spool::Spool;
use crate::progress::Progress;
use crate::session::{LiveStore, SessionRow, SessionState};

/// What everybody shares who deals with sessions.
pub(crate) struct Live {
    pub(crate) options: LiveOptions,
    pub(crate) spool: Spool,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
}

impl Live {
    pub(crate) fn new(options: LiveOptions, clock: Clock, progress: Progress) -> Self {
        let spool = Spool::new(options.directory.clone());
        Self { options, spool, clock, progress }
    }

    pub(crate) fn store(&self) -> &Arc<dyn LiveStore> {
        &self.options.store
    }

    /// Writes a session down as long as it is in a state, and counts it.
    pub(crate) async fn change(&self, from: SessionState, row: &SessionRow) -> Result<bool> {
        let is_done = self.store().change(from, row).await?;
        if is_done {
            self.progress.session(from, row.state);
        }
        Ok(is_done)
    }

    /// Removes the sound of a session whose state says that nobody needs it.
    pub(crate) async fn clear(&self, mut row: SessionRow) -> Result<()> {
        let Some(file) = row.file.take() else { return Ok(()) };
        self.spool.remove(&file).await?;
        self.store().change(row.state, &row).await.map(drop)
    }

    /// The sessions of a call that is given up wait no longer.
    pub(crate) async fn give_up_call(&self, origin: &Origin, conversation: &str) -> Result<()> {
        let sessions = self.store().of_call(origin, conversation).await?;
        for mut row in sessions.into_iter().filter(|row| row.state == SessionState::Waiting) {
            (row.state, row.updated) = (SessionState::Unmatched, self.clock.now());
            if self.change(SessionState::Waiting, &row).await? {
                self.progress.live_unmatched();
            }
        }
        Ok(())
    }

    /// Drops the sound of a call that is none of ours.
    pub(crate) async fn drop_call(&self, origin: &Origin, conversation: &str) -> Result<()> {
        for mut row in self.store().of_call(origin, conversation).await? {
            let from = row.state;
            let is_kept = matches!(from, SessionState::Open | SessionState::Waiting | SessionState::Unmatched);
            (row.state, row.updated) = (SessionState::Dropped, self.clock.now());
            // Whoever still records it removes the file at the end.
            if is_kept && self.change(from, &row).await? && from != SessionState::Open {
                self.clear(row).await?;
            }
        }
        Ok(())
    }
}
