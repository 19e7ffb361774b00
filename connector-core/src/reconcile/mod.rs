//! Finds what was missed: the calls that a source's history names, less what is stored.
//!
//! A [`Reconcile`] walks through a period page by page, asks an [`Archive`] what is stored of each page, and hands over
//! the difference in [`Step`]s. It holds one page at a time, however long the period is. Each step names the position
//! to go on from once what it found is written down; dropping the stream cancels, and nothing but the last step is
//! looked at again.
//!
//! When to run it: [`NightlyAt`] says when the night's run is due, [`Gaps`] which silences can be made good.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};

use crate::{Conversation, ConversationHistory, Cursor, Error, HistoryQuery, Listing, Page, Rejected, Result};

mod archive;
mod gaps;
mod judge;
mod nightly;
mod report;
#[cfg(test)]
mod tests;
mod window;

pub use archive::{Archive, Stored, StoredLeg, StoredMedia, StoredVersion};
pub use gaps::Gaps;
pub use nightly::NightlyAt;
pub use report::{ReconcileMode, ReconcileReport, Recovery};
pub use window::Period;

use window::{Position, Window, Windows};

/// How many conversations an archive is asked for at once, unless somebody says otherwise.
const BATCH: usize = 500;
/// How many at most.
const LARGEST_BATCH: usize = 10_000;
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

/// A difference between the source's history and what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// The call is not stored.
    MissingCall(Conversation),
    /// The source knows a leg more, or a newer version of one.
    Changed(Conversation),
    /// There should be a recording, and there is none. The call may have changed as well.
    MissingRecording(Conversation),
    /// The recordings do not play for as long as they should.
    DurationMismatch {
        /// The call.
        conversation: Conversation,
        /// How long they should play: the stretches that were recorded, else from the first answer to the end.
        call: Duration,
        /// How long they play.
        audio: Duration,
    },
}

impl Found {
    /// The call, as the source lists it.
    pub fn conversation(&self) -> &Conversation {
        match self {
            Self::MissingCall(call) | Self::Changed(call) | Self::MissingRecording(call) => call,
            Self::DurationMismatch { conversation, .. } => conversation,
        }
    }
}

/// What a run found in a part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The differences, at most one for each conversation.
    pub found: Vec<Found>,
    /// The rows that could not be read. They cost themselves.
    pub rejected: Vec<Rejected>,
    /// How many conversations were compared.
    pub compared: usize,
    /// How many were listed though they ended outside the window asked for: they are left out.
    pub outside: usize,
    /// How many were found and are none of ours.
    pub left_alone: usize,
    /// Everything that ended before this time is compared.
    pub reached: DateTime<Utc>,
    /// Where to go on once all of this is written down.
    pub resume: Cursor,
}

impl Step {
    /// Takes out the calls that are none of ours, and counts them.
    pub fn keep(&mut self, mut ours: impl FnMut(&Conversation) -> bool) {
        let before = self.found.len();
        self.found.retain(|found| ours(found.conversation()));
        self.left_alone += before - self.found.len();
    }
}

/// The steps of a run. `Err` is always the last item: the run can be taken up again at the last step's position.
pub type Steps = BoxStream<'static, Result<Step>>;

