//! Sound of calls while they go on: recorded as it comes, and cut to what belongs to agents once the call is known.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{AgentRef, Origin, Position, Result, Speaker};
use serde::{Deserialize, Serialize};

use crate::work::after;

mod cut;
mod hear;
mod record;
mod spool;
mod take;

pub(crate) use hear::Hearing;
pub(crate) use record::Recorder;
pub(crate) use take::Live;

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
    /// Nobody told of its call in time. Its sound is kept, should the call come after all.
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
pub trait LiveStore: fmt::Debug + Send + Sync + 'static {
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

/// What becomes of the sound of a session whose call nobody told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// It stays in the spool directory, and is stored when the call comes after all.
    #[default]
    Keep,
    /// It is deleted.
    Drop,
}

/// When sound of calls that go on is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveUse {
    /// Beside the recordings of the vendor.
    #[default]
    Beside,
    /// Only of calls of which the vendor has no recording.
    Instead,
}

type Decide = Arc<dyn Fn(&SessionRow) -> Unmatched + Send + Sync>;

/// How sound of calls that go on is recorded and stored.
///
/// ```no_run
/// # async fn example() -> connector_core::Result<()> {
/// use std::time::Duration;
/// use ingestion_pipeline::{FolderSink, LiveOptions, Pipeline, SqliteStore};
///
/// let store = SqliteStore::open("ingest.db").await?;
/// let live = LiveOptions::new(store.clone(), "live").with_deadline(Duration::from_secs(1800));
/// let outbox = async |_| Ok(());
/// let pipeline = Pipeline::new(store, FolderSink::open("objects")?, outbox).with_live(live);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LiveOptions {
    store: Arc<dyn LiveStore>,
    directory: PathBuf,
    deadline: Duration,
    decide: Decide,
    keep_all: bool,
    usage: LiveUse,
    at_once: usize,
}

impl LiveOptions {
    /// Sessions remembered there, whose sound is recorded into this directory until their calls are known. It is made when
    /// it is needed.
    pub fn new(store: impl LiveStore, directory: impl Into<PathBuf>) -> Self {
        Self {
            store: Arc::new(store),
            directory: directory.into(),
            deadline: Duration::from_secs(3600),
            decide: Arc::new(|_| Unmatched::Keep),
            keep_all: false,
            usage: LiveUse::default(),
            at_once: 2_000,
        }
    }

    /// How long after its end, or after the start of the program where that was later, the call of a session may still
    /// come; an hour unless said otherwise. A call waits as long for a session that does not end.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What becomes of the sound of sessions whose calls nobody told of in time; it is kept unless said otherwise.
    pub fn with_unmatched(self, unmatched: Unmatched) -> Self {
        self.on_unmatched(move |_| unmatched)
    }

    /// The same, decided for each of them.
    pub fn on_unmatched(mut self, decide: impl Fn(&SessionRow) -> Unmatched + Send + Sync + 'static) -> Self {
        self.decide = Arc::new(decide);
        self
    }

    /// Stores what is heard outside the time of agents, too: announcements, menus and queues.
    pub fn with_keep_all(mut self, keep_all: bool) -> Self {
        self.keep_all = keep_all;
        self
    }

    /// When the sound is stored; beside the recordings of the vendor unless said otherwise.
    pub fn with_use(mut self, usage: LiveUse) -> Self {
        self.usage = usage;
        self
    }

    /// How many sessions of a source are recorded at once at most; 2,000 unless said otherwise. One more is not taken.
    pub fn with_at_once(mut self, sessions: usize) -> Self {
        self.at_once = sessions;
        self
    }
}

impl fmt::Debug for LiveOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveOptions")
            .field("deadline", &self.deadline)
            .field("keep_all", &self.keep_all)
            .field("use", &self.usage)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}
