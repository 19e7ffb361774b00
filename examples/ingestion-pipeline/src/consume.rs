//! The work on one conversation: metadata, recordings, commit, publish, settle, finish.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{
    Clock, Connector, Conversation, Detail, Error, Lookup, LookupOptions, Origin, Outcome, Result, ResumeOptions,
    SettleOptions,
};
use futures_util::FutureExt;
use tracing::{debug, info, warn};

use crate::call::StoredCall;
use crate::live::Live;
use crate::outbox::Outbox;
use crate::progress::Progress;
use crate::scope::{Judgement, Scope};
use crate::sink::ObjectSink;
use crate::store::WorkStore;
use crate::work::{Lease, UnsettledRejection, WorkRow, after};

mod intake;
mod media;
mod rejections;
mod workers;

pub(crate) use intake::Intake;
pub(crate) use media::put;
pub(crate) use rejections::Rejections;
pub(crate) use workers::Workers;

/// How long a lease lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// A source that gives no sign for so long is not waited for any longer.
pub(crate) const SILENCE: Duration = Duration::from_secs(600);
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

/// Works on conversations, one call of [`work`](Self::work) each.
pub(crate) struct Consumer {
    pub(crate) connectors: HashMap<Origin, Connector>,
    pub(crate) scopes: HashMap<Origin, Scope>,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) sink: Arc<dyn ObjectSink>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) clock: Clock,
    pub(crate) resume: ResumeOptions,
    pub(crate) progress: Progress,
    /// Sound of calls that go on, where it is taken.
    pub(crate) live: Option<Arc<Live>>,
    /// How often in a row our own disk, database or queue failed.
    pub(crate) own_failures: AtomicU32,
}

/// How the work on a row ended.
pub(crate) enum Done {
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
enum End {
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
    /// Works on a row and ends its lease one way or another. Dropping the future leaves the lease to run out.
    pub(crate) async fn work(&self, row: WorkRow) {
        let work = async {
            let worked = AssertUnwindSafe(self.store_and_hand_on(&row)).catch_unwind().await;
            let end = self.end_of(&row, worked.unwrap_or_else(panicked));
            self.end(&row, end).await;
        };
        tokio::select! {
            () = work => {}
            () = self.keep(&row.lease) => info!(task = row.lease.row, "somebody else has the lease now"),
        }
    }

