//! Hearing of calls: the vendor pushes nothing of the kind, so it is asked again and again.

mod active;
mod going_on;
pub(crate) mod hints;
mod poll;
pub(crate) mod push;
mod session;
mod states;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    Ack, AckSink, AgentRef, CallEventKind, Delivery, Error, EventSource, EventTraits, Events, Gap, Item, JobCheck,
    Listen, Priority, Refusal, Replay, Result, SourceItem, SourceStatus, SubscribeRequest, Watch,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use crate::api::contacts::Span;
use crate::history;
use crate::people;
use crate::shared::Shared;
use crate::transport::Api;
use crate::wire::contacts::read;
use crate::wire::list::List;
use active::Active;
use hints::{Hint, Hints};
use poll::{Handover, Plan, Poller, Verdict, position};
use session::Sessions;
use states::{Courses, Phase, Seen};

/// How far back the vendor can be asked for changes. (No limit is documented; other clients keep to this one.)
const KEPT: TimeDelta = TimeDelta::days(30);

/// Waits after failures: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long after a refusal the same is offered again.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// Questions that somebody's hint brings about come no faster than this.
const HURRIED_EVERY: Duration = Duration::from_secs(1);

/// In quiet times the position is told this often, so that a restart need not ask for all of them.
const POSITION_EVERY: Duration = Duration::from_secs(900);

/// The people of the tenant are read again after this time, where they are watched by login.
const PEOPLE_EVERY: Duration = Duration::from_secs(3600);

/// What is told of calls that go on, where that is asked for.
const ON_THE_WAY: [CallEventKind; 4] =
    [CallEventKind::Ringing, CallEventKind::Answered, CallEventKind::Held, CallEventKind::Resumed];

/// How many calls are looked up at once.
const AT_ONCE: usize = 4;

/// Calls that are over, and changes of their metadata, by polling completed contacts.
///
/// The vendor pushes nothing of the kind. Four ways feed one stream; an event has the same key whichever way it came, and
/// is told once. How long after its end a contact shows among the completed ones is not documented, and comes on top of
/// each:
///
/// | way | setting | what it tells | after |
/// |---|---|---|---|
/// | completed contacts | always; [`poll_every`](crate::NiceConfig::poll_every) | ended, metadata changed | 0 to 30 s |
/// | contacts that go on | [`active_every`](crate::NiceConfig::active_every) | ringing, answered, held, resumed; that a call vanished hurries the next question | 0 to 15 s at the usual interval |
/// | sessions of agents | [`sessions`](crate::NiceConfig::sessions) | as above, for these agents | about a second |
/// | a Studio script | [`push`](crate::NiceConfig::push) | a hint that hurries the next question | about a second |
///
/// A call that begins and ends between two questions about those that go on is told only as ended, and so is what happened
/// while nobody listened. That a call is over is told once all of its contacts are among the completed ones.
///
/// Times are those of the vendor's hierarchy of contacts; where it tells none, start and length together, in whole seconds.
///
/// After a restart, what changed within [`overlap`](crate::NiceConfig::overlap) before the stored position is told again, under
/// the same keys.
///
/// The vendor documents the events of sessions at <https://developer.niceincontact.com/Documentation/UsingEvents>.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use std::time::Duration;
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{CallEventKind, Clock, Context, EventSource, Item, SourceItem, SubscribeRequest, Watch};
/// use connector_nice::{NiceCxone, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let day = Scenario::small(7);
/// let fake = Fake::start(&day, FaultPlan::none()).await?;
/// let config = fake.config().with_poll_every(Duration::from_millis(50));
/// let nice = NiceCxone::new(config, &Context::default().with_clock(Clock::starting_at(day.starts)))?;
///
/// let (mut stored, mut heard) = (None, 0); // what a program keeps beside its calls
/// for calls in [0, 1] {
///     fake.play(calls); // a call ended while the program did not run
///     let mut events = nice.events().deliveries(SubscribeRequest::new(Watch::everyone()).from(stored.clone()));
///     while let Some(item) = events.try_next().await? {
///         let SourceItem::Delivery(delivery) = item else { continue };
///         let ended = |item: &&Item| matches!(item, Item::Event(event) if event.kind == CallEventKind::Ended);
///         heard += delivery.items.iter().filter(ended).count();
///         if delivery.cursor.is_some() {
///             stored = delivery.cursor.clone();
///         }
///         delivery.ack.accept().await?;
///         if heard == calls && stored.is_some() {
///             break; // the program is stopped
///         }
///     }
/// }
/// assert_eq!(heard, 1);
/// # Ok(()) }
/// ```
///
/// # Errors
/// The stream waits out what may pass, with a [`SourceStatus`] that says so, and ends with an error where credentials are wrong,
/// a permission is missing, or somebody else listens to the same tenant already (`is_already_subscribed`).
#[derive(Clone)]
pub struct NiceEvents {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for NiceEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NiceEvents({})", self.shared.connection.cx.origin())
    }
}

