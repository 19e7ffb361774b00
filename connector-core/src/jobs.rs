//! The jobs: what a connector can do for you, one small trait each.
//!
//! A trait holds what an implementor must write. It grows by options structs and new jobs, never by a new required
//! method. Every stream owns what it needs, ends after its first `Err`, and is cancelled by dropping it.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::{
    Agent, AgentGroup, AgentRef, Clock, Conversation, ConversationRef, Cursor, Download, Error, EventTraits, Events, GroupRef,
    JobCheck, Listing, LiveSessions, Lookup, Receipt, Recording, RecordingSet, Result, SubscribeRequest, Validator,
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
    /// All agents that the query asks for. Some vendors list those who left as well, by their [`AgentState`]; with others
    /// they are missing from then on. [`roster`](crate::roster) makes one of both.
    ///
    /// [`AgentState`]: crate::AgentState
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent>;

    /// All groups of the kinds that the vendor has.
    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup>;

    /// The one agent meant; `None` when the vendor knows nobody like that. Everybody is listed for it, unless the connector
    /// knows a shorter way.
    ///
    /// # Errors
    /// `is_config` when more than one may be meant; those of the list.
    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>> {
        let mut pages = self.list_agents(AgentQuery { priority: options.priority, ..AgentQuery::all() });
        let mut found = None;
        while let Some(page) = pages.try_next().await? {
            for agent in page.items.into_iter().filter(|agent| agent.who.may_be(who)) {
                if found.replace(agent).is_some() {
                    return Err(Error::config("more than one agent may be meant").advise("name the agent by the id"));
                }
            }
        }
        Ok(found)
    }

    /// Whether this job can work, and what is missing if not. One that has nothing to ask for says that it can.
    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// Hears what happens to calls.
#[async_trait]
pub trait EventSource: Debug + Send + Sync + 'static {
    /// What it can tell, and how exactly.
    fn traits(&self) -> EventTraits;

    /// The stream of what it hears. Only one at a time: a second one ends at once with
    /// [`is_already_subscribed`](crate::Error::is_already_subscribed).
    fn deliveries(&self, request: SubscribeRequest) -> Events;

    /// Whether this job can work, and what is missing if not. One that has nothing to ask for says that it can.
    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
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

    /// Whether this job can work, and what is missing if not. One that has nothing to ask for says that it can.
    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// Finds and fetches recordings.
#[async_trait]
pub trait RecordingDownloader: Debug + Send + Sync + 'static {
    /// After this time "not ready" is to be taken for "missing": a day, unless the connector knows better.
    fn patience(&self) -> Duration {
        Duration::from_secs(24 * 60 * 60)
    }

    /// The recordings of these calls: one answer a call, in order, so that a vendor's batch requests have a place.
    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>>;

    /// The bytes of one recording.
    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>>;

    /// Whether this job can work, and what is missing if not. One that has nothing to ask for says that it can.
    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// Takes the sound of calls while they go on.
#[async_trait]
pub trait LiveAudioSource: Debug + Send + Sync + 'static {
    /// Sessions as they begin. Only one stream at a time: a second one ends at once with
    /// [`is_already_subscribed`](crate::Error::is_already_subscribed). While there is none, no session is taken.
    fn sessions(&self) -> LiveSessions;

    /// Whether this job can work, and what is missing if not. One that has nothing to ask for says that it can.
    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
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
