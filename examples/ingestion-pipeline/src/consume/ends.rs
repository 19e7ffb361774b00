//! How the work on a conversation ends: it is finished, comes again later, or is given up.

use std::any::Any;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use tracing::warn;

use super::consumer::Consumer;
use crate::work::{WorkRow, after};

/// Waits after failed attempts grow from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(900));
/// The longest wait while our own disk or database fails.
const LONGEST_OWN_PAUSE: Duration = Duration::from_secs(60);
/// The longest wait until it is tried again to write down how the work on a call ended.
const LONGEST_END_PAUSE: Duration = Duration::from_secs(8);
/// The longest wait that a source can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
/// A row is given up after so many attempts in vain,
pub(crate) const ATTEMPTS: u32 = 20;
/// but only once it waits for longer than a source is down at worst.
pub(crate) const OUTAGE: Duration = Duration::from_secs(3 * 86_400);

/// How the work on a row ended.
pub(super) enum Done {
    /// Everything is stored.
    Whole,
    /// The call is none of ours.
    LeftAlone,
    /// Something is not there yet.
    NotYet { retry_after: Duration },
    /// All that can be had is stored, and the rest is given up.
    Lacking(Error),
}

/// What becomes of a row after the work on it.
pub(super) enum End {
    Finish,
    /// It comes again; `failed` says why it was in vain.
    Park {
        due: DateTime<Utc>,
        failed: Option<String>,
    },
    Bury {
        reason: &'static str,
        detail: String,
    },
}

impl Consumer {
    /// Writes down how the work ended, for as long as it takes: a lease that runs out because our own database cannot be
    /// written to would count as an attempt of the call.
    pub(super) async fn end(&self, row: &WorkRow, end: End) {
        let mut pause = PAUSES.0;
        while let Err(error) = self.write_end(row, &end).await {
            warn!(origin = %row.origin, task = row.lease.row, ?pause, "the end of the work could not be written down: {error}");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_END_PAUSE);
        }
    }

    async fn write_end(&self, row: &WorkRow, end: &End) -> Result<()> {
        match end {
            End::Finish => self.store.finish(&row.lease, &row.receipts, self.clock.now()).await,
            End::Park { due, failed } => self.store.park(&row.lease, *due, failed.as_deref()).await,
            End::Bury { reason, detail } => {
                // First the sound: once the row is buried nobody comes back to it.
                self.give_up_sessions(row).await?;
                self.store.bury(&row.lease, reason, detail, self.clock.now()).await
            }
        }
    }

    pub(super) fn end_of(&self, row: &WorkRow, worked: Result<Done>) -> End {
        let now = self.clock.now();
        let own_pause = self.own_pause(&worked);
        match worked {
            Ok(Done::Whole) => End::Finish,
            // The source is told nothing, but its receipts go: should it offer the call again, it is judged anew.
            Ok(Done::LeftAlone) => {
                self.progress.left_alone(1);
                End::Finish
            }
            Ok(Done::NotYet { retry_after }) => {
                self.progress.parked();
                End::Park { due: after(now, bounded(retry_after)), failed: None }
            }
            // Our own side failing is never the call's fault: no attempt is counted, and it is tried for as long as it takes.
            Err(error) if error.is_storage() => {
                warn!(origin = %row.origin, task = row.lease.row, pause = ?own_pause, "put off: {error}");
                self.progress.parked();
                End::Park { due: after(now, own_pause), failed: None }
            }
            Err(error) if !self.gives_up(row, &error) => {
                let pause = bounded(error.retry_after().unwrap_or_else(|| pause(row.attempts)));
                warn!(origin = %row.origin, task = row.lease.row, attempt = row.attempts + 1, ?pause, "put off: {error}");
                self.progress.parked();
                End::Park { due: after(now, pause), failed: Some(error.to_string()) }
            }
            Ok(Done::Lacking(error)) | Err(error) => {
                warn!(origin = %row.origin, task = row.lease.row, "given up: {error}");
                self.progress.buried();
                End::Bury { reason: reason(&error), detail: error.to_string() }
            }
        }
    }

    /// Whether an error is the end of the work on a row.
    pub(super) fn gives_up(&self, row: &WorkRow, error: &Error) -> bool {
        let tried_enough = row.attempts >= ATTEMPTS && self.clock.now() >= after(row.waiting_since, OUTAGE);
        // Credentials that are refused today are mended tomorrow, and every call is worth the wait.
        let may_pass = error.is_retryable() || error.is_unauthorized();
        !error.is_storage() && (tried_enough || !may_pass)
    }

    /// How long to wait when our own side failed: longer each time in a row, whichever call it hits.
    fn own_pause(&self, worked: &Result<Done>) -> Duration {
        let before = match worked {
            Err(error) if error.is_storage() => self.own_failures.fetch_add(1, Ordering::Relaxed),
            _ => self.own_failures.swap(0, Ordering::Relaxed),
        };
        pause(before).min(LONGEST_OWN_PAUSE)
    }
}

pub(super) fn panicked(_: Box<dyn Any + Send>) -> Result<Done> {
    Err(Error::transient("the work on the call panicked").advise("please report what was printed before"))
}

fn reason(error: &Error) -> &'static str {
    match error {
        e if e.is_unauthorized() => "unauthorized",
        e if e.is_forbidden() => "forbidden",
        e if e.is_not_found() => "not_found",
        e if e.is_too_large() => "too_large",
        e if e.is_invalid() => "invalid",
        e if e.is_config() => "config",
        e if e.is_retryable() => "too_many_attempts",
        _ => "failed",
    }
}

/// Never at once, whatever the source says, and never later than tomorrow.
fn bounded(wait: Duration) -> Duration {
    wait.clamp(PAUSES.0, LONGEST_WAIT)
}

fn pause(attempts: u32) -> Duration {
    (PAUSES.0 * 2u32.saturating_pow(attempts)).min(PAUSES.1)
}
