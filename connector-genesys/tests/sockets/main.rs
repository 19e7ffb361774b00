//! A stream of events, heard over the sockets of a fake while its day passes on a paused clock.

mod contract;
mod days;
mod people;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::testing::http::InProcess;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    CallEvent, CallEventKind, Clock, Context, Cursor, Error, EventSource, Events, Gap, Item, SourceItem, SourceStatus,
    SubscribeRequest, Watch,
};
use connector_genesys::testing::Fake;
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

/// A program that stores what it hears.
struct Program {
    fake: Fake,
    clock: Clock,
    genesys: Genesys,
    events: Option<Events>,
    items: Vec<Item>,
    statuses: Vec<SourceStatus>,
    cursor: Option<Cursor>,
    error: Option<Error>,
}

impl Program {
    /// A quarter of an hour before the day begins.
    fn new(day: &Scenario, faults: FaultPlan) -> Self {
        Self::with(day, faults, |config| config)
    }

    fn with(day: &Scenario, faults: FaultPlan, settings: impl FnOnce(GenesysConfig) -> GenesysConfig) -> Self {
        let clock = Clock::starting_at(day.starts - TimeDelta::minutes(15));
        let fake = Fake::new(day, faults);
        fake.follow(clock);
        let cx = Context::default().with_clock(clock).with_transport(Arc::new(InProcess::new(fake.answers())));
        let genesys = Genesys::new(settings(fake.config()), &cx).expect("settings that make sense");
        let (events, items, statuses, cursor, error) = (None, Vec::new(), Vec::new(), None, None);
        Self { fake, clock, genesys, events, items, statuses, cursor, error }
    }

    /// Listens from the stored position on.
    fn listen(&mut self, watch: &Watch) {
        let request = SubscribeRequest::new(watch.clone()).from(self.cursor.clone());
        self.events = Some(self.genesys.events().deliveries(request));
    }

    /// The next item, if one comes before that time.
    async fn next(&mut self, before: DateTime<Utc>) -> Option<SourceItem> {
        let wait = (before - self.clock.now()).to_std().unwrap_or_default();
        let events = self.events.as_mut().expect("a stream");
        match timeout_at(Instant::now() + wait, events.next()).await.ok()? {
            Some(Ok(item)) => Some(item),
            Some(Err(error)) => {
                self.error = Some(error);
                None
            }
            None => None,
        }
    }

    /// Stores all that comes until then, or until the stream ends.
    async fn until(&mut self, then: DateTime<Utc>) {
        while let Some(item) = self.next(then).await {
            self.store(item).await;
        }
    }

    async fn store(&mut self, item: SourceItem) {
        match item {
            SourceItem::Delivery(delivery) => {
                self.items.extend(delivery.items);
                self.cursor = delivery.cursor.or(self.cursor.take());
                delivery.ack.accept().await.expect("an accepted delivery");
            }
            SourceItem::Status(status) => self.statuses.push(status),
            _ => {}
        }
    }

    /// Stores all that comes for so long.
    async fn pass(&mut self, time: TimeDelta) {
        self.until(self.clock.now() + time).await;
    }

    /// An hour after the last call.
    fn evening(&self) -> DateTime<Utc> {
        let calls = &self.fake.scenario().calls;
        calls.iter().map(|call| call.ended()).max().expect("a call") + TimeDelta::hours(1)
    }

    fn told(&self) -> Vec<&CallEvent> {
        let events = self.items.iter().map(|item| if let Item::Event(event) = item { Some(event) } else { None });
        events.flatten().collect()
    }

    fn gaps(&self) -> Vec<&Gap> {
        self.items.iter().filter_map(|item| if let Item::Gap(gap) = item { Some(gap) } else { None }).collect()
    }

    /// How many of each kind were told.
    fn kinds(&self) -> BTreeMap<String, usize> {
        self.told().iter().fold(BTreeMap::new(), |mut kinds, event| {
            *kinds.entry(event.kind.to_string()).or_default() += 1;
            kinds
        })
    }

    /// The calls whose end was told.
    fn ended(&self) -> BTreeSet<&str> {
        let ends = self.told().into_iter().filter(|event| event.kind == CallEventKind::Ended);
        ends.map(|event| event.conversation.id.as_str()).collect()
    }

    /// Whether a moment lies in one of the gaps.
    fn is_lost(&self, at: DateTime<Utc>) -> bool {
        self.gaps().iter().any(|gap| gap.from <= at && at <= gap.to)
    }

    /// Each call that is over was told as over, or ended in a gap; none was told twice.
    fn check(&self) {
        let now = self.clock.now();
        let ended = self.ended();
        for call in self.fake.scenario().calls.iter().filter(|call| call.ended() + TimeDelta::minutes(1) < now) {
            let is_known = ended.contains(call.id.as_str()) || self.is_lost(call.ended());
            assert!(is_known, "the end of {} at {} is in none of {:?}", call.id, call.ended(), self.gaps());
        }
        let mut keys = BTreeSet::new();
        for event in self.told() {
            assert!(keys.insert(event.key.as_str()), "{:?} twice", event.key);
        }
    }

    /// All that the program could write into a log.
    fn shown(&self) -> String {
        let whys: Vec<String> = self.statuses.iter().map(|status| format!("{status} {status:?}")).collect();
        format!("{:?} {whys:?} {:?} {:?} {:?}", self.items, self.error, self.genesys, self.genesys.events())
    }
}