/// A comparison of a source's history with what is stored.
///
/// A call can be found twice, for windows overlap and sources list twice; within a page it is found once, with all its
/// rows [merged](Conversation::merge).
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

    /// Compares.
    ///
    /// # Errors
    /// Whatever the history or the archive fails with; [`is_bug`](Error::is_bug) when the archive answers for another
    /// number of conversations than it was asked for.
    pub fn steps(self) -> Steps {
        let mut walk = Walk { done: self.done(), run: self, open: None };
        if let Some((window, list)) = walk.run.resumed.as_ref().and_then(Position::window) {
            walk.open(window, list);
        }
        stream::try_unfold(walk, |mut walk| async move { Ok(walk.step().await?.map(|step| (step, walk))) }).boxed()
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

/// A run on its way.
struct Walk {
    run: Reconcile,
    /// Everything that ended before this time is compared.
    done: DateTime<Utc>,
    open: Option<Open>,
}

/// A window on its way.
struct Open {
    window: Window,
    listing: Listing<Conversation>,
    /// Where to go on in the listing once the pages before `page` are dealt with.
    list: Option<Cursor>,
    page: Option<Pending>,
}

/// What is left of a page.
struct Pending {
    items: std::vec::IntoIter<Conversation>,
    rejected: Vec<Rejected>,
    outside: usize,
    resume: Option<Cursor>,
}

impl Walk {
    async fn step(&mut self) -> Result<Option<Step>> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(window) = self.run.windows.after(self.done) else { return Ok(None) };
                self.open(window, None);
                continue;
            };
            if let Some(page) = open.page.take() {
                return self.compare(page).await.map(Some);
            }
            match open.listing.next().await {
                Some(page) => open.page = Some(Pending::new(page?, &open.window)),
                None => return Ok(Some(self.close())),
            }
        }
    }

    fn open(&mut self, window: Window, list: Option<Cursor>) {
        let mut query = HistoryQuery::between(window.from, window.to);
        query.resume.clone_from(&list);
        query.priority = self.run.request.mode.priority();
        self.open = Some(Open { window, listing: self.run.history.ended(query), list, page: None });
    }

    /// A window's end is a step of its own: only now it is known that no page follows.
    fn close(&mut self) -> Step {
        if let Some(open) = self.open.take() {
            self.done = self.done.max(open.window.to);
        }
        self.empty_step()
    }

    /// Compares the next batch of a page. Only after the last one the run stands behind the page.
    async fn compare(&mut self, mut page: Pending) -> Result<Step> {
        let request = &self.run.request;
        let batch: Vec<_> = page.items.by_ref().take(request.batch.clamp(1, LARGEST_BATCH)).collect();
        let compared = batch.len();
        let found = compare(&*self.run.archive, batch, request.tolerance).await?;
        let (rejected, outside) = (std::mem::take(&mut page.rejected), std::mem::take(&mut page.outside));
        if let Some(open) = &mut self.open {
            match page.items.len() {
                0 => open.list = page.resume.or(open.list.take()),
                _ => open.page = Some(page),
            }
        }
        Ok(Step { found, rejected, compared, outside, ..self.empty_step() })
    }

    fn empty_step(&self) -> Step {
        let begin = self.run.request.from;
        let position = match &self.open {
            Some(open) => Position::within(begin, open.window, open.list.clone()),
            None => Position::done(begin, self.done),
        };
        Step {
            found: Vec::new(),
            rejected: Vec::new(),
            compared: 0,
            outside: 0,
            left_alone: 0,
            reached: self.done,
            resume: position.cursor(),
        }
    }
}

impl Pending {
    fn new(page: Page<Conversation>, window: &Window) -> Self {
        let listed = page.items.len();
        let inside = |call: &Conversation| call.ended.is_none_or(|ended| window.contains(ended.at));
        let items: Vec<_> = page.items.into_iter().filter(inside).collect();
        let outside = listed - items.len();
        Self { items: merged(items).into_iter(), rejected: page.rejected, outside, resume: page.resume }
    }
}

/// One conversation for each id, in the order of their first rows.
fn merged(rows: Vec<Conversation>) -> Vec<Conversation> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    let mut merged: Vec<Conversation> = Vec::with_capacity(rows.len());
    for row in rows {
        match places.get(&row.this.id) {
            Some(&place) => {
                merged[place].merge(row);
            }
            None => {
                places.insert(row.this.id.clone(), merged.len());
                merged.push(row);
            }
        }
    }
    merged
}

async fn compare(archive: &dyn Archive, batch: Vec<Conversation>, tolerance: Duration) -> Result<Vec<Found>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let stored = archive.stored(&batch).await?;
    if stored.len() != batch.len() {
        let (asked, answered) = (batch.len(), stored.len());
        return Err(Error::bug(format!("the archive was asked for {asked} conversations and answered for {answered}")));
    }
    let judged = batch.into_iter().zip(&stored);
    Ok(judged.filter_map(|(listed, stored)| judge::judge(listed, stored.as_ref(), tolerance)).collect())
}
