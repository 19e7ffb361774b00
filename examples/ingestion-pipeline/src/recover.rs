//! Reconciliation: what a source's history names and the store lacks becomes work.

use std::sync::Arc;
use std::time::Duration;

use connector_core::reconcile::{
    Archive, Found, Reconcile, ReconcileReport, ReconcileRequest, Recovery, Step, StoredMedia,
};
use connector_core::{CallEvent, CallEventKind, Clock, Connector, Conversation, Error, EventKey, Result, Stamp};
use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::store::WorkStore;
use crate::work::Batch;

/// How often it is looked what became of the calls that were found.
const LOOK: Duration = Duration::from_millis(100);

/// Compares a source's history with what is stored, makes work of the difference, and waits for what becomes of it.
///
/// Somebody has to do the work meanwhile: a [`Pipeline`](crate::Pipeline) on the same store, here or in another process.
#[derive(Debug)]
pub struct Recovering {
    connector: Connector,
    archive: Arc<dyn Archive>,
    store: Arc<dyn WorkStore>,
    clock: Clock,
    patience: Duration,
}

impl Recovering {
    /// A reconciliation of one source.
    pub fn new(connector: Connector, store: impl WorkStore, archive: impl Archive) -> Self {
        Self {
            connector,
            archive: Arc::new(archive),
            store: Arc::new(store),
            clock: Clock::system(),
            patience: Duration::from_secs(600),
        }
    }

    /// The same with another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long the calls of one step are waited for; 10 minutes unless said otherwise. Those that take longer stay open in
    /// the report, and are worked on all the same.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs once over a period. Memory is bounded by one step; cancelling it leaves the work that was made.
    ///
    /// # Errors
    /// `is_config` when the source has no history; else what the source or the store met.
    pub async fn run(&self, request: ReconcileRequest) -> Result<ReconcileReport> {
        let origin = self.connector.origin();
        let lacking = || Error::config("this source has no history to compare with").of(origin).during("reconcile");
        let history = self.connector.history().ok_or_else(lacking)?;
        let run = Reconcile::new(history, self.archive.clone(), request, self.clock.now());
        let name = self.clock.now().timestamp_millis();
        let mut report = run.report();
        let mut steps = run.steps();
        while let Some(step) = steps.try_next().await? {
            report.add(&step);
            let recoverable = self.make_work(step, name).await?;
            self.wait_for(recoverable, &mut report).await?;
        }
        info!(%origin, "{report}");
        Ok(report)
    }

    /// Makes work of what a step found, and returns the calls concerned.
    async fn make_work(&self, step: Step, run: i64) -> Result<Vec<Conversation>> {
        let now = self.clock.now();
        let (origin, vendor) = (self.connector.origin().clone(), self.connector.vendor().clone());
        let mut batch = Batch::new(origin, vendor, now, None, Vec::new());
        batch.rejected = step.rejected;
        let mut calls = Vec::new();
        for found in step.found {
            let kind = match found {
                Found::MissingCall(_) => CallEventKind::Ended,
                Found::Changed(_) => CallEventKind::MetadataChanged,
                Found::MissingRecording(_) => CallEventKind::RecordingAvailable,
                // Nothing can be fetched anew: a person has to look at it.
                _ => continue,
            };
            let call = found.conversation().clone();
            let at = call.ended.or(call.started).unwrap_or(Stamp::received(now));
            // Unlike that of any other run, since what failed once may be found again.
            let key = EventKey::new(format!("reconciled|{run}|{}", call.this.id));
            let mut event = CallEvent::new(key, call.this.clone(), kind, at);
            event.facts = Some(Box::new(call.clone()));
            batch.events.push(event);
            calls.push(call);
        }
        if !batch.events.is_empty() || !batch.rejected.is_empty() {
            self.store.record(&batch).await?;
        }
        Ok(calls)
    }

    /// Counts what becomes of these calls, as far as it shows in time.
    async fn wait_for(&self, mut calls: Vec<Conversation>, report: &mut ReconcileReport) -> Result<()> {
        let started = Instant::now();
        while !calls.is_empty() {
            let stored = self.archive.stored(&calls).await?;
            let mut answers = stored.into_iter();
            calls.retain(|_| {
                let became = match answers.next().flatten().map(|stored| stored.media) {
                    Some(StoredMedia::Pending) => return true,
                    Some(StoredMedia::Complete) => Recovery::Recovered,
                    Some(StoredMedia::None) => Recovery::NotRecordable,
                    _ => Recovery::Failed,
                };
                report.count(became);
                false
            });
            if calls.is_empty() || started.elapsed() > self.patience {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}
