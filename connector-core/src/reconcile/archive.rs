//! What is stored, as a comparison needs to know it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Conversation, Result, Revision};

/// What is stored, asked in batches.
#[async_trait]
pub trait Archive: Debug + Send + Sync + 'static {
    /// What is stored of these conversations: one answer for each, in order; `None` for one that is not there.
    ///
    /// There are never more of them than the run's [`batch`](super::ReconcileRequest::batch), and no two of one id. A call
    /// that is known and still worked on counts as there, with [`StoredMedia::Pending`].
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>>;
}

#[async_trait]
impl<T: Archive + ?Sized> Archive for Arc<T> {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        (**self).stored(of).await
    }
}

/// What is stored of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The versions of its legs.
    pub legs: Vec<StoredLeg>,
    /// Its recordings.
    pub media: StoredMedia,
    /// How many recordings are stored, where that is counted.
    pub recordings: Option<usize>,
    /// How long the stored recordings of the call play in all.
    pub audio: Option<Duration>,
    /// How long they should play by the stored metadata.
    pub call: Option<Duration>,
}

impl Stored {
    /// A conversation with these recordings, whose number, legs and lengths are not known.
    pub fn new(media: StoredMedia) -> Self {
        Self { legs: Vec::new(), media, recordings: None, audio: None, call: None }
    }

    /// The same, with so many recordings: fewer than the source counts are a missing recording.
    pub fn with_recordings(mut self, count: usize) -> Self {
        self.recordings = Some(count);
        self
    }

    /// The same, with a leg.
    pub fn with_leg(mut self, id: impl Into<String>, version: StoredVersion) -> Self {
        self.legs.push(StoredLeg { id: id.into(), version });
        self
    }
}

/// One leg as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLeg {
    /// Its id.
    pub id: String,
    /// Which version of it is stored.
    pub version: StoredVersion,
}

/// Which version of a leg is stored, as far as the archive knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredVersion {
    /// It was stored without a revision: whatever the source calls a revision is news.
    Unknown,
    /// The fingerprint alone: every other one is news.
    Fingerprint(String),
    /// The whole revision: only one that supersedes it is news.
    Revision(Revision),
}

impl StoredVersion {
    /// Whether a source that lists this revision knows something newer.
    pub(super) fn is_older_than(&self, listed: &Revision) -> bool {
        match self {
            Self::Unknown => true,
            Self::Fingerprint(fingerprint) => *fingerprint != listed.fingerprint,
            Self::Revision(stored) => listed.supersedes(stored),
        }
    }
}

/// Whether the recordings of a call are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoredMedia {
    /// All of them.
    Complete,
    /// They are waited for, or the call is being worked on: nothing is to be done about them.
    Pending,
    /// There should be some, and they were given up.
    Missing,
    /// There are none.
    None,
}
