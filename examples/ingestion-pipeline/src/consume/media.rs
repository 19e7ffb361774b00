//! The recordings of a call: which there are, and how they get into the object store.

use std::sync::Arc;
use std::time::Duration;

use connector_core::{
    Connector, Conversation, Error, Lookup, Outlook, Recording, RecordingDownloader, RecordingDownloaderExt,
    RecordingOptions, RecordingSet, Result,
};
use tracing::info;

use super::consumer::Consumer;
use super::ends::Done;
use super::silence::in_time;
use crate::call::{Media, StoredCall, StoredRecording};
use crate::work::{WorkRow, after};

/// What a call lacks once all its recordings were asked for.
#[derive(Default)]
struct Lacks {
    /// Something is not there yet; when to ask again.
    not_ready: Option<Duration>,
    /// Something is not there and will not be.
    gone: bool,
    /// Something cannot be had; the first reason.
    failed: Option<Error>,
}

impl Lacks {
    fn not_ready(&mut self, retry_after: Duration) {
        self.not_ready = Some(self.not_ready.map_or(retry_after, |wait| wait.min(retry_after)));
    }
}

impl Consumer {
    /// Brings the recordings of a call into the object store, as far as they are there.
    ///
    /// An error that passes ends it at once. One that does not pass costs the recording, not the call.
    pub(super) async fn fetch_media(
        &self,
        connector: &Connector,
        row: &WorkRow,
        call: &mut StoredCall,
    ) -> Result<Done> {
        if row.cause.is_metadata_only() {
            return Ok(Done::Whole);
        }
        let Some(downloader) = connector.recordings() else {
            if call.recordings.is_empty() {
                call.media = Media::None;
            }
            return Ok(Done::Whole);
        };
        let set = match recordings_of(&downloader, &call.document).await {
            Ok(set) => set,
            Err(error) if self.gives_up(row, &error) => {
                call.media = Media::Missing;
                return Ok(Done::Lacking(error));
            }
            Err(error) => return Err(error),
        };
        let lacks = self.fetch_all(&downloader, &set, row, call).await?;
        let patience_ends = after(row.waiting_since, downloader.patience());
        let waits = lacks.not_ready.filter(|_| self.clock.now() < patience_ends);
        let incomplete = lacks.not_ready.is_some() || lacks.gone || lacks.failed.is_some();
        call.media = match waits {
            Some(_) => Media::Partial,
            None if incomplete || set.outlook == Outlook::Ambiguous => Media::Missing,
            None if call.recordings.is_empty() => Media::None,
            None => Media::Complete,
        };
        Ok(match (waits, lacks.failed) {
            (Some(retry_after), _) => Done::NotYet { retry_after },
            (None, Some(error)) => Done::Lacking(error),
            (None, None) => Done::Whole,
        })
    }

    async fn fetch_all(
        &self,
        downloader: &Arc<dyn RecordingDownloader>,
        set: &RecordingSet,
        row: &WorkRow,
        call: &mut StoredCall,
    ) -> Result<Lacks> {
        let mut lacks = Lacks { not_ready: set.outlook.retry_after(), ..Lacks::default() };
        for recording in &set.items {
            match self.fetch(downloader, recording, call).await {
                Ok(Lookup::Ready(stored)) => call.put(stored),
                Ok(Lookup::NotReady { retry_after }) => lacks.not_ready(retry_after),
                Ok(Lookup::Gone(why)) => {
                    info!(origin = %row.origin, task = row.lease.row, "a recording is {why}");
                    lacks.gone = true;
                }
                Err(error) if self.gives_up(row, &error) => {
                    info!(origin = %row.origin, task = row.lease.row, "a recording cannot be had: {error}");
                    lacks.failed.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(lacks)
    }

    /// One recording, unless this very version of it is stored already.
    async fn fetch(
        &self,
        downloader: &Arc<dyn RecordingDownloader>,
        recording: &Recording,
        call: &StoredCall,
    ) -> Result<Lookup<StoredRecording>> {
        let known = call.recordings.iter().find(|known| known.recording.id == recording.id);
        if let Some(known) = known.filter(|known| is_same_version(known, recording)) {
            return Ok(Lookup::Ready(known.clone()));
        }
        let download = match (in_time(downloader.whole(recording, self.resume)).await?, known) {
            (Lookup::Ready(download), _) => download,
            (Lookup::NotReady { retry_after }, _) => return Ok(Lookup::NotReady { retry_after }),
            // What the source has deleted since, but we have, is not missing.
            (Lookup::Gone(_), Some(known)) => return Ok(Lookup::Ready(known.clone())),
            (Lookup::Gone(why), None) => return Ok(Lookup::Gone(why)),
        };
        let resumed = || download.resumed.count();
        Ok(Lookup::Ready(self.upload(call, recording.clone(), download.bytes, resumed).await?))
    }
}

async fn recordings_of(downloader: &Arc<dyn RecordingDownloader>, call: &Conversation) -> Result<RecordingSet> {
    let asked = downloader.recordings(std::slice::from_ref(call), RecordingOptions::default());
    let mut answers = in_time(async { Ok(asked.await) }).await?;
    match (answers.pop(), answers.is_empty()) {
        (Some(answer), true) => answer,
        _ => Err(Error::bug("a connector must give one answer for each call").during("recordings")),
    }
}

/// Whether these bytes are stored: only a validator on both sides, or a hash that the vendor names, can say so.
fn is_same_version(known: &StoredRecording, found: &Recording) -> bool {
    let same_hash = found.sha256.as_ref().is_some_and(|sha256| sha256.eq_ignore_ascii_case(&known.sha256));
    same_hash || (found.validator.is_some() && known.recording.validator == found.validator)
}
