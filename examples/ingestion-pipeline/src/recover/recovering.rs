//! One comparison: what a source's history names and the store lacks becomes work, and what becomes of it is counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::reconcile::{
    Archive, Found, Reconcile, ReconcileMode, ReconcileReport, ReconcileRequest, Recovery, Step, StoredMedia,
};
use connector_core::{
    CallEvent, CallEventKind, Clock, Connector, Conversation, ConversationHistory, Error, EventKey, Gap, Result, Stamp,
};
use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::runs::{Plan, ReconcileLog, Run};
use crate::progress::Progress;
use crate::scope::{Judgement, Scope};
use crate::store::WorkStore;
use crate::work::Batch;

/// How often it is looked what became of the calls that were found: at first, and after a while.
const LOOKS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

type OnStep = Arc<dyn Fn(&ReconcileReport) + Send + Sync>;

/// Compares a source's history with what is stored, makes work of the difference, and waits for what becomes of it.
///
/// Somebody has to do the work meanwhile: a [`Pipeline`](crate::Pipeline) on the same store, here or in another process.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::reconcile::ReconcileMode;
/// use connector_core::{Connector, Context, Vendor};
/// use ingestion_pipeline::{MemoryStore, Plan, ReconcileLog, Recovering};
///
/// let connector = Connector::new(&Context::default().for_source("acme", "calls"), Vendor::UNIVERSAL); // your vendor's
/// let store = MemoryStore::new();
/// let archive = store.archive(connector.origin());
/// let recovering = Recovering::new(connector, store.clone(), archive).with_log(store);
///
/// let (from, to) = ("2026-10-18T00:00:00Z".parse().unwrap(), "2026-10-19T00:00:00Z".parse().unwrap());
/// let run = recovering.carry_out(&Plan::new(ReconcileMode::Manual, "sunday", from, to)).await;
/// assert!(run.unwrap_err().is_config(), "this one has no history");
/// # Ok(()) }
/// ```
pub struct Recovering {
    connector: Connector,
    archive: Arc<dyn Archive>,
    store: Arc<dyn WorkStore>,
    log: Option<Arc<dyn ReconcileLog>>,
    scope: Scope,
    clock: Clock,
    patience: Duration,
    on_step: Option<OnStep>,
    progress: Option<Progress>,
}

impl Recovering {
    /// A reconciliation of one source.
    pub fn new(connector: Connector, store: impl WorkStore, archive: impl Archive) -> Self {
        Self::of(connector, Arc::new(store), Arc::new(archive))
    }