#[async_trait]
impl EventSource for NiceEvents {
    fn traits(&self) -> EventTraits {
        let always = [CallEventKind::Ended, CallEventKind::MetadataChanged];
        let mut traits = EventTraits::new(always, Replay::FromCursor);
        let config = &self.shared.connection.config;
        if config.active_every.is_some() || !config.sessions.is_empty() {
            traits.kinds.extend(ON_THE_WAY);
        }
        traits.resolution = Duration::from_secs(1);
        traits
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        let shared = &self.shared;
        shared.seat.deliveries(shared.connection.cx.origin(), || Listener::new(shared.clone(), request))
    }

    async fn check(&self) -> JobCheck {
        history::check(&self.shared).await
    }
}

/// The ids of those who took the contacts of a page, or of the calls that it was about.
fn agents_of(found: &List, verdicts: &[(String, Verdict)]) -> BTreeSet<String> {
    let listed = found.rows.iter().filter_map(|raw| read(raw)?.agent_id);
    let contacts = verdicts.iter().flat_map(|(_, verdict)| match verdict {
        Verdict::Over { contacts, .. } => contacts.as_slice(),
        Verdict::GoesOn => &[],
    });
    listed.chain(contacts.filter_map(|contact| contact.agent_id.clone())).collect()
}

/// What became of a delivery.
enum Told {
    Accepted(u64),
    Refused(u64),
    /// What a call went through is known nowhere else, so it comes back.
    Returned(Vec<Item>),
}

/// What the listener hears between its questions.
enum Said {
    Told(Told),
    Hint(Hint),
    Seen(Vec<Seen>),
}

/// Tells the listener, if it still lives. The position is stored by whoever accepts, so nothing else is to be done.
struct PollAck {
    delivery: u64,
    listener: UnboundedSender<Told>,
}

#[async_trait]
impl AckSink for PollAck {
    async fn accept(self: Box<Self>) -> Result<()> {
        // The listener is gone when the stream was dropped: then nobody needs to know.
        let _ = self.listener.send(Told::Accepted(self.delivery));
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {
        let _ = self.listener.send(Told::Refused(self.delivery));
    }
}

/// Asks, again and again.
struct Listener {
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
                self.hear(told);
            }
            if let Some(item) = self.ready.pop_front() {
                return Ok(item);
            }
            self.wait().await?;
        }
    }
}

