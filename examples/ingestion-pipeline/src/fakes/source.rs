//! A source whose answers a test writes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::{
    Connector, Context, Conversation, ConversationHistory, ConversationRef, Cursor, Download, DownloadOptions, Error,
    EventSource, EventTraits, Events, HistoryLimits, HistoryQuery, Item, JobCheck, Listing, Locator, Lookup,
    LookupOptions, Origin, Outcome, Outlook, Page, Receipt, Recording, RecordingDownloader, RecordingOptions,
    RecordingSet, Replay, Result, SettleOptions, Settler, SubscribeRequest, Validator, Vendor,
};
use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt, StreamExt, stream};

use super::day::{at, origin};
use crate::testing::offers::Offers;

type List = Arc<dyn Fn(&Conversation, usize) -> Result<RecordingSet> + Send + Sync>;
type Fetch = Arc<dyn Fn(&Recording, usize, u64) -> BoxFuture<'static, Result<Lookup<Download>>> + Send + Sync>;
type Settle = Arc<dyn Fn(&Receipt, usize) -> BoxFuture<'static, Result<()>> + Send + Sync>;
type Past = Arc<dyn Fn(HistoryQuery, usize) -> Vec<Result<Page<Conversation>>> + Send + Sync>;
type Look = Arc<dyn Fn(&ConversationRef, usize) -> Result<Lookup<Conversation>> + Send + Sync>;

/// A source with every job. Answers come from closures, which are told how often the same was asked before.
///
/// Unless said otherwise a call has one recording, whose bytes are the call's id, and settling works. Clones share all.
#[derive(Clone)]
pub(crate) struct FakeSource {
    origin: Origin,
    list: Option<List>,
    fetch: Fetch,
    settle: Settle,
    look: Option<Look>,
    past: Option<Past>,
    lag: Duration,
    patience: Duration,
    list_takes: Duration,
    answers: usize,
    stream_failures: usize,
    pub(crate) offers: Offers,
    told: Arc<Mutex<Told>>,
}

/// What the source was asked and told.
#[derive(Default)]
pub(crate) struct Told {
    asked: HashMap<String, usize>,
    pub(crate) settled: Vec<(Receipt, Outcome)>,
}

impl FakeSource {
    pub(crate) fn new() -> Self {
        Self::named(origin())
    }

    pub(crate) fn named(origin: Origin) -> Self {
        Self {
            origin,
            list: Some(Arc::new(|call, _| {
                Ok(RecordingSet::new(vec![recording(&call.this.id, "1")], Outlook::Complete))
            })),
            fetch: Arc::new(|recording, _, _| ready(recording.conversation.id.clone())),
            settle: Arc::new(|_, _| future::ready(Ok(())).boxed()),
            look: None,
            past: None,
            lag: Duration::ZERO,
            patience: Duration::from_secs(3600),
            list_takes: Duration::ZERO,
            answers: 1,
            stream_failures: 0,
            offers: Offers::default(),
            told: Arc::default(),
        }
    }

    pub(crate) fn listing(
        mut self,
        list: impl Fn(&Conversation, usize) -> Result<RecordingSet> + Send + Sync + 'static,
    ) -> Self {
        self.list = Some(Arc::new(list));
        self
    }

    pub(crate) fn fetching(
        mut self,
        fetch: impl Fn(&Recording, usize, u64) -> BoxFuture<'static, Result<Lookup<Download>>> + Send + Sync + 'static,
    ) -> Self {
        self.fetch = Arc::new(fetch);
        self
    }

    pub(crate) fn settling(
        mut self,
        settle: impl Fn(&Receipt, usize) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        self.settle = Arc::new(settle);
        self
    }

    pub(crate) fn knowing(
        mut self,
        look: impl Fn(&ConversationRef, usize) -> Result<Lookup<Conversation>> + Send + Sync + 'static,
    ) -> Self {
        self.look = Some(Arc::new(look));
        self
    }

    /// Has a history, whose pages come after a second each. The closure is told how often it was asked before.
    pub(crate) fn remembering(
        mut self,
        lag: Duration,
        past: impl Fn(HistoryQuery, usize) -> Vec<Result<Page<Conversation>>> + Send + Sync + 'static,
    ) -> Self {
        self.past = Some(Arc::new(past));
        self.lag = lag;
        self
    }