    pub(crate) fn of(connector: Connector, store: Arc<dyn WorkStore>, archive: Arc<dyn Archive>) -> Self {
        let (clock, patience) = (Clock::system(), Duration::from_secs(600));
        let scope = Scope::everyone();
        Self { connector, archive, store, log: None, scope, clock, patience, on_step: None, progress: None }
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

    /// The same for these people's calls: those of others are left alone, and counted so in the report.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same, remembering its runs.
    pub fn with_log(self, log: impl ReconcileLog) -> Self {
        self.remembering(Arc::new(log))
    }

    pub(crate) fn remembering(mut self, log: Arc<dyn ReconcileLog>) -> Self {
        self.log = Some(log);
        self
    }

    /// The same, telling how far it is after every step.
    pub fn on_step(mut self, tell: impl Fn(&ReconcileReport) + Send + Sync + 'static) -> Self {
        self.on_step = Some(Arc::new(tell));
        self
    }

    /// The same, counting what it recovers there.
    pub(crate) fn counting(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Runs once over a period, from its beginning or from the position in the request. Memory is bounded by one step;
    /// cancelling it leaves the work that was made.
    ///
    /// # Errors
    /// `is_config` when the source has no history; else what the source or the store met.
    pub async fn run(&self, request: ReconcileRequest) -> Result<ReconcileReport> {
        let name = request.mode.to_string();
        Ok(self.walk(name, request, None).await?.report)
    }

    /// Carries a plan out, from its beginning or from where the last one who did so was interrupted. An open run of that
    /// name over another time is ended first.
    ///
    /// # Errors
    /// Those of [`run`](Self::run). The run stays open then, and the same plan goes on with it.
    pub async fn carry_out(&self, plan: &Plan) -> Result<Run> {
        let request = ReconcileRequest::between(plan.mode, plan.from, plan.to);
        let Some(log) = &self.log else { return self.walk(plan.name.clone(), request, None).await };
        let mut known = log.open_run(self.connector.origin(), &plan.name).await?;
        if let Some(mut other) = known.take_if(|run| Plan::of(run) != *plan) {
            other.ended = Some(self.clock.now());
            log.save_run(&other).await?;
        }
        let resume = known.as_ref().and_then(|run| run.resume.clone());
        self.walk(plan.name.clone(), request.with_resume(resume), known).await
    }

    /// The gaps with whose ends the source's history has caught up.
    ///
    /// # Errors
    /// `is_config` when the source has no history, `is_storage`.
    pub async fn due_gaps(&self) -> Result<Vec<Gap>> {
        let lag = self.history()?.limits().lag;
        let gaps = self.remembered()?.open_gaps(self.connector.origin()).await?;
        Ok(gaps.due(self.clock.now(), lag))
    }

    /// Compares a time in which nothing was heard. Once the run has come to its end, the gap is closed as far as it reached;
    /// until then it stays open, and whoever makes the same gap good goes on where this one stopped.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub async fn make_good(&self, gap: &Gap) -> Result<Run> {
        let origin = self.connector.origin();
        info!(%origin, from = %gap.from, to = %gap.to, "making good a time in which nothing was heard: {}", gap.why);
        let name = format!("gap {}", gap.from.to_rfc3339());
        let run = self.carry_out(&Plan::new(ReconcileMode::Gap, name, gap.from, gap.to)).await?;
        self.remembered()?.close_gaps(origin, gap.from, run.report.reached).await?;
        if run.report.reached < gap.to {
            return Err(Error::transient("a gap was not reached to its end").of(origin).during("reconcile"));
        }
        Ok(run)
    }

    fn remembered(&self) -> Result<&Arc<dyn ReconcileLog>> {
        self.log.as_ref().ok_or_else(|| Error::bug("gaps are only known to a log").during("reconcile"))
    }

    async fn walk(&self, name: String, request: ReconcileRequest, known: Option<Run>) -> Result<Run> {
        let now = self.clock.now();
        let (from, to) = (request.from, request.to);
        let reconcile = Reconcile::new(self.history()?, self.archive.clone(), request, now);
        let mut run = match known {
            Some(run) if reconcile.is_resumed() => taken_up(run, &reconcile.report()),
            known => Run {
                origin: self.connector.origin().clone(),
                name,
                from,
                to,
                began: known.map_or(now, |run| run.began),
                resume: None,
                report: reconcile.report(),
                ended: None,
            },
        };
        self.save(&run).await?;
        let mut steps = reconcile.steps();
        while let Some(mut step) = steps.try_next().await? {
            step.keep(|call| self.scope.judge(call) == Judgement::Ours);
            run.report.add(&step);
            let position = step.resume.clone();
            let recoverable = self.make_work(step, now).await?;
            self.wait_for(recoverable, &mut run.report).await?;
            // Only now, so that the report never holds a call of which nobody will say what became of it.
            run.resume = Some(position);
            self.save(&run).await?;
            self.on_step.iter().for_each(|tell| tell(&run.report));
        }
        run.ended = Some(self.clock.now());
        self.save(&run).await?;
        info!(origin = %run.origin, "{}", run.report);
        Ok(run)
    }

    fn history(&self) -> Result<Arc<dyn ConversationHistory>> {
        let origin = self.connector.origin();
        let lacking = || Error::config("this source has no history to compare with").of(origin).during("reconcile");
        self.connector.history().ok_or_else(lacking)
    }

    async fn save(&self, run: &Run) -> Result<()> {
        match &self.log {
            Some(log) => log.save_run(run).await,
            None => Ok(()),
        }
    }

    /// Makes work of what a step found, and returns the calls concerned.
    async fn make_work(&self, step: Step, run: DateTime<Utc>) -> Result<Vec<Conversation>> {
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
            let key = EventKey::new(format!("reconciled|{}|{}", run.timestamp_millis(), call.this.id));
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
        let mut look = LOOKS.0;
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
                if let (Recovery::Recovered | Recovery::NotRecordable, Some(progress)) = (became, &self.progress) {
                    progress.recovered(1);
                }
                false
            });
            if calls.is_empty() || started.elapsed() > self.patience {
                return Ok(());
            }
            sleep(look).await;
            look = (look * 2).min(LOOKS.1);
        }
        Ok(())
    }
}

/// A run that goes on. More of the time asked for may be ripe by now.
fn taken_up(mut run: Run, now: &ReconcileReport) -> Run {
    run.report.to = now.to;
    run.report.reached = run.report.reached.max(now.reached);
    run
}

impl fmt::Debug for Recovering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovering").field("connector", &self.connector).finish_non_exhaustive()
    }
}
