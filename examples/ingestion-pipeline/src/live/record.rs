//! One session after another into files.

use std::collections::HashSet;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{
    AudioFormat, CallEvent, CallEventKind, ConversationRef, EventKey, LiveEnd, LiveItem, LiveItems, LiveSession,
    Origin, RecordOptions, Result, Stamp, Vendor, record_live,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tracing::warn;

use super::shared::Live;
use super::spool::Spool;
use crate::session::{SessionRow, SessionState};
use crate::store::WorkStore;
use crate::work::Batch;

/// Pauses until something is written down: the first, doubled up to the last.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// How often it is tried to write down that a session begins. Its sound waits in memory meanwhile.
const BEGINNINGS: u32 = 6;
/// How many sessions may have one id.
const NAMESAKES: u32 = 100;

/// Records the sessions of one source.
pub(crate) struct Recorder {
    pub(crate) live: Arc<Live>,
    pub(crate) origin: Origin,
    pub(crate) vendor: Vendor,
    pub(crate) work: Arc<dyn WorkStore>,
    pub(crate) work_arrived: Arc<Notify>,
    /// When the program started: whoever was to tell of a call before may still have to.
    pub(crate) started: DateTime<Utc>,
    /// The sessions that are being recorded by this process.
    pub(crate) here: Mutex<HashSet<String>>,
}

/// A session is being recorded, for as long as this is there.
struct Here<'a>(&'a Recorder, String);

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.here.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Recorder {
    /// Records a session to its end, or until it is to stop. Dropping the future, or killing the process, leaves a row and a
    /// file from which [`look`](Self::look) goes on.
    pub(crate) async fn record(&self, session: LiveSession, stop: watch::Receiver<bool>) {
        let Some((mut row, _here)) = self.begin(&session).await else { return };
        let (origin, id, format) = (&self.origin, row.session.clone(), session.format.clone());
        let file = row.file.clone().unwrap_or_default();
        let items = until_stopped(session.into_items(), format.clone(), stop);
        match record_live(items, self.live.spool.path(&file), RecordOptions::default()).await {
            Ok(Some(recorded)) => {
                (row.samples, row.lost, row.whole) = (recorded.samples, recorded.lost, recorded.is_whole());
            }
            Ok(None) => {}
            // What is there is kept. Whoever sends knows that nobody listens any more.
            Err(error) => {
                warn!(%origin, session = id, "the sound breaks off: {error}");
                match self.live.spool.mend(&file).await {
                    Ok(samples) => row.samples = samples,
                    Err(error) => return warn!(%origin, session = id, "it will be looked at again: {error}"),
                }
            }
        }
        row.ended = Some(self.live.clock.now());
        self.end(row).await;
    }

    /// Writes down that a session begins, before there is a file.
    async fn begin(&self, session: &LiveSession) -> Option<(SessionRow, Here<'_>)> {
        let mut pause = PAUSES.0;
        for _ in 0..BEGINNINGS {
            match self.try_begin(session).await {
                Ok(Some(begun)) => return Some(begun),
                Ok(None) => {
                    warn!(origin = %self.origin, session = session.id, "not recorded: too many sessions have this id");
                    return None;
                }
                Err(error) => warn!(origin = %self.origin, session = session.id, ?pause, "not recorded yet: {error}"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        warn!(origin = %self.origin, session = session.id, "not recorded");
        None
    }

    async fn try_begin(&self, session: &LiveSession) -> Result<Option<(SessionRow, Here<'_>)>> {
        for number in 1..=NAMESAKES {
            let id = if number == 1 { session.id.clone() } else { format!("{}.{number}", session.id) };
            if !self.here.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
                continue;
            }
            let here = Here(self, id.clone());
            let file = Spool::file_of(&self.origin, &id);
            if self.live.spool.make_room(&file).await? {
                continue;
            }
            let row = SessionRow {
                file: Some(file),
                rate: session.format.rate,
                speakers: session.format.speakers.clone(),
                updated: self.live.clock.now(),
                ..SessionRow::new(self.origin.clone(), id, &session.conversation.id, session.began)
            };
            if self.live.store().begin(&row).await? {
                return Ok(Some((row, here)));
            }
        }
        Ok(None)
    }

    /// Writes down that a session is over, for as long as it takes.
    async fn end(&self, row: SessionRow) {
        let mut pause = PAUSES.0;
        while let Err(error) = self.try_end(&row).await {
            warn!(origin = %self.origin, session = row.session, ?pause, "its end could not be written down: {error}");
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    pub(super) async fn try_end(&self, row: &SessionRow) -> Result<()> {
        let mut row = SessionRow { updated: self.live.clock.now(), ..row.clone() };
        row.state = if row.samples == 0 { SessionState::Empty } else { SessionState::Waiting };
        if !self.live.change(SessionState::Open, &row).await? {
            // Somebody found meanwhile that it is not wanted.
            row.state = SessionState::Dropped;
        }
        match row.state {
            SessionState::Waiting => self.wake(&row).await.map(drop),
            _ => self.live.clear(row).await,
        }
    }

    /// Lets somebody work on the call of a session once more, and says whether the call is known. Doing it twice changes
    /// nothing.
    pub(super) async fn wake(&self, row: &SessionRow) -> Result<bool> {
        let is_known = self.work.is_known(&self.origin, &row.conversation).await?;
        if is_known {
            let now = self.live.clock.now();
            let mut batch = Batch::new(self.origin.clone(), self.vendor.clone(), now, None, Vec::new());
            let key = EventKey::new(format!("live/{}", row.session));
            let call = ConversationRef::new(&row.conversation);
            batch.events.push(CallEvent::new(key, call, CallEventKind::RecordingAvailable, Stamp::received(now)));
            self.work.record(&batch).await?;
            self.work_arrived.notify_one();
        }
        Ok(is_known)
    }
}

/// The items of a session until they end, or until it is to stop: then it ends where it is.
fn until_stopped(items: LiveItems, format: Arc<AudioFormat>, stop: watch::Receiver<bool>) -> LiveItems {
    let reached = |item: &LiveItem| match item {
        LiveItem::Frame(frame) => frame.end(),
        LiveItem::Paused { at } | LiveItem::Resumed { at } | LiveItem::Held { at } | LiveItem::Unheld { at } => {
            at.samples
        }
        LiveItem::Lost { at, samples, .. } => at.samples.saturating_add(*samples),
        _ => 0,
    };
    let next = move |(mut items, mut stop, at): (LiveItems, watch::Receiver<bool>, u64)| {
        let format = format.clone();
        async move {
            let stopped = async {
                // Nobody is left who could say it.
                if stop.wait_for(|stop| *stop).await.is_err() {
                    pending::<()>().await;
                }
            };
            let item = tokio::select! {
                biased;
                item = items.try_next() => item?,
                () = stopped => {
                    let end = LiveItem::Ended { at: format.position(at), how: LiveEnd::Stopped };
                    return Ok(Some((end, (stream::empty().boxed(), stop, at))));
                }
            };
            Ok(item.map(|item| {
                let at = at.max(reached(&item));
                (item, (items, stop, at))
            }))
        }
    };
    stream::try_unfold((items, stop, 0), next).boxed()
}