    pub(crate) fn patient_for(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// So many times its stream of events fails at once.
    pub(crate) fn failing_stream(mut self, times: usize) -> Self {
        self.stream_failures = times;
        self
    }

    /// The first list of recordings takes this long.
    pub(crate) fn listing_slowly(mut self, time: Duration) -> Self {
        self.list_takes = time;
        self
    }

    /// Breaks the rule of one answer for each call.
    pub(crate) fn answering_twice(mut self) -> Self {
        self.answers = 2;
        self
    }

    pub(crate) fn without_recordings(mut self) -> Self {
        self.list = None;
        self
    }

    /// Owes a delivery: it is offered until it is accepted.
    pub(crate) fn offer(&self, items: impl IntoIterator<Item = Item>, cursor: Option<&str>) {
        self.offers.owe(items.into_iter().collect(), cursor.map(Cursor::new));
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }

    /// How often it was asked: for the recordings of a call, a recording, a call, or to settle.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.told().asked.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn settled(&self) -> Vec<String> {
        self.told().settled.iter().map(|(receipt, _)| receipt.as_str().to_owned()).collect()
    }

    pub(crate) fn connector(&self) -> Connector {
        let cx = Context::default().for_source(&self.origin.tenant, &self.origin.source);
        let mut connector = Connector::new(&cx, Vendor::UNIVERSAL).with_events(self.clone()).with_settler(self.clone());
        if self.list.is_some() {
            connector = connector.with_recordings(self.clone());
        }
        if self.look.is_some() || self.past.is_some() {
            connector = connector.with_history(self.clone());
        }
        connector
    }

    fn count(&self, what: &str) -> usize {
        let mut told = self.told();
        let asked = told.asked.entry(what.to_owned()).or_default();
        *asked += 1;
        *asked - 1
    }
}

impl fmt::Debug for FakeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeSource({})", self.origin)
    }
}

/// A recording of which a version is named.
pub(crate) fn recording(conversation: &str, id: &str) -> Recording {
    let mut recording = Recording::new(id, ConversationRef::new(conversation), Locator::new(id));
    recording.media_type = Some("audio/wav".into());
    recording.validator = Some(Validator::new("v1"));
    recording
}

/// Here it is, at once.
pub(crate) fn ready(bytes: impl Into<Bytes>) -> BoxFuture<'static, Result<Lookup<Download>>> {
    piece_by_piece(vec![Ok(bytes.into())], Duration::ZERO)
}

/// Here it is, each piece after a while.
pub(crate) fn piece_by_piece(
    pieces: Vec<Result<Bytes>>,
    every: Duration,
) -> BoxFuture<'static, Result<Lookup<Download>>> {
    let slow = stream::iter(pieces).then(move |piece| async move {
        if !every.is_zero() {
            tokio::time::sleep(every).await;
        }
        piece
    });
    future::ready(Ok(Lookup::Ready(Download::new(slow.boxed())))).boxed()
}

#[async_trait]
impl EventSource for FakeSource {
    fn traits(&self) -> EventTraits {
        EventTraits::new([], Replay::Redelivered)
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        self.offers.begin(request.from);
        if self.count("stream") < self.stream_failures {
            return stream::iter([Err(Error::transient("the line is down"))]).boxed();
        }
        self.offers.deliveries(|| at(0))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl RecordingDownloader for FakeSource {
    fn patience(&self) -> Duration {
        self.patience
    }

    async fn recordings(&self, of: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let list = self.list.as_ref().expect("only asked when there is this job");
        let call = &of[0];
        let before = self.count(&format!("list {}", call.this.id));
        if before == 0 && !self.list_takes.is_zero() {
            tokio::time::sleep(self.list_takes).await;
        }
        (0..self.answers).map(|_| list(call, before)).collect()
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let before = self.count(&format!("fetch {}/{}", recording.conversation.id, recording.id));
        (self.fetch)(recording, before, options.from).await
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl Settler for FakeSource {
    async fn settle(&self, receipt: &Receipt, outcome: Outcome, _: SettleOptions) -> Result<()> {
        (self.settle)(receipt, self.count(&format!("settle {}", receipt.as_str()))).await?;
        self.told().settled.push((receipt.clone(), outcome));
        Ok(())
    }
}

#[async_trait]
impl ConversationHistory for FakeSource {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(self.lag)
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let past = self.past.as_ref().expect("only asked when there is a past");
        let pages = past(query, self.count("past"));
        let slow = stream::iter(pages).then(|page| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            page
        });
        slow.boxed()
    }

    async fn conversation(&self, of: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        let look = self.look.as_ref().expect("only asked when there is this job");
        look(of, self.count(&format!("look {}", of.id)))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}
