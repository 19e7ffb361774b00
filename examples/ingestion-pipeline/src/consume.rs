//! The work on one conversation: metadata, recordings, commit, publish, settle, finish.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    Clock, Connector, Conversation, Detail, Error, Lookup, LookupOptions, Origin, Outcome, Outlook, Recording,
    RecordingDownloader, RecordingDownloaderExt, RecordingOptions, RecordingSet, Result, ResumeOptions, SettleOptions,
};
use futures_util::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use tracing::{debug, info, warn};

use crate::call::{Media, StoredCall, StoredRecording};
use crate::outbox::Outbox;
use crate::progress::Progress;
use crate::sink::ObjectSink;
use crate::store::WorkStore;
use crate::work::{UnsettledRejection, WorkRow};

/// How long a lease lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// Waits after failed attempts grow from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(900));
/// After so many attempts in vain a row is given up.
const ATTEMPTS: u32 = 20;

/// Works on conversations, one call of [`work`](Self::work) each.
pub(crate) struct Consumer {
    pub(crate) connectors: HashMap<Origin, Connector>,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) sink: Arc<dyn ObjectSink>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) clock: Clock,
    pub(crate) resume: ResumeOptions,
    pub(crate) progress: Progress,
}

/// How the work on a row ended.
enum Done {
    /// Everything is stored.
    Whole,
    /// Something is not there yet.
    NotYet { retry_after: Duration },
}

