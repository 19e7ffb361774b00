//! The loop behind the events: lists, hears words of files, reads sidecars, hands pairs on.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{Error, Item, Listen, Result, SourceItem, SourceStatus, Watch, WatchChanges};
use connector_folder::{FolderPath, Listed, Notice};
use futures_core::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::ack::{HandedOn, Told};
use super::inbox::Inbox;
use super::pairing::Rules;
use crate::shared::Shared;

mod deciding;

/// Words of files taken in before the next look.
const WORDS_AT_ONCE: usize = 4096;
/// Files that are taken in at once; more wait until these are gone.
const CAPACITY: usize = 100_000;
/// The pause after trouble with the folder or the ledger.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// A folder that cannot be listed is tried again after this time at the latest.
const RETRY: TimeDelta = TimeDelta::seconds(10);
/// A pair that waited longer for its metadata than this is worth a word.
const LONG_WAIT: TimeDelta = TimeDelta::minutes(90);
/// How often purging, forgetting and words on how things are come up.
const CHORES: TimeDelta = TimeDelta::minutes(10);

/// A live subscription. Dropping it at any point loses nothing: what was not accepted lies in the folder.
pub(crate) struct Listener {
    shared: Arc<Shared>,
    watch: Watch,
    watch_changes: WatchChanges,
    rules: Rules,
    inbox: Inbox,
    notices: Option<BoxStream<'static, Notice>>,
    told: (mpsc::UnboundedSender<Told>, mpsc::UnboundedReceiver<Told>),
    out: VecDeque<SourceItem>,
    /// Items that are ready, and what is to be remembered of each once it is accepted.
    batch: Vec<(Item, HandedOn)>,
    list_at: DateTime<Utc>,
    chores_at: DateTime<Utc>,
    last_arrival: DateTime<Utc>,
    listed_before: bool,
    /// Folder or ledger failed, and this was said.
    trouble: bool,
    /// What was said of a file that could not be read.
    file_trouble: Option<String>,
}

impl Listen for Listener {
    /// The next thing to say. Cancelling it loses nothing.
    ///
    /// # Errors
    /// Where trying again would do harm or make no sense: credentials that were refused, a wrong setting.
    async fn next(&mut self) -> Result<SourceItem> {
        loop {
            if let Some(item) = self.out.pop_front() {
                return Ok(item);
            }
            self.catch_up();
            match self.look_and_deliver().await {
                Ok(()) if self.out.is_empty() => self.wait().await,
                Ok(()) => {}
                Err(error) if error.is_unauthorized() || error.is_config() => {
                    return Err(error.of(self.shared.cx.origin()).during("deliveries"));
                }
                Err(error) if self.trouble => {
                    debug!(origin = %self.shared.cx.origin(), "still in trouble: {error}");
                    self.wait_at_most(PAUSE).await;
                }
                Err(error) => {
                    self.trouble = true;
                    self.report(&error);
                }
            }
        }
    }
}

impl Listener {
    pub(crate) fn new(shared: Arc<Shared>, watch: Watch) -> Self {
        let now = shared.cx.clock().now();
        Self {
            rules: Rules::new(&shared.config, &shared.mapping.names, &shared.limits),
            watch_changes: watch.changes(),
            watch,
            inbox: Inbox::new(shared.config.settle, CAPACITY).where_files_appear_whole(shared.folder.appears_whole()),
            notices: None,
            told: mpsc::unbounded_channel(),
            out: VecDeque::new(),
            batch: Vec::new(),
            list_at: now,
            chores_at: now + CHORES,
            last_arrival: now,
            listed_before: false,
            trouble: false,
            file_trouble: None,
            shared,
        }
    }

    async fn look_and_deliver(&mut self) -> Result<()> {
        let listed = self.look().await?;
        let delivery = self.deliver().await?;
        if listed && (self.trouble || !self.listed_before) {
            (self.trouble, self.listed_before) = (false, true);
            self.out.push_back(SourceItem::Status(SourceStatus::Live));
        }
        self.out.extend(delivery.map(SourceItem::Delivery));
        Ok(())
    }

    /// Takes in what is to be seen by now: the whole folder when it is time, else the files that may have settled.
    /// Returns whether it was the whole folder.
    async fn look(&mut self) -> Result<bool> {
        let now = self.shared.cx.clock().now();
        let is_time = self.list_at <= now;
        if is_time {
            // In case it fails.
            self.list_at = now + self.rescan().clamp(PAUSE, RETRY);
            self.list().await?;
        }
        for path in self.inbox.to_look_at(self.shared.cx.clock().now()) {
            if let Err(error) = self.look_at(&path).await {
                self.inbox.look_again(path, self.shared.cx.clock().now() + RETRY);
                return Err(error);
            }
        }
        if self.chores_at <= now {
            self.chores_at = now + CHORES;
            self.chores().await?;
        }
        self.inbox.time_passed(self.shared.cx.clock().now());
        Ok(is_time)
    }

