//! The recordings of calls.

mod ext;
#[cfg(feature = "files")]
mod save;
mod whole;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::stream::BoxStream;

pub use ext::RecordingDownloaderExt;
#[cfg(feature = "files")]
pub use save::{Progress, SaveOptions, Saved};
pub use whole::{ResumeOptions, Resumed, WholeDownload};

use super::{JobCheck, Lookup, Priority};
use crate::{Conversation, Recording, Result, Validator};

/// Finds and fetches recordings.
#[async_trait]
pub trait RecordingDownloader: fmt::Debug + Send + Sync + 'static {
    /// After this time "not ready" is to be taken for "missing".
    fn patience(&self) -> Duration;

    /// The recordings of these calls: one answer a call, in order, so that a vendor's batch requests have a place.
    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>>;

    /// The bytes of one recording.
    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>>;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// The same job, shared.
#[async_trait]
impl<Job: RecordingDownloader + ?Sized> RecordingDownloader for Arc<Job> {
    fn patience(&self) -> Duration {
        (**self).patience()
    }

    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>> {
        (**self).recordings(of, options).await
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        (**self).download(recording, options).await
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

/// How to ask for recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingOptions {
    /// Who waits for them.
    pub priority: Priority,
}

/// The recordings of one call, and what is to be expected beyond them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingSet {
    /// What is there now.
    pub items: Vec<Recording>,
    /// What may still come.
    pub outlook: Outlook,
}

impl RecordingSet {
    /// These, and what may still come.
    pub fn new(items: Vec<Recording>, outlook: Outlook) -> Self {
        Self { items, outlook }
    }
}

/// Whether a set of recordings is all there will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outlook {
    /// That is all.
    Complete,
    /// More will come: ask again after this time.
    More {
        /// How long to wait.
        retry_after: Duration,
    },
    /// There are none and there will be none.
    Never,
    /// Something fits, but it also fits another call; a person must decide.
    Ambiguous,
}

impl Outlook {
    /// How long to wait before asking again, if asking again makes sense.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::More { retry_after } => Some(retry_after),
            _ => None,
        }
    }

    /// For connectors: how long to wait for a recording that is not there, so long after the end of its call. It is the first
    /// of these while that is how long ago it was, then the second for as long as that, and so on; the last one from then
    /// on. Where nobody knows when the call ended it is ten minutes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use connector_core::Outlook;
    /// let waits = [30, 60, 120].map(Duration::from_secs);
    /// let at = |age| Outlook::wait(&waits, Some(Duration::from_secs(age))).as_secs();
    /// assert_eq!([0, 29, 30, 89, 90, 9_999].map(at), [30, 30, 60, 60, 120, 120]);
    /// ```
    pub fn wait(waits: &[Duration], age: Option<Duration>) -> Duration {
        let Some(age) = age else { return SOMETIME };
        let mut reached = Duration::ZERO;
        let passed = |wait: &&Duration| {
            reached = reached.saturating_add(**wait);
            age >= reached
        };
        let place = waits.iter().take_while(passed).count();
        waits.get(place).or(waits.last()).copied().unwrap_or(SOMETIME)
    }
}

/// How long to wait where nothing else is said.
const SOMETIME: Duration = Duration::from_secs(600);

/// How to fetch a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// The first byte wanted.
    pub from: u64,
    /// Go on only if it is still this version; if it is not, the download starts at 0 with the new one.
    pub validator: Option<Validator>,
    /// Who waits for it.
    pub priority: Priority,
}

/// A recording on its way: its bytes, in pieces, from an offset.
#[non_exhaustive]
pub struct Download {
    /// Where it really starts: the offset asked for, or 0 when the version has changed.
    pub from: u64,
    /// The size of the whole recording.
    pub size: Option<u64>,
    /// Which version it is.
    pub validator: Option<Validator>,
    /// The bytes. An error is the last item: the bytes before it are good, what follows must be asked for again.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl Download {
    /// A download from the beginning.
    pub fn new(bytes: BoxStream<'static, Result<Bytes>>) -> Self {
        Self { from: 0, size: None, validator: None, bytes }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("from", &self.from)
            .field("size", &self.size)
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}
