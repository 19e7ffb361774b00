//! Sessions that nobody works on: cut off with their process, waiting for their calls, or done with.

use std::sync::PoisonError;
use std::time::Duration;

use connector_core::Result;
use tokio::time::sleep;
use tracing::warn;

use super::options::Unmatched;
use super::record::{PAUSES, Recorder};
use crate::session::{SessionRow, SessionState};
use crate::work::after;

/// How often it looks after them, at least.
const LOOK: Duration = Duration::from_secs(60);

impl Recorder {
    /// Looks after sessions again and again.
    pub(crate) async fn look_after(&self) {
        let pause = LOOK.min(self.live.options.deadline).max(PAUSES.0);
        loop {
            if let Err(error) = self.look().await {
                warn!(origin = %self.origin, "sessions of sound cannot be looked after: {error}");
            }
            sleep(pause).await;
        }
    }

    /// Goes on with sessions whose recording was cut off, wakes calls that nobody woke, gives up sessions whose calls did
    /// not come, and removes sound that nobody needs any more. What fails keeps nothing else from being tried.
    async fn look(&self) -> Result<()> {
        let (store, origin) = (self.live.store(), &self.origin);
        for row in store.kept(origin, SessionState::Open).await? {
            if !self.is_here(&row) {
                self.said(&row.session, self.recover(row.clone()).await);
            }
        }
        for row in store.kept(origin, SessionState::Waiting).await? {
            self.said(&row.session, self.wait_or_give_up(row.clone()).await);
        }
        for state in [SessionState::Matched, SessionState::Empty, SessionState::Dropped] {
            for row in store.kept(origin, state).await? {
                if !self.is_here(&row) {
                    self.said(&row.session, self.live.clear(row.clone()).await);
                }
            }
        }
        Ok(())
    }

    fn is_here(&self, row: &SessionRow) -> bool {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).contains(&row.session)
    }

    fn said(&self, session: &str, done: Result<()>) {
        if let Err(error) = done {
            warn!(origin = %self.origin, session, "a session is looked at again later: {error}");
        }
    }

    /// A session whose recording ended with its process.
    async fn recover(&self, mut row: SessionRow) -> Result<()> {
        let file = row.file.clone().unwrap_or_default();
        (row.samples, row.whole) = (self.live.spool.mend(&file).await?, false);
        row.ended = Some(row.time_of(row.samples));
        self.try_end(&row).await
    }

    async fn wait_or_give_up(&self, mut row: SessionRow) -> Result<()> {
        let now = self.live.clock.now();
        let since = row.ended.unwrap_or(row.began).max(self.started);
        if self.wake(&row).await? || now < after(since, self.live.options.deadline) {
            return Ok(());
        }
        row.updated = now;
        row.state = match (self.live.options.decide)(&row) {
            Unmatched::Keep => SessionState::Unmatched,
            Unmatched::Drop => SessionState::Dropped,
        };
        if self.live.change(SessionState::Waiting, &row).await? {
            let (session, call) = (&row.session, &row.conversation);
            warn!(origin = %self.origin, session, call, state = row.state.as_str(), "nobody told of the call of a session");
            self.live.progress.live_unmatched();
            if row.state == SessionState::Dropped {
                self.live.clear(row).await?;
            }
        }
        Ok(())
    }
}
