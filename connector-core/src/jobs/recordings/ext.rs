//! What every downloader can do beside its own.

#[cfg(feature = "files")]
use std::path::Path;

use async_trait::async_trait;

#[cfg(feature = "files")]
use super::save::{self, SaveOptions, Saved};
use super::whole::{self, ResumeOptions, WholeDownload};
use super::{RecordingDownloader, RecordingOptions, RecordingSet};
use crate::{Conversation, Error, Lookup, Recording, Result};

/// Conveniences on every [`RecordingDownloader`] that can be cloned: that of a typed client, or an `Arc` of any.
#[async_trait]
pub trait RecordingDownloaderExt: RecordingDownloader + Clone {
    /// The recordings of one call.
    ///
    /// # Errors
    /// Those of [`recordings`](RecordingDownloader::recordings).
    async fn of(&self, call: &Conversation) -> Result<RecordingSet> {
        let mut answers = self.recordings(std::slice::from_ref(call), RecordingOptions::default()).await;
        match (answers.pop(), answers.is_empty()) {
            (Some(answer), true) => answer,
            _ => Err(Error::bug("a connector gives one answer for each call").during("recordings")),
        }
    }

    /// The whole recording as one stream, which goes on by itself from the last byte after a cut.
    ///
    /// # Errors
    /// The last one met once `attempts` in a row brought no new byte; [`is_changed`](Error::is_changed) when the
    /// recording became another version on the way.
    ///
    /// The last item is `is_changed` as well when the bytes do not have the SHA-256 that the recording names.
    async fn whole(&self, recording: &Recording, options: ResumeOptions) -> Result<Lookup<WholeDownload>> {
        whole::whole(self, recording, options).await
    }

    /// Saves the whole recording to a file.
    ///
    /// It is written under another name in the same directory, made durable, and renamed at once: under its own name the
    /// file is whole or not there, and an older one is replaced. A recording that changes on the way starts again. A
    /// process that dies leaves a file `.recording-….part` behind: whoever starts again may remove it, and need not save what
    /// is there under its own name.
    ///
    /// ```no_run
    /// # async fn example(recordings: std::sync::Arc<dyn connector_core::RecordingDownloader>,
    /// #     recording: connector_core::Recording) -> connector_core::Result<()> {
    /// use connector_core::{Lookup, RecordingDownloaderExt};
    /// # let directory = std::path::Path::new(".");
    /// match recordings.save(&recording, &directory.join(recording.file_name())).await? {
    ///     Lookup::Ready(saved) => println!("{} bytes, SHA-256 {}", saved.size, saved.sha256),
    ///     Lookup::NotReady { retry_after } => println!("again in {} s", retry_after.as_secs()),
    ///     Lookup::Gone(why) => println!("{why}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of [`whole`](Self::whole) and of the stream; of the disk, `is_storage`, `is_forbidden` or `is_not_found`.
    #[cfg(feature = "files")]
    async fn save(&self, recording: &Recording, file: &Path) -> Result<Lookup<Saved>> {
        self.save_with(recording, file, SaveOptions::default()).await
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    #[cfg(feature = "files")]
    async fn save_with(&self, recording: &Recording, file: &Path, options: SaveOptions) -> Result<Lookup<Saved>> {
        save::save(self, recording, file, options).await
    }
}

impl<Job: RecordingDownloader + Clone> RecordingDownloaderExt for Job {}
