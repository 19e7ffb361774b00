//! The loop behind the events: lists, hears words of files, reads sidecars, hands pairs on.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{Ack, Delivery, Item, Result, SourceItem, SourceStatus, Watch, WatchChanges};
use connector_folder::{FolderPath, Listed, Notice};
use futures_core::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::ack::{FolderAck, HandedOn, Told};
use crate::client::Shared;
use crate::facts::agent;
use crate::inbox::Inbox;
use crate::items::reject;
use crate::pairing::{Decision, File, Verdict, Wait, judge, remember};
use crate::reading::{Content, read_sidecar};
use crate::record::Record;
use crate::{MediaName, Reason};

/// Items in one delivery.
const AT_ONCE: usize = 64;
/// Words of files taken in before the next look.
const WORDS_AT_ONCE: usize = 4096;
/// Files that are taken in at once; more wait until these are gone.
const CAPACITY: usize = 100_000;
/// The pause before something that failed, or was refused, is tried again.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// A pair that waited longer for its metadata than this is worth a word.
const LONG_WAIT: TimeDelta = TimeDelta::minutes(90);
/// How often purging, forgetting and words on how things are come up.
const CHORES: TimeDelta = TimeDelta::minutes(10);

/// A live subscription. Dropping it at any point loses nothing: what was not accepted lies in the folder.
pub(crate) struct Listener {
    shared: Arc<Shared>,
    watch: Watch,
    watch_changes: WatchChanges,
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
    trouble: bool,
}

impl Listener {
    pub(crate) fn new(shared: Arc<Shared>, watch: Watch) -> Self {
        let now = shared.clock.now();
        Self {
            watch_changes: watch.changes(),
            watch,
            inbox: Inbox::new(shared.settle, CAPACITY),
            notices: None,
            told: mpsc::unbounded_channel(),
            out: VecDeque::new(),
            batch: Vec::new(),
            list_at: now,
            chores_at: now + CHORES,
            last_arrival: now,
            listed_before: false,
            trouble: false,
            shared,
        }
    }

    /// The next thing to say. Cancelling it loses nothing.
    pub(crate) async fn next(&mut self) -> SourceItem {
        loop {
            if let Some(item) = self.out.pop_front() {
                return item;
            }
            if let Err(error) = self.look().await {
                self.report_trouble(&error.to_string());
                self.list_at =
                    self.shared.clock.now() + PAUSE.max(TimeDelta::from_std(self.shared.rescan).unwrap_or(PAUSE));
                continue;
            }
            match self.deliver().await {
                Ok(Some(delivery)) => return SourceItem::Delivery(delivery),
                Ok(None) if self.out.is_empty() => self.wait().await,
                Ok(None) => {}
                Err(error) => {
                    self.report_trouble(&error.to_string());
                    self.wait_at_most(PAUSE).await;
                }
            }
        }
    }

