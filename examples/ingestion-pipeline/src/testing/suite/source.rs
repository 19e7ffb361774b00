//! A source of the suite: what it offers, and what it was told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{
    AgentRef, CallEvent, CallEventKind, Clock, Connector, Context, Conversation, ConversationHistory, ConversationRef,
    Cursor, Detail, Download, DownloadOptions, Error, EventKey, EventSource, EventTraits, Events, HistoryLimits,
    HistoryQuery, Item, JobCheck, Leg, Listing, Locator, Lookup, LookupOptions, Origin, Outcome, Outlook, Page,
    Receipt, Recording, RecordingDownloader, RecordingOptions, RecordingSet, Rejected, Replay, Result, Revision,
    SettleOptions, Settler, Stamp, SubscribeRequest, Validator, Vendor,
};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;

use crate::testing::offers::Offers;

/// A second of the day on which everything happens.
pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

/// All that a source tells of a call, as it stood at a revision.
pub(super) fn told(id: &str, revision: u32, agent: &str) -> Conversation {
    let mut leg = Leg::new("1");
    leg.agent = Some(AgentRef::default().with_login(agent));
    leg.revision = Some(Revision::new(at(revision.into()), format!("r{revision}")));
    let mut call = Conversation::new(ConversationRef::new(id), Vendor::UNIVERSAL);
    call.legs.push(leg);
    (call.started, call.ended) = (Some(Stamp::vendor(at(0))), Some(Stamp::vendor(at(1))));
    call.attributes.insert("revision".into(), revision.to_string());
    call.detail = Detail::Full;
    call
}

/// An event with these facts. Its receipt is named after call and revision.
pub(super) fn event(kind: CallEventKind, facts: &Conversation) -> CallEvent {
    let (id, revision) = (&facts.this.id, revision_of(facts));
    let key = EventKey::new(format!("{id}/{kind}/{revision}"));
    let mut event = CallEvent::new(key, facts.this.clone(), kind, Stamp::vendor(at(0)));
    event.receipt = Some(Receipt::new(format!("{id}/{revision}")));
    event.facts = Some(Box::new(facts.clone()));
    event
}

/// The end of Kay's call.
pub(super) fn ended(id: &str, revision: u32) -> CallEvent {
    event(CallEventKind::Ended, &told(id, revision, "kay"))
}

/// Another revision of it.
pub(super) fn changed(id: &str, revision: u32) -> CallEvent {
    event(CallEventKind::MetadataChanged, &told(id, revision, "kay"))
}

/// Something that cannot be read.
pub(super) fn rejected(receipt: Option<&str>) -> Rejected {
    let rejected = Rejected::new("row 9", "no_id", "it has no id");
    match receipt {
        Some(receipt) => rejected.with_receipt(Receipt::new(receipt)),
        None => rejected,
    }
}

/// Which revision is stored, as the metadata says.
pub(super) fn revision_of(call: &Conversation) -> &str {
    call.attributes.get("revision").map_or("none", |revision| revision.as_str())
}

/// A source with every job. A call has one recording, whose bytes name source and call. Clones share all.
#[derive(Clone)]
pub(super) struct Source {
    origin: Origin,
    clock: Clock,
    offers: Offers,
    state: Arc<Mutex<State>>,
    /// Whether downloads go on.
    flowing: Arc<watch::Sender<bool>>,
}

#[derive(Default)]
struct State {
    downloads: usize,
    settled: Vec<String>,
    settles_to_fail: u32,
    known: BTreeMap<String, Conversation>,
}

