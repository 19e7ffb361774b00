//! Finds what was missed: the calls that a source's history names, less what is stored.
//!
//! A [`Reconcile`] walks through a period page by page, asks an [`Archive`] what is stored of each page, and hands over
//! the difference in [`Step`]s. It holds one page at a time, however long the period is. Each step names the position
//! to go on from once what it found is written down; dropping the stream cancels, and nothing but the last step is
//! looked at again.
//!
//! When to run it: [`NightlyAt`] says when the night's run is due, [`Gaps`] which silences can be made good.

mod archive;
mod gaps;
mod judge;
mod nightly;
mod report;
mod step;
#[cfg(test)]
mod tests;
mod walk;
mod window;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use archive::{Archive, Stored, StoredLeg, StoredMedia, StoredVersion};
pub use gaps::Gaps;
pub use nightly::NightlyAt;
pub use report::{ReconcileMode, ReconcileReport, Recovery};
pub use step::{Found, Step, Steps};
pub use window::Period;

use crate::{ConversationHistory, Cursor};
use window::{Position, Windows};

/// How many conversations an archive is asked for at once, unless somebody says otherwise.
const BATCH: usize = 500;
/// By how much a recording may be longer or shorter than its call, unless somebody says otherwise.
const TOLERANCE: Duration = Duration::from_secs(10);

/// What to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReconcileRequest {
    /// Why.
    pub mode: ReconcileMode,
    /// Calls that ended at this time or later.
    pub from: DateTime<Utc>,
    /// Calls that ended before this time.
    pub to: DateTime<Utc>,
    /// Where to go on: the last [`resume`](Step::resume) of a run that began at the same time.
    pub resume: Option<Cursor>,
    /// How many conversations the archive is asked for at once, from 1 to 10,000.
    pub batch: usize,
    /// By how much recordings may be longer or shorter than the call.
    pub tolerance: Duration,
}

impl ReconcileRequest {
    /// All calls that ended between two times.
    pub fn between(mode: ReconcileMode, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { mode, from, to, resume: None, batch: BATCH, tolerance: TOLERANCE }
    }

    /// The same, taken up at a position.
    pub fn with_resume(mut self, resume: Option<Cursor>) -> Self {
        self.resume = resume;
        self
    }

    /// The same, with batches of another size.
    pub fn with_batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }
}

/// A comparison of a source's history with what is stored.
///
/// A call can be found twice, for windows overlap and sources list twice; within a page it is found once, with all its
/// rows [merged](crate::Conversation::merge).
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use connector_core::*;
/// use connector_core::reconcile::{Archive, Found, Reconcile, ReconcileMode, ReconcileRequest, Stored};
/// use futures_util::{StreamExt, TryStreamExt, stream};
///
/// #[derive(Debug)]
/// struct Nothing; // an empty archive
///
/// #[async_trait::async_trait]
/// impl Archive for Nothing {
///     async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
///         Ok(vec![None; of.len()])
///     }
/// }
///
/// # #[derive(Debug)] struct OneCall;
/// # #[async_trait::async_trait]
/// # impl ConversationHistory for OneCall {
/// #     fn limits(&self) -> HistoryLimits { HistoryLimits::lagging(Duration::from_secs(600)) }
/// #     fn ended(&self, _: HistoryQuery) -> Listing<Conversation> {
/// #         stream::iter([Ok(Page::new(vec![Conversation::new(ConversationRef::new("c-1"), Vendor::UNIVERSAL)]))]).boxed()
/// #     }
/// #     async fn conversation(&self, _: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
/// #         Ok(Lookup::Gone(Gone::Unknown))
/// #     }
/// #     async fn check(&self) -> JobCheck { JobCheck::Ok }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// # let history = Arc::new(OneCall);
/// # let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let now = time("2026-10-20T02:00:00Z");
/// let request =
///     ReconcileRequest::between(ReconcileMode::Nightly, time("2026-10-19T00:00:00Z"), time("2026-10-20T00:00:00Z"));
/// let run = Reconcile::new(history, Arc::new(Nothing), request, now);
/// let mut report = run.report();
/// let mut steps = run.steps();
/// while let Some(step) = steps.try_next().await? {
///     report.add(&step);
///     for found in &step.found {
///         println!("{} has to be fetched", found.conversation().this);
///     }
///     // Write down what was found and `step.resume` in one transaction.
/// }
/// assert!(report.is_complete());
/// assert_eq!(report.detected, 2); // two windows, and this history names its call in both
/// # Ok(()) }
/// ```
pub struct Reconcile {
    history: Arc<dyn ConversationHistory>,
    archive: Arc<dyn Archive>,
    request: ReconcileRequest,
    period: Period,
    windows: Windows,
    resumed: Option<Position>,
}

impl Reconcile {
    /// Plans a run. Nothing is asked of anybody yet but the history's limits.
    pub fn new(
        history: Arc<dyn ConversationHistory>,
        archive: Arc<dyn Archive>,
        request: ReconcileRequest,
        now: DateTime<Utc>,
    ) -> Self {
        let limits = history.limits();
        let period = Period::new(request.from, request.to, &limits, now);
        let windows = Windows::new(&period, &limits, now);
        let resumed = request.resume.as_ref().and_then(|cursor| Position::read(cursor, request.from));
        Self { history, archive, request, period, windows, resumed }
    }

    /// What can be compared of what was asked for.
    pub fn period(&self) -> &Period {
        &self.period
    }

    /// Whether it goes on where another stopped. A position of another run, or one that cannot be read any more, counts
    /// as none: the period is compared from its beginning.
    pub fn is_resumed(&self) -> bool {
        self.resumed.is_some()
    }

    /// A report on it that has counted nothing yet. It has reached what the run it goes on from had reached.
    pub fn report(&self) -> ReconcileReport {
        let mut report = ReconcileReport::new(self.request.mode, &self.period);
        report.reached = self.done();
        report
    }

    /// Everything that ended before this time was compared before it starts.
    fn done(&self) -> DateTime<Utc> {
        self.resumed.as_ref().map_or(self.period.from, |position| position.start().max(self.period.from))
    }
}

impl fmt::Debug for Reconcile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconcile")
            .field("request", &self.request)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}
