//! The recordings of a drop folder: the files themselves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::{
    Conversation, Download, DownloadOptions, Error, Gone, JobCheck, Lookup, Outlook, Recording, RecordingDownloader,
    RecordingOptions, RecordingSet, Result, Validator,
};

use crate::files::Mark;
use crate::shared::Shared;

/// Fetches the recordings that events of the same drop folder named.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path();
/// use connector_core::{Context, ConversationHistory, DownloadOptions, HistoryQuery, ListingExt, Lookup, RecordingDownloader};
/// use connector_folder::{LocalFolder, MemoryLedger};
/// use connector_universal::{DropFolder, DropFolderConfig, SidecarMode};
/// use futures_util::TryStreamExt;
///
/// std::fs::write(path.join("20261102-101500_kay_lind.mp3"), "some sound")?;
/// let config = DropFolderConfig::new("UTC").with_sidecar(SidecarMode::None);
/// let calls = DropFolder::new(config, LocalFolder::open(path)?, MemoryLedger::new(), &Context::default())?;
/// # let day = "2026-11-02T00:00:00Z".parse().unwrap();
/// # let mut found = calls.history().ended(HistoryQuery::between(day, day + chrono::TimeDelta::days(1))).items(|_| {});
/// # let call = found.try_next().await?.unwrap();
///
/// // `call` is what an event told, or the history.
/// let recording = &call.recordings[0];
/// let from = DownloadOptions::default();
/// let Lookup::Ready(download) = calls.recordings().download(recording, from).await? else { panic!("it is gone") };
/// assert_eq!(download.size, Some(10));
/// assert_eq!(download.bytes.try_collect::<Vec<_>>().await?.concat(), b"some sound");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DropFolderRecordings {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for DropFolderRecordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolderRecordings({})", self.shared.cx.origin())
    }
}

#[async_trait]
impl RecordingDownloader for DropFolderRecordings {
    /// A file is there or it is not: nothing is waited for.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// The recordings that the events named; a call that came without any has none.
    async fn recordings(&self, of: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let set = |call: &Conversation| match call.recordings.is_empty() {
            true => RecordingSet::new(Vec::new(), Outlook::Never),
            false => RecordingSet::new(call.recordings.clone(), Outlook::Complete),
        };
        of.iter().map(|call| Ok(set(call))).collect()
    }

    /// The file as it was when the event named it. When it has become another version since, that is an error: the event
    /// of the new version brings its own place.
    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let failed = |error: Error| error.of(self.shared.cx.origin()).during("download");
        let mark: Mark = recording.locator.read().map_err(failed)?;
        let read = match self.shared.folder.read(&mark.path, options.from, Some(&mark.version)).await {
            Ok(read) => read,
            Err(error) if error.is_not_found() => return Ok(Lookup::Gone(Gone::Deleted)),
            Err(error) => return Err(failed(error)),
        };
        let mut download = Download::new(read.bytes);
        download.from = options.from;
        download.size = Some(read.version.size);
        download.validator = Some(Validator::new(read.version.to_string()));
        Ok(Lookup::Ready(download))
    }

    async fn check(&self) -> JobCheck {
        self.shared.check().await
    }
}
