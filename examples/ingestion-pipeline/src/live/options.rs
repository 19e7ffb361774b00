//! How sound of calls that go on is recorded and stored.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::session::{LiveStore, SessionRow};

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
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir().unwrap();
/// # let at = |name: &str| home.path().join(name);
/// use std::time::Duration;
/// use ingestion_pipeline::{FolderSink, LiveOptions, Pipeline, SqliteStore};
///
/// let store = SqliteStore::open(at("ingest.db")).await?;
/// let live = LiveOptions::new(store.clone(), at("live")).with_deadline(Duration::from_secs(1800));
/// let outbox = async |_| Ok(());
/// let pipeline = Pipeline::new(store, FolderSink::open(at("objects"))?, outbox).with_live(live);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LiveOptions {
    pub(crate) store: Arc<dyn LiveStore>,
    pub(crate) directory: PathBuf,
    pub(crate) deadline: Duration,
    pub(crate) decide: Decide,
    pub(crate) keep_all: bool,
    pub(crate) usage: LiveUse,
    pub(crate) at_once: usize,
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
    /// come; an hour unless said otherwise. A call waits as long for a session that does not end, and for word of its own end.
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
