//! The loop behind the events: what to ask next, what was said meanwhile, and what to hand on.

mod completed;
mod going_on;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    Ack, AgentRef, Delivery, Error, Gap, Item, Listen, Priority, Result, SourceItem, SourceStatus, SubscribeRequest,
    Watch,
};
use futures_util::StreamExt;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use super::ack::Told;
use super::active::Active;
use super::hints::{Hint, Hints};
use super::poll::{Poller, position};
use super::session::{self, Sessions};
use super::states::{Courses, Seen};
use crate::people;
use crate::shared::Shared;

/// How far back the vendor can be asked for changes. (No limit is documented; other clients keep to this one.)
const KEPT: TimeDelta = TimeDelta::days(30);

/// Waits after failures: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long after a refusal the same is offered again.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// The people of the tenant are read again after this time, where they are watched by login.
const PEOPLE_EVERY: Duration = Duration::from_secs(3600);

/// What the listener hears between its questions.
enum Said {
    Told(Told),
    Hint(Hint),
    Seen(Vec<Seen>),
}

/// What there is to do once its time has come.
enum Due {
    /// Completed contacts are asked for.
    Completed,
    /// Contacts that go on are asked for.
    GoingOn,
    /// What was refused is offered again.
    Owed,
}

/// Asks, again and again.
pub(super) struct Listener {
    shared: Arc<Shared>,
    watch: Watch,
    poller: Poller,
    ready: VecDeque<SourceItem>,
    tell: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
    inbox: Receiver<Hint>,
    hints: Hints,
    active: Option<Active>,
    sessions: Sessions,
    courses: Courses,
    /// Refused, and owed again from a time on.
    owed: Option<(Instant, Vec<Item>)>,
    due: Instant,
    /// Hints bring about no question before this.
    unhurried: Instant,
    pause: Duration,
    is_live: bool,
    /// When the position was told last.
    positioned: Option<Instant>,
    /// When all people were read last.
    people_read: Option<Instant>,
}

impl Listen for Listener {
    async fn next(&mut self) -> Result<SourceItem> {
        loop {
            while let Ok(told) = self.told.try_recv() {
                self.learn(told);
            }
            if let Some(item) = self.ready.pop_front() {
                return Ok(item);
            }
            self.wait().await?;
        }
    }
}

impl Listener {
    pub(super) fn new(shared: Arc<Shared>, request: SubscribeRequest) -> Self {
        let now = shared.connection.cx.clock().now();
        let (tell, told) = unbounded_channel();
        let oldest = now - KEPT;
        let (from, gap) = match request.from.as_ref().map(position) {
            None => (None, None),
            Some(Some(since)) if since < oldest => {
                (Some(oldest), Some((since, "the stored position is older than the vendor keeps changes")))
            }
            Some(Some(since)) => (Some(since), None),
            Some(None) => (None, Some((oldest, "the stored position cannot be read"))),
        };
        let overlap = TimeDelta::from_std(shared.connection.config.overlap).unwrap_or_default();
        let mut listener = Self {
            poller: Poller::new(from, now, overlap),
            watch: request.watch,
            ready: VecDeque::new(),
            tell,
            told,
            inbox: shared.inbox.listen(),
            hints: Hints::default(),
            active: shared.connection.config.active_every.map(Active::new),
            sessions: session::listen(&shared),
            courses: Courses::default(),
            owed: None,
            due: Instant::now(),
            unhurried: Instant::now(),
            pause: FIRST_PAUSE,
            is_live: false,
            positioned: None,
            people_read: None,
            shared,
        };
        if let Some((since, why)) = gap {
            let gap = Gap { from: since, to: from.unwrap_or(now), why: why.to_owned() };
            // It carries no position: until the first sweep the old one stands.
            let delivery = Delivery::new(vec![Item::Gap(gap)], now, Ack::nobody());
            listener.ready.push_back(SourceItem::Delivery(delivery));
        }
        listener
    }