impl Consumer {
    /// Works on a row and ends its lease one way or another. Dropping the future leaves the lease to run out.
    pub(crate) async fn work(&self, row: WorkRow) {
        let heartbeat = async {
            loop {
                tokio::time::sleep(LEASE / 3).await;
                let until = self.clock.now() + TimeDelta::from_std(LEASE).unwrap_or_default();
                match self.store.renew(&row.lease, until).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => warn!(task = row.lease.row, "the lease could not be renewed: {error}"),
                }
            }
        };
        let worked = tokio::select! {
            worked = self.store_and_hand_on(&row) => worked,
            () = heartbeat => return info!(task = row.lease.row, "somebody else has the lease now"),
        };
        if let Err(error) = self.end(&row, worked).await {
            warn!(origin = %row.origin, task = row.lease.row, "the row could not be ended, its lease runs out: {error}");
        }
    }

    async fn end(&self, row: &WorkRow, worked: Result<Done>) -> Result<()> {
        let now = self.clock.now();
        match worked {
            Ok(Done::Whole) => self.store.finish(&row.lease, &row.receipts, now).await,
            Ok(Done::NotYet { retry_after }) => {
                self.progress.parked();
                self.store.park(&row.lease, after(now, retry_after), None).await
            }
            // Our own disk or database failing is never the call's fault: it is tried for as long as it takes.
            Err(error) if error.is_storage() || (error.is_retryable() && row.attempts < ATTEMPTS) => {
                let pause = error.retry_after().unwrap_or_else(|| pause(row.attempts));
                warn!(origin = %row.origin, task = row.lease.row, attempt = row.attempts + 1, ?pause, "put off: {error}");
                self.progress.parked();
                self.store.park(&row.lease, after(now, pause), Some(&error.to_string())).await
            }
            Err(error) => {
                warn!(origin = %row.origin, task = row.lease.row, "given up: {error}");
                self.progress.buried();
                self.store.bury(&row.lease, reason(&error), &error.to_string(), now).await
            }
        }
    }

    async fn store_and_hand_on(&self, row: &WorkRow) -> Result<Done> {
        let connector = self.connector(&row.origin)?;
        let known = self.store.call(&row.origin, &row.conversation.id).await?;
        let document = match self.metadata(connector, row, known.as_ref()).await? {
            Lookup::Ready(document) => document,
            Lookup::NotReady { retry_after } => return Ok(Done::NotYet { retry_after }),
            Lookup::Gone(why) => return Err(Error::not_found(format!("the call is {why}")).of(&row.origin)),
        };
        let mut call = self.next_version(row, known.as_ref(), document);
        let done = self.fetch_media(connector, row, &mut call).await?;
        if known.as_ref().is_none_or(|known| says_something_new(known, &call)) {
            if !self.store.commit(&row.lease, &call).await? {
                return Err(Error::transient("somebody else works on this call").of(&row.origin));
            }
            self.progress.committed(known.is_none());
        }
        self.publish(row).await?;
        if matches!(done, Done::Whole) {
            self.settle(connector, row).await?;
        }
        Ok(done)
    }

    fn connector(&self, origin: &Origin) -> Result<&Connector> {
        let unknown = || Error::bug("the store leased a row of a source that was not asked for").of(origin);
        self.connectors.get(origin).ok_or_else(unknown)
    }

    /// What is known of the call: what is stored, what the events proved, and what the vendor says where that is not enough.
    async fn metadata(
        &self,
        connector: &Connector,
        row: &WorkRow,
        known: Option<&StoredCall>,
    ) -> Result<Lookup<Conversation>> {
        let mut document = known
            .map(|known| known.document.clone())
            .unwrap_or_else(|| Conversation::new(row.conversation.clone(), connector.vendor().clone()));
        document.this.learn(&row.conversation);
        if let Some(facts) = &row.facts {
            document.merge(facts.clone());
        }
        if row.facts.as_ref().is_some_and(|facts| facts.detail == Detail::Full) {
            return Ok(Lookup::Ready(document));
        }
        let Some(history) = connector.history() else {
            return Ok(Lookup::Ready(document));
        };
        Ok(match history.conversation(&row.conversation, LookupOptions::default()).await? {
            Lookup::Ready(fetched) => {
                document.merge(fetched);
                Lookup::Ready(document)
            }
            other => other,
        })
    }

    fn next_version(&self, row: &WorkRow, known: Option<&StoredCall>, document: Conversation) -> StoredCall {
        let now = self.clock.now();
        StoredCall {
            origin: row.origin.clone(),
            version: known.map_or(0, |known| known.version) + 1,
            recordings: known.map(|known| known.recordings.clone()).unwrap_or_default(),
            media: known.map(|known| known.media).unwrap_or_default(),
            prefix: known.map_or_else(
                || StoredCall::prefix_of(&row.origin, &document, row.first_seen),
                |known| known.prefix.clone(),
            ),
            first_seen: known.map_or(row.first_seen, |known| known.first_seen),
            stored: known.map_or(now, |known| known.stored),
            updated: now,
            document,
        }
    }

    /// Brings the recordings of a call into the object store, as far as they are there.
    async fn fetch_media(&self, connector: &Connector, row: &WorkRow, call: &mut StoredCall) -> Result<Done> {
        let Some(downloader) = connector.recordings().filter(|_| !row.cause.is_metadata_only()) else {
            return Ok(Done::Whole);
        };
        let set = recordings_of(&downloader, &call.document).await?;
        let mut retry_after = set.outlook.retry_after();
        let mut gone = false;
        for recording in &set.items {
            match self.fetch(&downloader, recording, call).await? {
                Lookup::Ready(stored) => put(&mut call.recordings, stored),
                Lookup::NotReady { retry_after: wait } => retry_after = Some(retry_after.map_or(wait, |w| w.min(wait))),
                Lookup::Gone(why) => {
                    info!(origin = %row.origin, task = row.lease.row, "a recording is {why}");
                    gone = true;
                }
            }
        }
        let out_of_patience = self.clock.now() >= after(row.first_seen, downloader.patience());
        call.media = match retry_after {
            Some(_) if out_of_patience => Media::Missing,
            Some(_) => Media::Partial,
            None if gone || set.outlook == Outlook::Ambiguous => Media::Missing,
            None if call.recordings.is_empty() => Media::None,
            None => Media::Complete,
        };
        Ok(match retry_after {
            Some(retry_after) if !out_of_patience => Done::NotYet { retry_after },
            _ => Done::Whole,
        })
    }

    /// One recording, unless this very version of it is stored already.
    async fn fetch(
        &self,
        downloader: &Arc<dyn RecordingDownloader>,
        recording: &Recording,
        call: &StoredCall,
    ) -> Result<Lookup<StoredRecording>> {
        let known = call.recordings.iter().find(|known| known.recording.id == recording.id);
        if let Some(known) = known.filter(|known| is_same_version(&known.recording, recording)) {
            return Ok(Lookup::Ready(known.clone()));
        }
        let download = match downloader.whole(recording, self.resume).await? {
            Lookup::Ready(download) => download,
            Lookup::NotReady { retry_after } => return Ok(Lookup::NotReady { retry_after }),
            Lookup::Gone(why) => return Ok(Lookup::Gone(why)),
        };
        let object = StoredCall::object_of(&call.prefix, recording);
        let mut digest = Digesting::default();
        self.sink.put(&object, download.bytes.inspect_ok(|bytes| digest.update(bytes)).boxed()).await?;
        let (sha256, size) = digest.finish();
        if recording.sha256.as_ref().is_some_and(|promised| !promised.eq_ignore_ascii_case(&sha256)) {
            return Err(Error::transient("the recording does not have the hash that the vendor names").of(&call.origin));
        }
        let resumed = download.resumed.count();
        self.progress.fetched(size, resumed);
        let recording = recording.clone();
        Ok(Lookup::Ready(StoredRecording { recording, object, sha256, size, stored: self.clock.now(), resumed }))
    }

    async fn publish(&self, row: &WorkRow) -> Result<()> {
        for message in self.store.unpublished(&row.origin, &row.conversation.id).await? {
            let key = message.key.clone();
            self.outbox.publish(message).await?;
            self.store.published(&key, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn settle(&self, connector: &Connector, row: &WorkRow) -> Result<()> {
        let Some(settler) = connector.settler() else { return Ok(()) };
        for receipt in &row.receipts {
            settler.settle(receipt, Outcome::Stored, SettleOptions::default()).await?;
        }
        Ok(())
    }

    /// Tells the source of a rejection that is written down.
    pub(crate) async fn settle_rejection(&self, rejection: &UnsettledRejection) -> Result<()> {
        if let Some(settler) = self.connector(&rejection.origin)?.settler() {
            settler.settle(&rejection.receipt, rejection.outcome.clone(), SettleOptions::default()).await?;
        }
        debug!(origin = %rejection.origin, dead_letter = rejection.id, "the source knows of the rejection");
        self.store.rejection_settled(rejection.id, self.clock.now()).await
    }
}

async fn recordings_of(downloader: &Arc<dyn RecordingDownloader>, call: &Conversation) -> Result<RecordingSet> {
    let mut answers = downloader.recordings(std::slice::from_ref(call), RecordingOptions::default()).await;
    match (answers.pop(), answers.is_empty()) {
        (Some(answer), true) => answer,
        _ => Err(Error::bug("a connector must give one answer for each call").during("recordings")),
    }
}

/// Counts and hashes what passes by.
#[derive(Default)]
struct Digesting {
    hash: Sha256,
    size: u64,
}

impl Digesting {
    fn update(&mut self, bytes: &Bytes) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> (String, u64) {
        (hex::encode(self.hash.finalize()), self.size)
    }
}

fn says_something_new(known: &StoredCall, call: &StoredCall) -> bool {
    let content = |call: &StoredCall| -> Vec<_> {
        call.recordings.iter().map(|stored| (stored.recording.id.clone(), stored.sha256.clone())).collect()
    };
    let mut before = known.document.clone();
    before.recordings.clone_from(&call.document.recordings);
    before != call.document || content(known) != content(call) || known.media != call.media
}

/// Whether both describe the same bytes: only a validator on both sides can say so.
fn is_same_version(known: &Recording, found: &Recording) -> bool {
    known.validator.is_some() && known.validator == found.validator
}

fn put(recordings: &mut Vec<StoredRecording>, stored: StoredRecording) {
    match recordings.iter_mut().find(|known| known.recording.id == stored.recording.id) {
        Some(known) => *known = stored,
        None => recordings.push(stored),
    }
}

fn reason(error: &Error) -> &'static str {
    match error {
        e if e.is_unauthorized() => "unauthorized",
        e if e.is_forbidden() => "forbidden",
        e if e.is_not_found() => "not_found",
        e if e.is_too_large() => "too_large",
        e if e.is_invalid() => "invalid",
        e if e.is_config() => "config",
        e if e.is_retryable() => "too_many_attempts",
        _ => "failed",
    }
}

fn after(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait).ok().and_then(|wait| time.checked_add_signed(wait)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn pause(attempts: u32) -> Duration {
    (PAUSES.0 * 2u32.saturating_pow(attempts)).min(PAUSES.1)
}
