//! The loop that makes good what a source missed: gaps once they are due, and a comparison every night.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::reconcile::{Gaps, NightlyAt, ReconcileMode};
use connector_core::{Clock, Origin, Result};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::recovering::Recovering;
use super::runs::{Plan, ReconcileLog};
use crate::progress::Progress;
use crate::supervise::Loop;

/// Pauses after a run that failed: the first, doubled up to the last.
pub(crate) const PAUSES: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(900));
/// The longest it sleeps without looking: another process may have written down a gap.
const LOOK: Duration = Duration::from_secs(60);
/// What the nightly run is remembered by.
const NIGHTLY: &str = "nightly";

/// When a source is compared with what is stored, and how far back.
///
/// ```
/// use std::time::Duration;
/// use connector_core::{Zone, reconcile::NightlyAt};
/// use ingestion_pipeline::{Schedule, SourceOptions};
///
/// let nightly = NightlyAt::new("02:30:00".parse().unwrap(), "Europe/Berlin".parse().unwrap());
/// let options = SourceOptions::default().reconcile(Schedule::new(nightly, Duration::from_secs(24 * 3600)));
/// assert!(options.reconcile.is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Once a day at this time.
    pub at: NightlyAt,
    /// How far back a run reaches at least. It reaches back to the end of the run before, if that is earlier.
    pub period: Duration,
}

impl Schedule {
    /// Every night at this time, over this long.
    pub fn new(at: NightlyAt, period: Duration) -> Self {
        Self { at, period }
    }
}

/// Works off what one source missed, one run at a time.
pub(crate) struct Rounds {
    pub(crate) origin: Origin,
    /// How long after its end a call may still be missing from the source's history.
    pub(crate) lag: Duration,
    pub(crate) recovering: Recovering,
    pub(crate) log: Arc<dyn ReconcileLog>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
    pub(crate) gaps_arrived: Arc<Notify>,
}

#[async_trait]
impl Loop for Rounds {
    /// Works until something fails: a run that was interrupted goes on at its position.
    async fn run(&self) -> Result<()> {
        loop {
            self.round().await?;
            let gaps = self.open_gaps().await?;
            // The time being up is as good a reason to look as a new gap.
            let _ = timeout(self.until_next(&gaps), self.gaps_arrived.notified()).await;
        }
    }
}

impl Rounds {
    /// Everything that is due now. What fails keeps nothing else from being tried; the first failure is the answer.
    async fn round(&self) -> Result<()> {
        let mut failed = Ok(());
        for gap in self.open_gaps().await?.due(self.clock.now(), self.lag) {
            failed = failed.and(self.recovering.make_good(&gap).await.map(drop));
            self.open_gaps().await?;
        }
        if let Some(plan) = self.nightly().await? {
            failed = failed.and(self.recovering.carry_out(&plan).await.map(drop));
        }
        failed
    }

    async fn open_gaps(&self) -> Result<Gaps> {
        let gaps = self.log.open_gaps(&self.origin).await?;
        self.progress.gaps_open(&self.origin, gaps.open().len());
        Ok(gaps)
    }

    /// The nightly run that was interrupted, or is due. A source that was never compared is compared at once.
    async fn nightly(&self) -> Result<Option<Plan>> {
        let Some(schedule) = &self.schedule else { return Ok(None) };
        let now = self.clock.now();
        let last = self.log.last_run(&self.origin, ReconcileMode::Nightly).await?;
        Ok(match last {
            Some(run) if run.ended.is_none() => Some(Plan::of(&run)),
            Some(run) if !schedule.at.is_due(run.began, now) => None,
            last => {
                let usual = before(before(now, schedule.period), self.lag);
                let from = last.map_or(usual, |last| last.report.reached.min(usual));
                Some(Plan::new(ReconcileMode::Nightly, NIGHTLY, from, now))
            }
        })
    }

    /// How long there is nothing to do.
    fn until_next(&self, gaps: &Gaps) -> Duration {
        let now = self.clock.now();
        let night = self.schedule.map(|schedule| schedule.at.next_after(now));
        let next = gaps.next_due(self.lag).into_iter().chain(night).min();
        next.map_or(LOOK, |next| (next - now).to_std().unwrap_or_default()).min(LOOK)
    }
}

/// The time so long before another, or the beginning of time.
fn before(time: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(length)
        .ok()
        .and_then(|length| time.checked_sub_signed(length))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}
