//! The calls of the past.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::{JobCheck, Listing, Lookup, LookupOptions, Priority};
use crate::{Clock, Conversation, ConversationRef, Cursor, Result};

/// Knows the calls of the past.
#[async_trait]
pub trait ConversationHistory: Debug + Send + Sync + 'static {
    /// How late, how far and how much at once it can be asked.
    fn limits(&self) -> HistoryLimits;

    /// Conversations that ended in a window. It may return more than asked for, never less.
    fn ended(&self, query: HistoryQuery) -> Listing<Conversation>;

    /// The metadata of one conversation.
    async fn conversation(&self, of: &ConversationRef, options: LookupOptions) -> Result<Lookup<Conversation>>;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// The same job, shared.
#[async_trait]
impl<Job: ConversationHistory + ?Sized> ConversationHistory for Arc<Job> {
    fn limits(&self) -> HistoryLimits {
        (**self).limits()
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        (**self).ended(query)
    }

    async fn conversation(&self, of: &ConversationRef, options: LookupOptions) -> Result<Lookup<Conversation>> {
        (**self).conversation(of, options).await
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

/// Which conversations of the past to list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryQuery {
    /// Ended at this time or later.
    pub from: DateTime<Utc>,
    /// Ended before this time.
    pub to: DateTime<Utc>,
    /// Where to go on.
    pub resume: Option<Cursor>,
    /// Who waits for it.
    pub priority: Priority,
}

impl HistoryQuery {
    /// Everything that ended in a window.
    pub fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { from, to, resume: None, priority: Priority::Reconcile }
    }

    /// Everything that ended within the last 24 hours, by the machine's clock. It is another time whenever it is asked for:
    /// whoever is to go on later names the time, by [`between`](Self::between).
    pub fn last_day() -> Self {
        let now = Clock::system().now();
        Self::between(now - TimeDelta::days(1), now)
    }
}

/// How late, how far and how much at once a history can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryLimits {
    /// How long after its end a call may still be missing from the list.
    pub lag: Duration,
    /// By how much two windows should overlap, so that nothing falls between them.
    pub overlap: Duration,
    /// The longest window that one query may span.
    pub max_window: Duration,
    /// How far back it reaches; `None` where there is no limit.
    pub retention: Option<Duration>,
}

impl HistoryLimits {
    /// A history that lags this much behind, with windows of a day and an overlap of twice the lag.
    pub fn lagging(lag: Duration) -> Self {
        Self { lag, overlap: lag * 2, max_window: Duration::from_secs(86_400), retention: None }
    }
}
