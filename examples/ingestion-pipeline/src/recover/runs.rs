//! Runs of reconciliation as they are remembered, and what they need of a database.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::reconcile::{Archive, Gaps, ReconcileMode, ReconcileReport};
use connector_core::{Cursor, Origin, Result};

/// A comparison that is remembered: whoever carries the same one out again goes on where it stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Why.
    pub mode: ReconcileMode,
    /// What it is found by again; a source has one open run of a name at most.
    pub name: String,
    /// Calls that ended at this time or later.
    pub from: DateTime<Utc>,
    /// Calls that ended before this time.
    pub to: DateTime<Utc>,
}

impl Plan {
    /// A comparison of the time between two others.
    pub fn new(mode: ReconcileMode, name: impl Into<String>, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { mode, name: name.into(), from, to }
    }

    /// What a run was to compare.
    pub fn of(run: &Run) -> Self {
        Self::new(run.report.mode, run.name.clone(), run.from, run.to)
    }
}

/// A run and how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Whose calls are compared.
    pub origin: Origin,
    /// What it is found by again.
    pub name: String,
    /// The beginning asked for.
    pub from: DateTime<Utc>,
    /// The end asked for.
    pub to: DateTime<Utc>,
    /// When it began, in the first process that worked on it.
    pub began: DateTime<Utc>,
    /// Where to go on; none before the first step.
    pub resume: Option<Cursor>,
    /// What it amounted to so far.
    pub report: ReconcileReport,
    /// When it ended; none while it is under way, or interrupted.
    pub ended: Option<DateTime<Utc>>,
}

/// Where runs of reconciliation are remembered, and the gaps that are still open. Ours is
/// [`SqliteStore`](crate::SqliteStore), beside [`WorkStore`](crate::WorkStore).
///
/// Every method is one transaction. The position of a run is saved once the work of its step is recorded and was waited
/// for, in a transaction of its own: who dies in between compares that one step again, whose calls are stored by then or
/// being worked on, which costs a lookup and changes nothing.
#[async_trait]
pub trait ReconcileLog: Debug + Send + Sync + 'static {
    /// What is stored of a source, for comparisons.
    fn archive(&self, origin: &Origin) -> Arc<dyn Archive>;

    /// The times in which a source heard nothing, as far as no run has covered them.
    async fn open_gaps(&self, origin: &Origin) -> Result<Gaps>;

    /// Closes what a run covered ([`Gaps::close`]), and returns what is left.
    async fn close_gaps(&self, origin: &Origin, from: DateTime<Utc>, reached: DateTime<Utc>) -> Result<Gaps>;

    /// The run of this name that has not ended.
    async fn open_run(&self, origin: &Origin, name: &str) -> Result<Option<Run>>;

    /// The run of this kind that began last, ended or not.
    async fn last_run(&self, origin: &Origin, mode: ReconcileMode) -> Result<Option<Run>>;

    /// Writes a run down, in place of what was known of it: source, name and beginning tell which.
    async fn save_run(&self, run: &Run) -> Result<()>;
}