    async fn list(&mut self) -> Result<()> {
        // Words first: what comes between them and the end of the listing is in one of the two.
        if self.notices.is_none() {
            self.notices = self.shared.folder.notices();
        }
        self.inbox.listing_begins();
        let mut listing = self.shared.folder.list(&FolderPath::root());
        while let Some(entry) = listing.try_next().await? {
            match entry {
                Listed::File { path, version } => {
                    let arrived = self.inbox.saw(self.shared.cx.clock().now(), path, version);
                    self.note_arrival(arrived);
                }
                Listed::Unreadable { about } => self.inbox.saw_unreadable(about),
                _ => {}
            }
        }
        self.inbox.listing_ended();
        if self.inbox.turned_away() > 0 {
            warn!(origin = %self.shared.cx.origin(), "{} files more than {CAPACITY} lie there and wait", self.inbox.turned_away());
        }
        self.list_at = self.shared.cx.clock().now() + self.rescan();
        Ok(())
    }

    fn rescan(&self) -> TimeDelta {
        TimeDelta::from_std(self.shared.config.rescan).unwrap_or(TimeDelta::MAX).min(TimeDelta::days(365))
    }

    async fn look_at(&mut self, path: &FolderPath) -> Result<()> {
        match self.shared.folder.stat(path).await? {
            Some(version) => {
                let arrived = self.inbox.saw(self.shared.cx.clock().now(), path.clone(), version);
                self.note_arrival(arrived);
            }
            None => self.inbox.gone(path),
        }
        Ok(())
    }

    fn note_arrival(&mut self, arrived: bool) {
        if arrived {
            self.last_arrival = self.shared.cx.clock().now();
        }
    }

    /// Waits until something happens that may change what there is to do.
    async fn wait(&mut self) {
        let now = self.shared.cx.clock().now();
        let wake =
            self.inbox.next_wake().into_iter().chain([self.list_at, self.chores_at]).min().unwrap_or(self.list_at);
        self.wait_at_most(wake - now).await;
    }

    async fn wait_at_most(&mut self, longest: TimeDelta) {
        let notice = async {
            match &mut self.notices {
                Some(notices) => notices.next().await,
                None => pending().await,
            }
        };
        tokio::select! {
            notice = notice => self.hear(notice),
            told = self.told.1.recv() => self.learn(told),
            () = self.watch_changes.next() => self.inbox.reconsider(),
            () = sleep(longest.to_std().unwrap_or_default()) => {}
        }
    }

    /// Takes in what was said meanwhile, all at once, so that a storm of words costs one look.
    fn catch_up(&mut self) {
        while let Ok(told) = self.told.1.try_recv() {
            self.learn(Some(told));
        }
        for _ in 0..WORDS_AT_ONCE {
            match self.notices.as_mut().and_then(|notices| notices.next().now_or_never()) {
                Some(notice) => self.hear(notice),
                None => break,
            }
        }
    }

    fn hear(&mut self, notice: Option<Notice>) {
        let now = self.shared.cx.clock().now();
        match notice {
            Some(Notice::Whole(path)) => self.inbox.closed(now, path),
            Some(Notice::Written(path)) => self.inbox.written(now, &path),
            Some(_) => self.list_at = now,
            None => {
                warn!(origin = %self.shared.cx.origin(), "no more words of new files; the folder is listed every {:?}", self.shared.config.rescan);
                self.notices = None;
            }
        }
    }

    fn learn(&mut self, told: Option<Told>) {
        match told {
            Some(Told::Accepted(handed_on)) => {
                handed_on.into_iter().for_each(|done| self.inbox.accepted(&done.stem, done.record));
            }
            Some(Told::Refused(stems)) => {
                let now = self.shared.cx.clock().now();
                stems.iter().for_each(|stem| self.inbox.refused(stem, now));
            }
            None => {}
        }
    }

    async fn chores(&mut self) -> Result<()> {
        let now = self.shared.cx.clock().now();
        self.file_trouble = None;
        self.shared.keep_house(&mut self.inbox, now).await?;
        let cadence = TimeDelta::from_std(self.shared.config.cadence).unwrap_or(TimeDelta::MAX);
        if now - self.last_arrival > cadence.checked_mul(2).unwrap_or(TimeDelta::MAX) {
            self.out.push_back(SourceItem::Status(SourceStatus::Silent { since: self.last_arrival }));
        }
        if let Some((items, since)) = self.inbox.waiting_for_metadata().filter(|(_, since)| now - *since > LONG_WAIT) {
            let what = "metadata".to_owned();
            self.out.push_back(SourceItem::Status(SourceStatus::Waiting { items, since, what }));
        }
        Ok(())
    }

    fn report(&mut self, error: &Error) {
        self.out.push_back(SourceItem::Status(SourceStatus::Reconnecting { why: error.to_string() }));
    }
}
