//! The jobs: what a connector can do for you, one small trait each.
//!
//! A trait holds what an implementor must write. It grows by options structs and new jobs, never by a new required
//! method. Every stream owns what it needs, ends after its first `Err`, and is cancelled by dropping it.

mod connector;
mod delivery;
mod download;
mod listing;
mod lookup;
#[cfg(feature = "files")]
mod save;
mod seat;
mod shared;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use connector::{CheckReport, Connector, JobCheck};
pub use delivery::{
    Ack, AckSink, Cursor, Delivery, Events, Receipt, Refusal, SourceItem, SourceStatus, SubscribeRequest,
};
pub use download::{RecordingDownloaderExt, ResumeOptions, Resumed, WholeDownload};
pub use listing::{Listing, ListingExt, Page, Rejected, until_error};
pub use lookup::{Gone, Lookup};
#[cfg(feature = "files")]
pub use save::{Progress, SaveOptions, Saved};
pub use seat::{Listen, Seat};

use crate::{
    Agent, AgentGroup, AgentRef, Clock, Conversation, ConversationRef, Download, EventTraits, GroupRef, LiveSessions,
    Recording, RecordingSet, Result, Validator,
};

/// Who waits for an answer: orders those who wait at a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// A call that just ended.
    #[default]
    Live,
    /// The nightly comparison.
    Reconcile,
    /// Old calls.
    Backfill,
}

/// Lists the people whose calls count.
#[async_trait]
pub trait AgentDirectory: Debug + Send + Sync + 'static {
    /// All agents that the query asks for.
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent>;

    /// All groups of the kinds that the vendor has.
    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup>;

    /// The one agent meant; `None` when the vendor knows nobody like that.
    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>>;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// Hears what happens to calls.
#[async_trait]
pub trait EventSource: Debug + Send + Sync + 'static {
    /// What it can tell, and how exactly.
    fn traits(&self) -> EventTraits;

    /// The stream of what it hears. Only one at a time: a second one ends at once with
    /// [`is_already_subscribed`](crate::Error::is_already_subscribed).
    fn deliveries(&self, request: SubscribeRequest) -> Events;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

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

/// Finds and fetches recordings.
#[async_trait]
pub trait RecordingDownloader: Debug + Send + Sync + 'static {
    /// After this time "not ready" is to be taken for "missing".
    fn patience(&self) -> Duration;

    /// The recordings of these calls: one answer a call, in order, so that a vendor's batch requests have a place.
    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>>;

    /// The bytes of one recording.
    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>>;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// Takes the sound of calls while they go on.
#[async_trait]
pub trait LiveAudioSource: Debug + Send + Sync + 'static {
    /// Sessions as they begin. Only one stream at a time: a second one ends at once with
    /// [`is_already_subscribed`](crate::Error::is_already_subscribed). While there is none, no session is taken.
    fn sessions(&self) -> LiveSessions;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// Tidies up at the source once everything is stored: moves the dropped file, releases the lease.
#[async_trait]
pub trait Settler: Debug + Send + Sync + 'static {
    /// Says what became of the thing that the receipt stands for. Saying it twice is fine.
    async fn settle(&self, receipt: &Receipt, outcome: Outcome, options: SettleOptions) -> Result<()>;
}

macro_rules! options {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }
    };
}

options! {
    /// Which agents to list.
    AgentQuery {
        /// Only members of these groups; all agents when empty.
        groups: Vec<GroupRef>,
        /// Where to go on.
        resume: Option<Cursor>,
        /// Who waits for it.
        priority: Priority,
    }
}

impl AgentQuery {
    /// Every agent.
    pub fn all() -> Self {
        Self::default()
    }

    /// Members of this group, and of those named before.
    pub fn in_group(mut self, group: impl Into<GroupRef>) -> Self {
        self.groups.push(group.into());
        self
    }
}

options! {
    /// Which groups to list.
    GroupQuery {
        /// Where to go on.
        resume: Option<Cursor>,
        /// Who waits for it.
        priority: Priority,
    }
}

options! {
    /// How to look one thing up.
    LookupOptions {
        /// Who waits for it.
        priority: Priority,
    }
}

options! {
    /// How to ask for recordings.
    RecordingOptions {
        /// Who waits for them.
        priority: Priority,
    }
}

options! {
    /// How to fetch a recording.
    DownloadOptions {
        /// The first byte wanted.
        from: u64,
        /// Go on only if it is still this version; if it is not, the download starts at 0 with the new one.
        validator: Option<Validator>,
        /// Who waits for it.
        priority: Priority,
    }
}

options! {
    /// How to settle.
    SettleOptions {
        /// Who waits for it.
        priority: Priority,
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

    /// Everything that ended within the last 24 hours, by the machine's clock.
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

/// What became of something that a source delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Everything that belongs to it is stored.
    Stored,
    /// It cannot be used; the rejection is stored.
    Rejected {
        /// Why, for programs.
        reason: String,
        /// Where in it.
        at: Option<String>,
        /// Why, for people.
        detail: String,
    },
}