impl Listener {
    fn new(shared: Arc<Shared>, request: SubscribeRequest) -> Self {
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
        let hurried = self.hints.due().map(|due| due.max(self.unhurried));
        let due = hurried.map_or(self.due, |hurried| hurried.min(self.due));
        // Before the first sweep nothing is known of calls that are over.
        let active = self.active.as_ref().filter(|_| self.is_live).map(|active| active.due);
        let owed = self.owed.as_ref().map(|(due, _)| *due);
        let first = [Some(due), active, owed].into_iter().flatten().fold(due, Instant::min);
        match timeout_at(first, self.said()).await {
            Ok(Said::Told(told)) => self.hear(told),
            Ok(Said::Hint(hint)) => {
                self.hints.add(hint, Instant::now());
                self.settle(None);
            }
            Ok(Said::Seen(seen)) => {
                let over = seen.iter().filter(|seen| seen.phase == Phase::Over);
                let over: Vec<String> = over.map(|seen| seen.contact.clone()).collect();
                let followed = self.follow(&seen).await;
                over.into_iter().for_each(|contact| self.hints.add(Hint::quiet(contact), Instant::now()));
                self.unheard(followed);
            }
            Err(_) if Some(first) == owed => {
                let items = self.owed.take().map(|(_, items)| items).unwrap_or_default();
                self.hand_on(items);
            }
            Err(_) if Some(first) == active => {
                let asked = self.look().await;
                self.unheard(asked);
            }
            Err(_) => {
                let swept = self.page().await;
                if let Err(error) = self.shared.connection.note(swept) {
                    self.failed(error)?;
                }
            }
        }
        Ok(())
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

    fn settle(&mut self, asked: Option<Instant>) {
        self.hints.settle(|contact| self.poller.standing(contact), asked, Instant::now());
    }

    fn hear(&mut self, told: Told) {
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

    /// One page. An error leaves everything as it was.
    async fn page(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let config = &shared.connection.config;
        let api = shared.connection.api().await?;
        let (since, skip) = self.poller.question();
        let (asked, hurried) = (self.now(), Instant::now());
        let page = api.completed(Span::Updated(since), &config.media_types, (skip, config.page), Priority::Live);
        let (found, date) = page.await?;
        self.know_people().await?;
        let (covers, everyone) = (self.covering(), self.watch.people().is_none());
        let plan = self.poller.plan(&found, date.unwrap_or(asked), config.page, &config.media_types, &covers);
        let verdicts = Self::confirm(&self.poller, &api, &plan, everyone).await?;
        // Before the position moves on: whoever stops waiting here misses nothing.
        people::learn(&shared, agents_of(&found, &verdicts), Priority::Live).await?;
        let mut handover = self.poller.commit(plan, verdicts, &covers);
        let is_swept = handover.is_swept;
        for item in &mut handover.items {
            if let Item::Event(event) = item {
                event.agent.iter_mut().for_each(|who| people::complete(&shared, who));
                event.facts.iter_mut().for_each(|facts| people::fill(&shared, facts));
            }
        }
        self.hand(handover);
        self.settle(is_swept.then_some(hurried));
        Ok(())
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

    /// Which of the calls are over. A leg that nobody told of is looked up where it matters whose it was.
    async fn confirm(poller: &Poller, api: &Api, plan: &Plan, everyone: bool) -> Result<Vec<(String, Verdict)>> {
        let one = |master: String| async move {
            let family = api.hierarchy(&master, Priority::Live).await?;
            let mut verdict = poller.judge(plan, &master, family.as_ref());
            if let (Verdict::Over { contacts, .. }, false) = (&mut verdict, everyone) {
                for child in family.iter().flat_map(|family| &family.child_contacts) {
                    let Some(id) = &child.contact_id else { continue };
                    if contacts.iter().all(|contact| contact.contact_id.as_ref() != Some(id)) {
                        let found = api.contact(id, Priority::Live).await?;
                        contacts.extend(found.and_then(|raw| read(&raw)));
                    }
                }
                contacts.sort_by_key(|contact| contact.contact_start_date);
            }
            Ok((master, verdict))
        };
        stream::iter(plan.confirm.iter().cloned().map(one)).buffered(AT_ONCE).try_collect().await
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

    fn hand(&mut self, handover: Handover) {
        let now = Instant::now();
        if !self.is_live {
            self.is_live = true;
            self.ready.push_back(SourceItem::Status(SourceStatus::Live));
        }
        self.pause = FIRST_PAUSE;
        self.unhurried = now + HURRIED_EVERY;
        self.due = if handover.is_swept { now + self.shared.connection.config.poll_every } else { now };
        let is_due = handover.is_swept && self.positioned.is_none_or(|told| now - told >= POSITION_EVERY);
        if handover.items.is_empty() && !is_due {
            return;
        }
        self.positioned = Some(now);
        let ack = Ack::new(PollAck { delivery: handover.id, listener: self.tell.clone() });
        let mut delivery = Delivery::new(handover.items, self.now(), ack);
        delivery.cursor = Some(handover.cursor);
        self.ready.push_back(SourceItem::Delivery(delivery));
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
