//! The jobs: what a connector can do for you, one small trait each.
//!
//! A trait holds what an implementor must write. It grows by options structs and new jobs, never by a new required
//! method, and no method has a default, so that a wrapper cannot forget one. Every stream owns what it needs, ends after its
//! first `Err`, and is cancelled by dropping it.

mod check;
mod connector;
mod delivery;
mod directory;
mod events;
mod history;
mod listing;
mod live_audio;
mod lookup;
mod recordings;
mod seat;
mod settler;

use serde::{Deserialize, Serialize};

pub use check::{CheckReport, JobCheck};
pub use connector::Connector;
pub use delivery::{Ack, AckSink, Delivery, Events, Refusal, SourceItem, SourceStatus};
pub use directory::{AgentDirectory, AgentQuery, GroupQuery, find_among};
pub use events::{EventSource, EventTraits, Replay, SubscribeRequest};
pub use history::{ConversationHistory, HistoryLimits, HistoryQuery};
pub use listing::{Listing, ListingExt, Page, until_error};
pub use live_audio::LiveAudioSource;
pub use lookup::{Gone, Lookup, LookupOptions};
pub use recordings::{
    Download, DownloadOptions, Outlook, RecordingDownloader, RecordingDownloaderExt, RecordingOptions, RecordingSet,
    ResumeOptions, Resumed, WholeDownload,
};
#[cfg(feature = "files")]
pub use recordings::{Progress, SaveOptions, Saved};
pub use seat::{Listen, Seat};
pub use settler::{Outcome, SettleOptions, Settler};

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