    /// Renews a lease until it is lost.
    async fn keep(&self, lease: &Lease) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            match self.store.renew(lease, after(self.clock.now(), LEASE)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => warn!(task = lease.row, "the lease could not be renewed: {error}"),
            }
        }
    }

    /// Writes down how the work ended, for as long as it takes: a lease that runs out because our own database cannot be
    /// written to would count as an attempt of the call.
    async fn end(&self, row: &WorkRow, end: End) {
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
            End::Bury { reason, detail } => self.store.bury(&row.lease, reason, detail, self.clock.now()).await,
        }
    }

    fn end_of(&self, row: &WorkRow, worked: Result<Done>) -> End {
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
    pub(crate) fn gives_up(&self, row: &WorkRow, error: &Error) -> bool {
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

    async fn store_and_hand_on(&self, row: &WorkRow) -> Result<Done> {
        #[cfg(feature = "failpoints")]
        crate::failpoints::pass(crate::failpoints::Step::Leased);
        let connector = self.connector(&row.origin)?;
        let known = self.store.call(&row.origin, &row.conversation.id).await?;
        let document = match self.metadata(connector, row, known.as_ref()).await? {
            Lookup::Ready(document) => document,
            Lookup::NotReady { retry_after } => return Ok(Done::NotYet { retry_after }),
            Lookup::Gone(why) => return Err(Error::not_found(format!("the call is {why}")).of(&row.origin)),
        };
        if known.is_none() && self.is_outside(&row.origin, &document) {
            self.drop_live(row, &document).await?;
            return Ok(Done::LeftAlone);
        }
        let mut call = self.next_version(row, known.as_ref(), document);
        let done = self.fetch_media(connector, row, &mut call).await?;
        let heard = self.fetch_live(row, &mut call, &done).await?;
        let done = heard.after(done);
        if known.as_ref().is_none_or(|known| says_something_new(known, &call)) {
            #[cfg(feature = "failpoints")]
            crate::failpoints::pass(crate::failpoints::Step::BeforeCommit);
            if !self.store.commit(&row.lease, &call).await? {
                return Err(Error::transient("somebody else works on this call").of(&row.origin));
            }
            #[cfg(feature = "failpoints")]
            crate::failpoints::pass(crate::failpoints::Step::AfterCommit);
            self.progress.committed(known.is_none());
        }
        self.end_sessions(&heard).await?;
        self.publish(row).await?;
        if matches!(done, Done::Whole) {
            #[cfg(feature = "failpoints")]
            crate::failpoints::pass(crate::failpoints::Step::BeforeSettle);
            self.settle(connector, row).await?;
            #[cfg(feature = "failpoints")]
            crate::failpoints::pass(crate::failpoints::Step::Settled);
        }
        Ok(done)
    }

    fn is_outside(&self, origin: &Origin, document: &Conversation) -> bool {
        self.scopes.get(origin).is_some_and(|scope| scope.judge(document) != Judgement::Ours)
    }

    fn connector(&self, origin: &Origin) -> Result<&Connector> {
        let unknown = || Error::bug("the store leased a row of a source that was not asked for").of(origin);
        self.connectors.get(origin).ok_or_else(unknown)
    }

    /// What is known of the call: what is stored, what the events proved, and what the vendor says where that is not enough.
    async fn metadata(
        &self,
        connector: &Connector,
        row: &WorkRow,
        known: Option<&StoredCall>,
    ) -> Result<Lookup<Conversation>> {
        let mut document = known
            .map(|known| known.document.clone())
            .unwrap_or_else(|| Conversation::new(row.conversation.clone(), connector.vendor().clone()));
        document.this.learn(&row.conversation);
        if let Some(facts) = &row.facts {
            document.merge(facts.clone());
        }
        if row.facts.as_ref().is_some_and(|facts| facts.detail == Detail::Full) {
            return Ok(Lookup::Ready(document));
        }
        let Some(history) = connector.history() else {
            return Ok(Lookup::Ready(document));
        };
        Ok(match in_time(history.conversation(&row.conversation, LookupOptions::default())).await? {
            Lookup::Ready(fetched) => {
                document.merge(fetched);
                Lookup::Ready(document)
            }
            other => other,
        })
    }

    fn next_version(&self, row: &WorkRow, known: Option<&StoredCall>, document: Conversation) -> StoredCall {
        let now = self.clock.now();
        StoredCall {
            origin: row.origin.clone(),
            version: known.map_or(0, |known| known.version) + 1,
            recordings: known.map(|known| known.recordings.clone()).unwrap_or_default(),
            media: known.map(|known| known.media).unwrap_or_default(),
            prefix: known.map_or_else(
                || StoredCall::prefix_of(&row.origin, &document, row.first_seen),
                |known| known.prefix.clone(),
            ),
            first_seen: known.map_or(row.first_seen, |known| known.first_seen),
            stored: known.map_or(now, |known| known.stored),
            updated: now,
            document,
        }
    }

    async fn publish(&self, row: &WorkRow) -> Result<()> {
        for message in self.store.unpublished(&row.origin, &row.conversation.id).await? {
            let key = message.key.clone();
            self.outbox.publish(message).await.map_err(ours)?;
            #[cfg(feature = "failpoints")]
            crate::failpoints::pass(crate::failpoints::Step::Published);
            self.store.published(&key, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn settle(&self, connector: &Connector, row: &WorkRow) -> Result<()> {
        let Some(settler) = connector.settler() else { return Ok(()) };
        for receipt in &row.receipts {
            in_time(settler.settle(receipt, Outcome::Stored, SettleOptions::default())).await?;
        }
        Ok(())
    }

    /// Tells the source of a rejection that is written down.
    pub(crate) async fn settle_rejection(&self, rejection: &UnsettledRejection) -> Result<()> {
        if let Some(settler) = self.connector(&rejection.origin)?.settler() {
            let outcome = rejection.outcome.clone();
            in_time(settler.settle(&rejection.receipt, outcome, SettleOptions::default())).await?;
        }
        debug!(origin = %rejection.origin, dead_letter = rejection.id, "the source knows of the rejection");
        self.store.rejection_settled(rejection.id, self.clock.now()).await
    }
}

/// Waits for a source's answer, but not for ever.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let silent = || Error::transient(format!("the source gave no answer within {} s", SILENCE.as_secs()));
    tokio::time::timeout(SILENCE, answer).await.unwrap_or_else(|_| Err(silent()))
}

/// An error of the object store or the outbox: whatever they say, it is not the call's fault.
pub(crate) fn ours(error: Error) -> Error {
    if error.is_storage() || error.is_bug() {
        return error;
    }
    Error::storage(error.to_string()).caused_by(error)
}

fn panicked(_: Box<dyn Any + Send>) -> Result<Done> {
    Err(Error::transient("the work on the call panicked").advise("please report what was printed before"))
}

fn says_something_new(known: &StoredCall, call: &StoredCall) -> bool {
    let content = |call: &StoredCall| -> Vec<_> {
        call.recordings.iter().map(|stored| (stored.recording.id.clone(), stored.sha256.clone())).collect()
    };
    let mut before = known.document.clone();
    before.recordings.clone_from(&call.document.recordings);
    before.raw.clone_from(&call.document.raw); // kept beside the document, so what is stored has none
    before != call.document || content(known) != content(call) || known.media != call.media
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
