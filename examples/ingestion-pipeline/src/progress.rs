//! How far the loops have come, for whoever watches.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::Origin;
use serde::Serialize;
use tracing::{info, warn};

use crate::call::StoredRecording;
use crate::session::SessionState;
use crate::work::Recorded;

mod state;

pub use state::SourceState;

/// Live counts of a running pipeline. Clones share them.
///
/// ```
/// use ingestion_pipeline::Progress;
///
/// let progress = Progress::default(); // that of `Pipeline::progress`
/// for (origin, state) in progress.sources() {
///     println!("{origin}: {state}");
/// }
/// assert!(progress.report().to_string().starts_with("0 calls stored"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    report: Mutex<Report>,
    gaps: Mutex<BTreeMap<Origin, u64>>,
    sources: Mutex<BTreeMap<Origin, SourceState>>,
}

/// What a pipeline did while it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Report {
    /// Events heard for the first time.
    pub events: u64,
    /// Events and rejections heard again.
    pub repeated: u64,
    /// Things that could not be used.
    pub rejected: u64,
    /// Calls stored for the first time.
    pub stored: u64,
    /// Calls of which a further version was stored.
    pub updated: u64,
    /// Recordings stored.
    pub recordings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Downloads taken up again after a cut.
    pub resumed: u64,
    /// How often a call was put off, since something was not ready or failed for the moment.
    pub parked: u64,
    /// Calls given up; the dead letters say why.
    pub buried: u64,
    /// Calls that were missed, found by a comparison with a source's history, and stored.
    pub recovered: u64,
    /// Times in which a source with a history heard nothing, and that no comparison has covered yet.
    pub gaps_open: u64,
    /// Calls left alone, since they are outside the [`Scope`](crate::Scope). One that is told of again counts again.
    pub left_alone: u64,
    /// Sessions of sound that were recorded.
    pub live_recorded: u64,
    /// Sessions of sound of which something is stored as recordings of their calls.
    pub live_matched: u64,
    /// Sessions of sound that are over and whose calls are not known yet.
    pub live_waiting: u64,
    /// Sessions of sound of whose calls nobody told in time.
    pub live_unmatched: u64,
}

impl Progress {
    fn count(&self, count: impl FnOnce(&mut Report)) {
        count(&mut self.0.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn recorded(&self, recorded: Recorded) {
        self.count(|report| {
            report.events += recorded.events as u64;
            report.repeated += recorded.repeated as u64;
            report.rejected += recorded.rejected as u64;
        });
    }

    pub(crate) fn committed(&self, is_first: bool) {
        self.count(|report| *if is_first { &mut report.stored } else { &mut report.updated } += 1);
    }

    pub(crate) fn fetched(&self, stored: &StoredRecording) {
        self.count(|report| {
            report.recordings += 1;
            report.bytes += stored.size;
            report.resumed += u64::from(stored.resumed);
        });
    }

    pub(crate) fn parked(&self) {
        self.count(|report| report.parked += 1);
    }

    pub(crate) fn buried(&self) {
        self.count(|report| report.buried += 1);
    }

    pub(crate) fn recovered(&self, calls: u64) {
        self.count(|report| report.recovered += calls);
    }

    pub(crate) fn gaps_open(&self, origin: &Origin, gaps: usize) {
        self.0.gaps.lock().unwrap_or_else(PoisonError::into_inner).insert(origin.clone(), gaps as u64);
    }

    /// Notes how a source is doing, and says so in the log if that is news.
    pub(crate) fn source(&self, origin: &Origin, next: impl FnOnce(&SourceState) -> Option<SourceState>) {
        let mut states = self.states();
        let before = states.get(origin).cloned().unwrap_or(SourceState::Starting);
        let Some(state) = next(&before) else { return };
        match (state.is_news(&before), state.is_live()) {
            (true, true) => info!(%origin, "{state}"),
            (true, false) => warn!(%origin, "{state}"),
            (false, _) => {}
        }
        states.insert(origin.clone(), state);
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<Origin, SourceState>> {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How each source of the pipeline is doing now. Empty before it runs.
    pub fn sources(&self) -> BTreeMap<Origin, SourceState> {
        self.states().clone()
    }

    pub(crate) fn left_alone(&self, calls: usize) {
        self.count(|report| report.left_alone += calls as u64);
    }

    /// A session of sound came from one state into another.
    pub(crate) fn session(&self, from: SessionState, to: SessionState) {
        self.count(|report| {
            if from == SessionState::Open && to == SessionState::Waiting {
                report.live_recorded += 1;
                report.live_waiting += 1;
            }
            if from == SessionState::Waiting && to != SessionState::Waiting {
                report.live_waiting = report.live_waiting.saturating_sub(1);
            }
            report.live_matched += u64::from(to == SessionState::Matched);
        });
    }

    /// Sessions of sound have been waiting since before this program started.
    pub(crate) fn live_waiting(&self, sessions: usize) {
        self.count(|report| report.live_waiting += sessions as u64);
    }

    /// Nobody told of the call of a session in time.
    pub(crate) fn live_unmatched(&self) {
        self.count(|report| report.live_unmatched += 1);
    }

    /// The counts as they stand now.
    pub fn report(&self) -> Report {
        let mut report = *self.0.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.gaps_open = self.0.gaps.lock().unwrap_or_else(PoisonError::into_inner).values().sum();
        report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls stored, {} updated, {} recordings ({} bytes, {} downloads resumed); {} events, {} repeated, {} rejected, \
             {} given up; {} recovered, {} gaps open, {} left alone",
            self.stored,
            self.updated,
            self.recordings,
            self.bytes,
            self.resumed,
            self.events,
            self.repeated,
            self.rejected,
            self.buried,
            self.recovered,
            self.gaps_open,
            self.left_alone
        )?;
        // Said only where there is any: most sources have none.
        if self.live_recorded + self.live_matched + self.live_waiting + self.live_unmatched > 0 {
            write!(
                f,
                "; live: {} recorded, {} matched, {} waiting, {} unmatched",
                self.live_recorded, self.live_matched, self.live_waiting, self.live_unmatched
            )?;
        }
        Ok(())
    }
}