impl Source {
    pub(super) fn new(tenant: &str, source: &str, clock: Clock) -> Self {
        let origin = Origin::new(tenant, source);
        let flowing = Arc::new(watch::Sender::new(true));
        Self { origin, clock, offers: Offers::default(), state: Arc::default(), flowing }
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn connector(&self) -> Connector {
        let cx = Context::default().for_source(&self.origin.tenant, &self.origin.source);
        Connector::new(&cx, Vendor::UNIVERSAL)
            .with_events(self.clone())
            .with_recordings(self.clone())
            .with_settler(self.clone())
            .with_history(self.clone())
    }

    /// Owes a delivery: it is offered until it is accepted.
    pub(super) fn offer(&self, items: impl IntoIterator<Item = Item>) {
        self.offers.owe(items.into_iter().collect(), None);
    }

    /// The same with a position, which is known once the delivery is stored.
    pub(super) fn offer_up_to(&self, cursor: &str, event: CallEvent) {
        self.offers.owe(vec![Item::Event(event)], Some(Cursor::new(cursor)));
    }

    pub(super) fn offer_event(&self, event: CallEvent) {
        self.offer([Item::Event(event)]);
    }

    /// Knows a call of the past, which nobody was told of or only by a hint.
    pub(super) fn know(&self, call: Conversation) {
        self.state().known.insert(call.this.id.clone(), call);
    }

    /// From now on no download comes to its end.
    pub(super) fn hold(&self) {
        self.flowing.send_replace(false);
    }

    pub(super) fn release(&self) {
        self.flowing.send_replace(true);
    }

    /// The next so many receipts cannot be settled.
    pub(super) fn fail_settles(&self, times: u32) {
        self.state().settles_to_fail = times;
    }

    pub(super) fn all_accepted(&self) -> bool {
        self.offers.all_accepted()
    }

    /// How many downloads were begun.
    pub(super) fn downloads(&self) -> usize {
        self.state().downloads
    }

    pub(super) fn refused(&self) -> usize {
        self.offers.refused()
    }

    /// The receipts that were settled, in order.
    pub(super) fn settled(&self) -> Vec<String> {
        self.state().settled.clone()
    }

    /// How often somebody began to hear it.
    pub(super) fn subscriptions(&self) -> usize {
        self.offers.heard_from().len()
    }

    /// The position from which it was heard last.
    pub(super) fn heard_from(&self) -> Option<String> {
        self.offers.heard_from().pop().flatten().map(|from| from.as_str().to_owned())
    }

    /// The bytes of a call's recording.
    pub(super) fn audio(&self, id: &str) -> Vec<u8> {
        format!("{} {id}", self.origin).into_bytes()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the lock")
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.origin)
    }
}

#[async_trait]
impl EventSource for Source {
    fn traits(&self) -> EventTraits {
        EventTraits::new([CallEventKind::Ended, CallEventKind::MetadataChanged], Replay::Redelivered)
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        self.offers.begin(request.from);
        let clock = self.clock;
        self.offers.deliveries(move || clock.now())
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl RecordingDownloader for Source {
    fn patience(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn recordings(&self, of: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let one = |call: &Conversation| {
            let mut recording = Recording::new("1", call.this.clone(), Locator::new("1"));
            recording.validator = Some(Validator::new("v1"));
            Ok(RecordingSet::new(vec![recording], Outlook::Complete))
        };
        of.iter().map(one).collect()
    }

    async fn download(&self, recording: &Recording, _: DownloadOptions) -> Result<Lookup<Download>> {
        self.state().downloads += 1;
        let (mut flowing, audio) = (self.flowing.subscribe(), self.audio(&recording.conversation.id));
        let bytes = async move {
            // The sender lives as long as the source.
            let _ = flowing.wait_for(|flowing| *flowing).await;
            Ok(Bytes::from(audio))
        };
        Ok(Lookup::Ready(Download::new(stream::once(bytes).boxed())))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl Settler for Source {
    async fn settle(&self, receipt: &Receipt, _: Outcome, _: SettleOptions) -> Result<()> {
        let mut state = self.state();
        if state.settles_to_fail > 0 {
            state.settles_to_fail -= 1;
            return Err(Error::transient("the source is busy"));
        }
        state.settled.push(receipt.as_str().to_owned());
        Ok(())
    }
}

#[async_trait]
impl ConversationHistory for Source {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(Duration::ZERO)
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let is_asked = |call: &&Conversation| call.ended.is_some_and(|end| query.from <= end.at && end.at < query.to);
        let calls = self.state().known.values().filter(is_asked).cloned().collect();
        stream::iter([Ok(Page::new(calls))]).boxed()
    }

    async fn conversation(&self, of: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        let known = self.state().known.get(&of.id).cloned();
        Ok(known.map_or(Lookup::NotReady { retry_after: Duration::from_secs(5) }, Lookup::Ready))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}
