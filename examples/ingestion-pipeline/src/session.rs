//! Sessions of sound, as they are remembered.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{AgentRef, Origin, Position, Result, Speaker};
use serde::{Deserialize, Serialize};

use crate::work::after;

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SessionState {
    /// It goes on.
    Open,
    /// It is over, and its call is not known yet.
    Waiting,
    /// What belongs to agents is stored as recordings of the call.
    Matched,
    /// There is nothing of an agent in it.
    Empty,
    /// Nobody told of its call in time, or the call was given up. Its sound is kept, should the call come after all.
    Unmatched,
    /// Its sound was not wanted.
    Dropped,
}

impl SessionState {
    /// The word for it in tables and views.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Matched => "matched",
            Self::Empty => "empty",
            Self::Unmatched => "unmatched",
            Self::Dropped => "dropped",
        }
    }
}

/// A session of sound, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionRow {
    /// Whose call it is.
    pub origin: Origin,
    /// The vendor's id of the session. One that came twice has a number behind it the second time.
    pub session: String,
    /// The call.
    pub conversation: String,
    /// When the first sample was taken, by our clock.
    pub began: DateTime<Utc>,
    /// How far it has come.
    pub state: SessionState,
    /// Where its sound lies below the spool directory; none where there is none any more.
    pub file: Option<String>,
    /// When it ended, by our clock.
    pub ended: Option<DateTime<Utc>>,
    /// How long it is: samples of one channel, silence for what is missing included.
    pub samples: u64,
    /// Samples per second.
    pub rate: u32,
    /// Who is on which channel.
    pub speakers: Vec<Speaker>,
    /// Samples that nobody has.
    pub lost: u64,
    /// Whether all sound up to its end is there, as far as the vendor says.
    pub whole: bool,
    /// What became recordings of the call.
    pub parts: Vec<SessionPart>,
    /// When they did.
    pub matched: Option<DateTime<Utc>>,
    /// When this was written.
    pub updated: DateTime<Utc>,
}

impl SessionRow {
    /// A session that goes on, of which there is no sound yet.
    pub fn new(
        origin: Origin,
        session: impl Into<String>,
        conversation: impl Into<String>,
        began: DateTime<Utc>,
    ) -> Self {
        Self {
            origin,
            session: session.into(),
            conversation: conversation.into(),
            began,
            state: SessionState::Open,
            file: None,
            ended: None,
            samples: 0,
            rate: 8_000,
            speakers: Vec::new(),
            lost: 0,
            whole: false,
            parts: Vec::new(),
            matched: None,
            updated: began,
        }
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        length_of(self.samples, self.rate)
    }

    /// How much of it nobody has.
    pub fn lost_length(&self) -> Duration {
        length_of(self.lost, self.rate)
    }

    /// When so many samples of it had passed, by our clock.
    pub(crate) fn time_of(&self, samples: u64) -> DateTime<Utc> {
        after(self.began, length_of(samples, self.rate))
    }
}

/// A stretch of a session that became a recording of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionPart {
    /// The recording's id in the call.
    pub recording: String,
    /// Its first sample in the session.
    pub from: u64,
    /// How many samples of each channel it has.
    pub samples: u64,
    /// The legs that it covers.
    pub legs: Vec<String>,
    /// Who took them.
    pub agents: Vec<AgentRef>,
}

/// How long so many samples last.
pub(crate) fn length_of(samples: u64, rate: u32) -> Duration {
    Position { samples, rate }.since_start()
}

/// Where sessions of sound are remembered. Ours is [`SqliteStore`](crate::SqliteStore), beside
/// [`WorkStore`](crate::WorkStore).
///
/// Every method is one transaction: when it returns, what it did is durable. A session is known by its source and its id.
#[async_trait]
pub trait LiveStore: Debug + Send + Sync + 'static {
    /// Writes a session down that begins. `false`, and nothing is written, where the source has one of that id.
    async fn begin(&self, row: &SessionRow) -> Result<bool>;

    /// Writes a session down in place of what was known of it, as long as its state there is still `from`. `false`, and
    /// nothing is written, where it is another one.
    async fn change(&self, from: SessionState, row: &SessionRow) -> Result<bool>;

    /// The sessions of a call, in the order in which they began.
    async fn of_call(&self, origin: &Origin, conversation: &str) -> Result<Vec<SessionRow>>;

    /// The sessions of a source in a state whose sound lies in the spool directory, in the order in which they began.
    async fn kept(&self, origin: &Origin, state: SessionState) -> Result<Vec<SessionRow>>;
}