    /// Until something was said, or a question was asked.
    async fn wait(&mut self) -> Result<()> {
        let (at, due) = self.next_due();
        match timeout_at(at, self.said()).await {
            Ok(Said::Told(told)) => self.learn(told),
            Ok(Said::Hint(hint)) => {
                self.hints.add(hint, Instant::now());
                self.settle(None);
            }
            Ok(Said::Seen(seen)) => self.heard_of(&seen).await,
            Err(_) => match due {
                Due::Completed => {
                    let asked = self.ask_completed().await;
                    self.shared.connection.note(asked).or_else(|error| self.failed(error))?;
                }
                Due::GoingOn => {
                    let asked = self.ask_going_on().await;
                    self.unheard(asked);
                }
                Due::Owed => {
                    let items = self.owed.take().map(|(_, items)| items).unwrap_or_default();
                    self.hand_on(items);
                }
            },
        }
        Ok(())
    }

    /// What there is to do next if nothing is said until then.
    fn next_due(&self) -> (Instant, Due) {
        let hurried = self.hints.due().map(|due| due.max(self.unhurried));
        let completed = hurried.map_or(self.due, |hurried| hurried.min(self.due));
        // Before the first sweep nothing is known of calls that are over.
        let going_on = self.active.as_ref().filter(|_| self.is_live).map(|active| active.due);
        let owed = self.owed.as_ref().map(|(due, _)| *due);
        let mut next = (completed, Due::Completed);
        for (at, due) in [(going_on, Due::GoingOn), (owed, Due::Owed)] {
            if let Some(at) = at.filter(|at| *at <= next.0) {
                next = (at, due);
            }
        }
        next
    }

    async fn said(&mut self) -> Said {
        poll_fn(|cx| {
            if let Poll::Ready(Some(told)) = self.told.poll_recv(cx) {
                return Poll::Ready(Said::Told(told));
            }
            match self.inbox.poll_recv(cx) {
                Poll::Ready(Some(hint)) => Poll::Ready(Said::Hint(hint)),
                // The other ends live in `self` and in `shared`, so the channels never close.
                _ => match self.sessions.poll_next_unpin(cx) {
                    Poll::Ready(Some(seen)) => Poll::Ready(Said::Seen(seen)),
                    // There are none, or they go on.
                    _ => Poll::Pending,
                },
            }
        })
        .await
    }

    fn learn(&mut self, told: Told) {
        match told {
            Told::Accepted(delivery) => self.poller.accepted(delivery),
            Told::Refused(delivery) => {
                self.poller.refused(delivery);
                self.due = self.due.min(Instant::now() + AFTER_REFUSAL);
            }
            Told::Returned(mut items) => {
                let due = Instant::now() + AFTER_REFUSAL;
                self.owed.get_or_insert((due, Vec::new())).1.append(&mut items);
            }
        }
        self.settle(None);
    }

    /// Looks at what became of hints; `asked` is when completed contacts were asked for, if they just were.
    fn settle(&mut self, asked: Option<Instant>) {
        self.hints.settle(|contact| self.poller.standing(contact), asked, Instant::now());
    }

    /// Whether somebody's calls are to be heard.
    fn covering(&self) -> impl Fn(Option<&AgentRef>) -> bool + use<> {
        let (watch, shared, everyone) = (self.watch.clone(), self.shared.clone(), self.watch.people().is_none());
        move |who| {
            everyone
                || who.is_some_and(|who| {
                    let known = who.id.as_deref().and_then(|id| shared.people.get(id));
                    watch.covers(known.as_ref().unwrap_or(who))
                })
        }
    }

    /// Sees to it that it is known who the vendor's agent ids are, where somebody is watched by another name.
    async fn know_people(&mut self) -> Result<()> {
        let is_needed = self.watch.people().is_some_and(|people| people.iter().any(|who| who.id.is_none()));
        if is_needed && self.people_read.is_none_or(|read| read.elapsed() >= PEOPLE_EVERY) {
            people::learn_all(&self.shared, Priority::Live).await?;
            self.people_read = Some(Instant::now());
        }
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.connection.cx.clock().now()
    }

    /// Trouble that passes is waited out; other trouble ends the stream.
    fn failed(&mut self, error: Error) -> Result<()> {
        if !error.is_retryable() {
            return Err(error.of(self.shared.connection.cx.origin()));
        }
        let wait = error.retry_after().unwrap_or(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.due = Instant::now() + wait;
        self.unhurried = self.due;
        self.is_live = false;
        let status = if error.is_rate_limited() {
            SourceStatus::Throttled { until: self.now() + wait }
        } else {
            SourceStatus::Reconnecting { why: error.to_string() }
        };
        self.ready.push_back(SourceItem::Status(status));
        Ok(())
    }
}
