//! The events of the centre in memory, in three ways to replay.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    Ack, AckSink, AgentRef, CallEvent, CallEventKind, ConversationRef, Cursor, Delivery, Error, EventKey, EventSource,
    EventTraits, Events, Gap, Item, JobCheck, Receipt, Refusal, Rejected, Replay, Result, SourceItem, SourceStatus,
    Stamp, SubscribeRequest, Watch,
};
use futures_util::{StreamExt, future, stream};
use tokio::task::yield_now;

use crate::centre::{Broken, Centre, KINDS, Told};

/// Items in a delivery.
const AT_ONCE: usize = 2;
/// A cursor older than this is forgotten, by a source that forgets.
const MEMORY: usize = 12;

#[derive(Debug)]
pub(crate) struct Source {
    centre: Centre,
    taken: Arc<AtomicBool>,
}

impl Source {
    pub(crate) fn new(centre: Centre) -> Self {
        Self { centre, taken: Arc::default() }
    }
}

#[async_trait]
impl EventSource for Source {
    fn traits(&self) -> EventTraits {
        let mut traits = EventTraits::new(KINDS, self.centre.0.replay);
        traits.carries_facts = self.centre.is(Broken::PromisesFacts);
        if self.centre.is(Broken::DeclaresTooLittle) {
            traits.kinds.remove(&CallEventKind::WrapUpEnded);
        }
        traits
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        let taken = self.taken.swap(true, Ordering::AcqRel) && !self.centre.is(Broken::TwoStreams);
        if taken {
            let refused = stream::iter([Err(Error::already_subscribed("somebody listens"))]);
            return match self.centre.is(Broken::GoesOnAfterRefusal) {
                true => refused.chain(stream::iter([Ok(SourceItem::Status(SourceStatus::Live))])).boxed(),
                false => refused.boxed(),
            };
        }
        let listener = Listener::new(self.centre.clone(), request, Place(self.taken.clone()));
        stream::unfold(Some(listener), |listener| async {
            let mut listener = listener?;
            match listener.next().await {
                Ok(item) => Some((Ok(item), Some(listener))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn check(&self) -> JobCheck {
        if self.centre.is(Broken::CheckHangs) {
            pending::<()>().await;
        }
        JobCheck::Ok
    }
}

struct Place(Arc<AtomicBool>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

struct Listener {
    centre: Centre,
    watch: Watch,
    heard_of: BTreeSet<AgentRef>,
    /// Where to go on in the log, where the source has a position.
    next: usize,
    promises: Arc<Promises>,
    is_live: bool,
    unreadable: bool,
    last: BTreeMap<usize, DateTime<Utc>>,
    _place: Place,
}

/// What is owed on this stream.
#[derive(Default)]
struct Promises {
    in_flight: Mutex<BTreeSet<usize>>,
    gaps: Mutex<VecDeque<Gap>>,
    unacked: AtomicUsize,
}

impl Listener {
    fn new(centre: Centre, request: SubscribeRequest, place: Place) -> Self {
        let end = centre.state().log.len();
        let cursor = request.from.as_ref().filter(|_| centre.0.replay == Replay::FromCursor);
        let read = cursor.map(|cursor| cursor.as_str().strip_prefix("v1:").and_then(|place| place.parse().ok()));
        let (mut next, unreadable) = (read.flatten().unwrap_or(end), read == Some(None));
        if centre.is(Broken::ForgetsOldCursors) && next + MEMORY < end && centre.state().calls > MEMORY - 1 {
            next = end;
        }
        let promises = Promises::default();
        let gap = |why: &str| Gap { from: centre.0.plan.scenario.starts, to: centre.0.clock.now(), why: why.into() };
        if unreadable && !centre.is(Broken::SilentOnCursors) {
            promises.gaps.lock().unwrap().push_back(gap("the cursor cannot be read"));
        }
        if centre.0.replay == Replay::Lost && !centre.is(Broken::NoStartUpGap) {
            promises.gaps.lock().unwrap().push_back(gap("nobody listened before"));
        }
        let watch = match request.watch.people().filter(|_| centre.is(Broken::WatchesOnce)) {
            Some(people) => Watch::these(people.iter().cloned()),
            None => request.watch,
        };
        let (promises, last) = (Arc::new(promises), BTreeMap::new());
        let heard_of = BTreeSet::new();
        Self { centre, watch, heard_of, next, promises, is_live: false, unreadable, last, _place: place }
    }

    async fn next(&mut self) -> Result<SourceItem> {
        if self.unreadable && self.centre.is(Broken::ChokesOnCursors) {
            return Err(Error::invalid("the cursor cannot be read"));
        }
        if let Some(gap) = self.promises.gaps.lock().unwrap().pop_front() {
            return Ok(SourceItem::Delivery(Delivery::new(
                vec![Item::Gap(gap)],
                self.centre.0.clock.now(),
                Ack::nobody(),
            )));
        }
        if !std::mem::replace(&mut self.is_live, true) {
            return Ok(SourceItem::Status(SourceStatus::Live));
        }
        let mut changes = self.watch.changes();
        loop {
            let centre = self.centre.clone();
            let news = centre.0.news.notified();
            if let Some(gap) = self.promises.gaps.lock().unwrap().pop_front() {
                let gap = vec![Item::Gap(gap)];
                return Ok(SourceItem::Delivery(Delivery::new(gap, self.centre.0.clock.now(), Ack::nobody())));
            }
            let waits = self.centre.is(Broken::WaitsForAcks) && self.promises.unacked.load(Ordering::Acquire) > 0;
            let (places, after) = if waits { (Vec::new(), self.next) } else { self.pick() };
            if !places.is_empty() {
                let holds = self.centre.is(Broken::LosesWhenDropped);
                if holds {
                    self.centre.state().taken.extend(&places);
                }
                yield_now().await;
                if holds {
                    self.centre.state().taken.retain(|place| !places.contains(place));
                }
                return self.deliver(places, after);
            }
            self.next = after;
            future::select(pin!(news), pin!(changes.next())).await;
        }
    }

    /// The next places in the log that are to be told, and the place after them.
    fn pick(&mut self) -> (Vec<usize>, usize) {
        let centre = self.centre.clone();
        let state = centre.state();
        let (mut places, mut after) = (Vec::new(), self.next);
        let in_flight = self.promises.in_flight.lock().unwrap().clone();
        let from = if centre.0.replay == Replay::Redelivered { 0 } else { self.next };
        for place in from..state.log.len() {
            if places.len() == AT_ONCE {
                break;
            }
            after = place + 1;
            let gone = state.taken.contains(&place) && centre.0.replay == Replay::Redelivered;
            if !gone && !in_flight.contains(&place) && self.is_heard(&state.log[place]) {
                places.push(place);
            }
        }
        (places, after)
    }

    fn is_heard(&mut self, told: &Told) -> bool {
        let Told::Event { agents, call, at, .. } = told else { return !self.centre.is(Broken::SwallowsBadRows) };
        if self.centre.is(Broken::NeverForgetsAnybody) {
            self.heard_of.extend(self.watch.people().iter().flat_map(|people| people.iter().cloned()));
        }
        if self.centre.is(Broken::DropsLateOnes) && self.last.get(call).is_some_and(|last| at < last) {
            return false;
        }
        let known = |agent: &AgentRef| self.heard_of.iter().any(|known| known.may_be(agent));
        let heard = agents.iter().any(|agent| self.watch.covers(agent) || known(agent));
        if heard {
            self.last.insert(*call, *at);
        }
        heard
    }

    fn deliver(&mut self, places: Vec<usize>, after: usize) -> Result<SourceItem> {
        self.next = after;
        let mut items = Vec::new();
        for place in &places {
            let told = self.centre.state().log[*place].clone();
            items.extend(self.items(*place, told)?);
        }
        self.promises.in_flight.lock().unwrap().extend(&places);
        self.promises.unacked.fetch_add(1, Ordering::AcqRel);
        let received = self.centre.0.clock.now();
        let promise =
            Promise { centre: self.centre.clone(), places, received, stream: self.promises.clone(), kept: false };
        let mut delivery = Delivery::new(items, received, Ack::new(promise));
        delivery.cursor = (self.centre.0.replay == Replay::FromCursor).then(|| Cursor::new(format!("v1:{after}")));
        Ok(SourceItem::Delivery(delivery))
    }

    fn items(&self, place: usize, told: Told) -> Result<Vec<Item>> {
        let Told::Event { call, number, kind, at, agents } = told else {
            if self.centre.is(Broken::BadRowEndsStream) {
                return Err(Error::invalid("an event that cannot be read"));
            }
            return Ok(vec![Item::Rejected(Rejected::new("an event", "no_id", "it has no id"))]);
        };
        let conversation = self.centre.conversation(call);
        let again = if self.centre.state().half_taken.contains(&place) { "-again" } else { "" };
        let is_end = kind == CallEventKind::Ended;
        let off = TimeDelta::hours(i64::from(is_end && self.centre.is(Broken::WrongTimes)));
        let event = |conversation: &str, kind: CallEventKind| {
            let key = EventKey::new(format!("{conversation}-{number}-{kind}{again}"));
            let mut event = CallEvent::new(key, ConversationRef::new(conversation), kind, Stamp::vendor(at + off));
            event.agent = agents.first().cloned();
            event.receipt = Some(Receipt::new(format!("receipt-{call}-{number}")));
            Item::Event(event)
        };
        let mut items = vec![event(&conversation, kind.clone())];
        if is_end && self.centre.is(Broken::InventsCalls) {
            items.push(event("contact-0", kind));
        } else if is_end && self.centre.is(Broken::TellsUndeclared) {
            items.push(event(&conversation, CallEventKind::Other("listened_in".into())));
        } else if is_end && self.centre.is(Broken::RejectsGoodRows) && self.centre.0.plan.bad_rows == 0 {
            items.push(Item::Rejected(Rejected::new("an event", "odd", "it looks odd")));
        }
        Ok(items)
    }
}

/// What a source owes until its delivery is accepted.
struct Promise {
    centre: Centre,
    places: Vec<usize>,
    received: DateTime<Utc>,
    stream: Arc<Promises>,
    kept: bool,
}

#[async_trait]
impl AckSink for Promise {
    async fn accept(mut self: Box<Self>) -> Result<()> {
        if self.centre.is(Broken::NewKeysAfterHalfAccept) {
            self.centre.state().half_taken.extend(&self.places);
        }
        yield_now().await;
        let mut state = self.centre.state();
        state.taken.extend(&self.places);
        self.places.iter().for_each(|place| {
            state.half_taken.remove(place);
        });
        drop(state);
        self.kept = true;
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {}
}

impl Drop for Promise {
    fn drop(&mut self) {
        let forgets = self.centre.is(Broken::ForgetsRefused) && !self.kept;
        let mut in_flight = self.stream.in_flight.lock().unwrap();
        self.places.iter().filter(|_| !forgets).for_each(|place| {
            in_flight.remove(place);
        });
        drop(in_flight);
        if !self.kept && self.centre.0.replay == Replay::Lost && !self.centre.is(Broken::HidesLoss) {
            let gap = Gap { from: self.received, to: self.centre.0.clock.now(), why: "it was refused".into() };
            self.stream.gaps.lock().unwrap().push_back(gap);
        }
        self.stream.unacked.fetch_sub(1, Ordering::AcqRel);
        self.centre.0.news.notify_waiters();
    }
}