    /// Takes in what is to be seen by now: the whole folder when it is time, else the files that may have settled.
    async fn look(&mut self) -> Result<()> {
        let now = self.shared.clock.now();
        if self.list_at <= now {
            self.list().await?;
        }
        for path in self.inbox.to_look_at(self.shared.clock.now()) {
            self.look_at(path).await?;
        }
        if self.chores_at <= now {
            self.chores_at = now + CHORES;
            self.chores().await?;
        }
        self.inbox.time_passed(self.shared.clock.now());
        Ok(())
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
                    let arrived = self.inbox.saw(self.shared.clock.now(), path, version);
                    self.note_arrival(arrived);
                }
                Listed::Unreadable { about } if !self.listed_before => {
                    warn!(origin = %self.shared.origin, "{}: {about}", Reason::UnreadableName);
                }
                _ => {}
            }
        }
        self.inbox.listing_ended();
        if self.inbox.turned_away() > 0 {
            warn!(origin = %self.shared.origin, "{} files more than {CAPACITY} lie there and wait", self.inbox.turned_away());
        }
        if self.trouble || !self.listed_before {
            self.out.push_back(SourceItem::Status(SourceStatus::Live));
        }
        (self.listed_before, self.trouble) = (true, false);
        self.list_at = self.shared.clock.now() + TimeDelta::from_std(self.shared.rescan).unwrap_or(TimeDelta::MAX);
        Ok(())
    }

    async fn look_at(&mut self, path: FolderPath) -> Result<()> {
        match self.shared.folder.stat(&path).await? {
            Some(version) => {
                let arrived = self.inbox.saw(self.shared.clock.now(), path, version);
                self.note_arrival(arrived);
            }
            None => self.inbox.gone(&path),
        }
        Ok(())
    }

    fn note_arrival(&mut self, arrived: bool) {
        if arrived {
            self.last_arrival = self.shared.clock.now();
        }
    }

    /// Everything that can be handed on now, up to a bound, in one delivery.
    async fn deliver(&mut self) -> Result<Option<Delivery>> {
        self.recall().await?;
        while self.batch.len() < AT_ONCE {
            let now = self.shared.clock.now();
            let Some((name, record, decision)) = self.inbox.next_ready(&self.shared.rules, now) else { break };
            match self.act(&name, record, decision).await {
                Ok(Some((item, record))) => {
                    self.inbox.hand_on(&name);
                    self.batch.push((item, HandedOn { stem: name, record }));
                }
                Ok(None) => self.inbox.decided(&name),
                Err(error) => {
                    if error.is_changed() || error.is_not_found() {
                        debug!(origin = %self.shared.origin, "a file changed under our hands and is looked at again: {error}");
                        self.list_at = now;
                    } else {
                        self.report_trouble(&error.to_string());
                    }
                    self.inbox.put_off(&name, now + PAUSE);
                }
            }
        }
        if self.batch.is_empty() {
            return Ok(None);
        }
        let (items, handed_on) = self.batch.drain(..).unzip();
        let ack = Ack::new(FolderAck::new(self.shared.clone(), handed_on, self.told.0.clone()));
        Ok(Some(Delivery::new(items, self.shared.clock.now(), ack)))
    }

    /// Asks the ledger about stems that are new here.
    async fn recall(&mut self) -> Result<()> {
        loop {
            let names = self.inbox.unknown(AT_ONCE);
            if names.is_empty() {
                return Ok(());
            }
            let notes = self.shared.ledger.get(&names).await?;
            for (name, note) in names.iter().zip(notes) {
                let record = Record::from_note(note.as_ref()).unwrap_or_else(|error| {
                    warn!(origin = %self.shared.origin, "a note is taken for none: {error}");
                    Record::default()
                });
                self.inbox.recall(name, record);
            }
        }
    }

    /// Carries out a decision: the item to hand on, and what is to be remembered once it is accepted.
    async fn act(&mut self, name: &str, mut record: Record, decision: Decision) -> Result<Option<(Item, Record)>> {
        match decision {
            Decision::Rest | Decision::Wait(_) => Ok(None),
            Decision::Refuse(marks, refused) => Ok(Some(reject(record, marks, refused))),
            Decision::Take(media) => {
                let Some(parsed) = self.heard_of(name, &media)? else { return Ok(None) };
                let call_at = self.shared.mapping.call_at(&parsed).at;
                remember(&mut record, Some(&media), None, call_at);
                let item = self.shared.ended(&parsed, &media, None).await?;
                Ok(Some((item, record)))
            }
            Decision::Read { media, sidecar, format } => {
                let Some(parsed) = self.heard_of(name, media.as_ref().unwrap_or(&sidecar))? else { return Ok(None) };
                let content = read_sidecar(&*self.shared.folder, &sidecar, format, &self.shared.limits).await?;
                self.act_on_sidecar(name, record, &parsed, media.as_ref(), &sidecar, content).await
            }
        }
    }

    async fn act_on_sidecar(
        &mut self,
        name: &str,
        mut record: Record,
        parsed: &MediaName,
        media: Option<&File>,
        sidecar: &File,
        content: Content,
    ) -> Result<Option<(Item, Record)>> {
        let judged = content.parsed.as_ref();
        let verdict = judge(&self.shared.rules, media, sidecar, &content.hash, judged, &record);
        let read = content.into_read(sidecar);
        let call_at = self.shared.mapping.call_at(parsed).at;
        let item = match (verdict, read, media) {
            (Verdict::Refuse(refused), ..) => return Ok(Some(reject(record, vec![sidecar.mark()], refused))),
            (Verdict::Wait(wait), ..) => {
                self.inbox.wait(name, wait, sidecar);
                return Ok(None);
            }
            (Verdict::Take, Some(read), Some(media)) => {
                remember(&mut record, Some(media), Some((sidecar, &read.hash)), call_at);
                self.shared.ended(parsed, media, Some((&read, sidecar))).await?
            }
            (Verdict::Update | Verdict::Repeat, Some(read), _) => {
                remember(&mut record, None, Some((sidecar, &read.hash)), call_at);
                self.shared.changed(parsed, &read, sidecar)
            }
            (Verdict::Take | Verdict::Update | Verdict::Repeat, ..) => return Ok(None),
        };
        Ok(Some((item, record)))
    }

    /// The name of a file whose owner is watched; others are left alone until they are.
    fn heard_of(&mut self, name: &str, file: &File) -> Result<Option<MediaName>> {
        let parsed = self.shared.rules.names.parse(file.path.name());
        let Ok(parsed) = parsed else {
            // A sidecar of an id: it describes a recording of another source.
            self.inbox.wait(name, Wait::Recording, file);
            return Ok(None);
        };
        if self.watch.covers(&agent(&parsed)) {
            return Ok(Some(parsed));
        }
        self.inbox.wait(name, Wait::Watched, file);
        Ok(None)
    }

    /// Waits until something happens that may change what there is to do.
    async fn wait(&mut self) {
        let now = self.shared.clock.now();
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
            () = sleep(longest.to_std().unwrap_or_default()) => return,
        }
        // What else was said meanwhile is taken in at once, so that a storm of words costs one look.
        while let Ok(told) = self.told.1.try_recv() {
            self.learn(Some(told));
        }
        for _ in 0..WORDS_AT_ONCE {
            let Some(Some(notice)) = self.notices.as_mut().and_then(|notices| notices.next().now_or_never()) else {
                break;
            };
            self.hear(Some(notice));
        }
    }

    fn hear(&mut self, notice: Option<Notice>) {
        let now = self.shared.clock.now();
        match notice {
            Some(Notice::Whole(path)) => self.inbox.closed(now, path),
            Some(Notice::Written(path)) => self.inbox.written(now, &path),
            Some(_) => self.list_at = now,
            None => {
                warn!(origin = %self.shared.origin, "no more words of new files; the folder is listed every {:?}", self.shared.rescan);
                self.notices = None;
                self.list_at = now + PAUSE;
            }
        }
    }

    fn learn(&mut self, told: Option<Told>) {
        match told {
            Some(Told::Accepted(handed_on)) => {
                handed_on.into_iter().for_each(|done| self.inbox.accepted(&done.stem, done.record));
            }
            Some(Told::Refused(stems)) => {
                let again = self.shared.clock.now() + PAUSE;
                stems.iter().for_each(|stem| self.inbox.refused(stem, again));
            }
            None => {}
        }
    }

    async fn chores(&mut self) -> Result<()> {
        let now = self.shared.clock.now();
        self.shared.keep_house(&mut self.inbox, now).await?;
        let cadence = TimeDelta::from_std(self.shared.cadence).unwrap_or(TimeDelta::MAX);
        if now - self.last_arrival > cadence.checked_mul(2).unwrap_or(TimeDelta::MAX) {
            self.out.push_back(SourceItem::Status(SourceStatus::Silent { since: self.last_arrival }));
        }
        if let Some((items, since)) = self.inbox.waiting_for_metadata().filter(|(_, since)| now - *since > LONG_WAIT) {
            let what = "metadata".to_owned();
            self.out.push_back(SourceItem::Status(SourceStatus::Waiting { items, since, what }));
        }
        Ok(())
    }

    fn report_trouble(&mut self, why: &str) {
        if !self.trouble {
            self.out.push_back(SourceItem::Status(SourceStatus::Reconnecting { why: why.to_owned() }));
        }
        self.trouble = true;
    }
}
