//! What a run amounted to, in numbers.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::window::brief;
use super::{Found, Period, Step};
use crate::Priority;

/// Why history is compared with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReconcileMode {
    /// As every night.
    Nightly,
    /// Somebody asked for it.
    Manual,
    /// The source heard nothing for a while.
    Gap,
    /// Old calls are to be fetched.
    Backfill,
}

impl ReconcileMode {
    /// Who waits for the source's answers.
    pub fn priority(self) -> Priority {
        match self {
            Self::Backfill => Priority::Backfill,
            _ => Priority::Reconcile,
        }
    }
}

impl fmt::Display for ReconcileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nightly => "nightly",
            Self::Manual => "manual",
            Self::Gap => "gap",
            Self::Backfill => "backfill",
        })
    }
}

/// What became of a call that a run found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// It is stored now, with all that it has.
    Recovered,
    /// It is stored now; nobody recorded it and nobody will.
    NotRecordable,
    /// It was given up.
    Failed,
}

/// What a run amounted to. `Display` is one line.
///
/// ```
/// use connector_core::reconcile::{Period, ReconcileMode, ReconcileReport, Recovery};
/// use connector_core::HistoryLimits;
/// # let day = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let (from, to) = (day("2026-10-18T00:00:00Z"), day("2026-10-19T00:00:00Z"));
/// let period = Period::new(from, to, &HistoryLimits::lagging(std::time::Duration::ZERO), to);
/// let mut report = ReconcileReport::new(ReconcileMode::Nightly, &period);
/// report.detected = 2;
/// report.count(Recovery::Recovered);
/// assert_eq!(report.open(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReconcileReport {
    /// Why it ran.
    pub mode: ReconcileMode,
    /// Where the compared period begins.
    pub from: DateTime<Utc>,
    /// Where it ends.
    pub to: DateTime<Utc>,
    /// Everything that ended before this time is compared.
    pub reached: DateTime<Utc>,
    /// Conversations that were compared. One that the source lists twice may count twice, in this and all that follow.
    pub compared: u64,
    /// Conversations that the source listed though they ended outside the window asked for.
    pub outside: u64,
    /// Conversations that are none of ours.
    pub left_alone: u64,
    /// Calls that are not stored.
    pub detected: u64,
    /// Calls of which the source knows something newer.
    pub changed: u64,
    /// Calls whose recording is not stored and should be.
    pub missing_recording: u64,
    /// Calls whose recordings do not play for as long as the call says.
    pub duration_mismatch: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// Calls that are stored now because of this run.
    pub recovered: u64,
    /// Calls that are stored now because of this run, and have no recording.
    pub not_recordable: u64,
    /// Calls that were found and given up.
    pub failed: u64,
}

impl ReconcileReport {
    /// A run over this period that has compared nothing yet.
    pub fn new(mode: ReconcileMode, period: &Period) -> Self {
        Self {
            mode,
            from: period.from,
            to: period.to,
            reached: period.from,
            compared: 0,
            outside: 0,
            left_alone: 0,
            detected: 0,
            changed: 0,
            missing_recording: 0,
            duration_mismatch: 0,
            rejected: 0,
            recovered: 0,
            not_recordable: 0,
            failed: 0,
        }
    }

    /// Counts what a step brought.
    pub fn add(&mut self, step: &Step) {
        self.reached = self.reached.max(step.reached);
        self.compared += step.compared as u64;
        self.outside += step.outside as u64;
        self.left_alone += step.left_alone as u64;
        self.rejected += step.rejected.len() as u64;
        for found in &step.found {
            match found {
                Found::MissingCall(_) => self.detected += 1,
                Found::Changed(_) => self.changed += 1,
                Found::MissingRecording(_) => self.missing_recording += 1,
                Found::DurationMismatch { .. } => self.duration_mismatch += 1,
            }
        }
    }

    /// Counts what became of a call that was found.
    pub fn count(&mut self, recovery: Recovery) {
        match recovery {
            Recovery::Recovered => self.recovered += 1,
            Recovery::NotRecordable => self.not_recordable += 1,
            Recovery::Failed => self.failed += 1,
        }
    }

    /// Whether the whole period is compared.
    pub fn is_complete(&self) -> bool {
        self.reached >= self.to
    }

    /// Calls that were found and of which nobody said yet what became of them.
    pub fn open(&self) -> u64 {
        let found = self.detected + self.changed + self.missing_recording;
        found.saturating_sub(self.recovered + self.not_recordable + self.failed)
    }
}

impl fmt::Display for ReconcileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} to {}", self.mode, brief(self.from), brief(self.to))?;
        if !self.is_complete() {
            write!(f, ", reached {}", brief(self.reached))?;
        }
        write!(f, ": {} compared, {} detected, {} changed", self.compared, self.detected, self.changed)?;
        write!(f, ", {} recovered, {} failed", self.recovered, self.failed)?;
        write!(f, ", {} not recordable, {} missing recording", self.not_recordable, self.missing_recording)?;
        write!(f, ", {} duration mismatch, {} rejected", self.duration_mismatch, self.rejected)?;
        write!(f, ", {} left alone", self.left_alone)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Conversation, ConversationRef, Cursor, HistoryLimits, Rejected, Vendor};

    #[test]
    fn everything_that_a_step_brings_is_counted_and_what_is_reached_stays_reached() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (from, to) = (at("2026-10-19T00:00:00Z"), at("2026-10-20T00:00:00Z"));
        let period = Period::new(from, to, &HistoryLimits::lagging(Duration::ZERO), to);
        let call = || Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
        let mismatch = Found::DurationMismatch { conversation: call(), call: Duration::ZERO, audio: Duration::MAX };
        let mut step = Step {
            found: vec![Found::MissingCall(call()), Found::Changed(call()), Found::MissingRecording(call()), mismatch],
            rejected: vec![Rejected::new("row 1", "no_id", "it has no id")],
            compared: 9,
            outside: 2,
            left_alone: 3,
            reached: at("2026-10-19T12:00:00Z"),
            resume: Cursor::new("x"),
        };
        let mut report = ReconcileReport::new(ReconcileMode::Gap, &period);
        report.add(&step);
        step.reached = from;
        report.add(&step);
        report.count(Recovery::Failed);
        assert_eq!((report.outside, report.left_alone, report.open()), (4, 6, 5));
        assert_eq!(
            report.to_string(),
            "gap 2026-10-19T00:00:00Z to 2026-10-20T00:00:00Z, reached 2026-10-19T12:00:00Z: 18 compared, 2 detected, \
             2 changed, 0 recovered, 1 failed, 0 not recordable, 2 missing recording, 2 duration mismatch, 2 rejected, \
             6 left alone"
        );
    }
}
