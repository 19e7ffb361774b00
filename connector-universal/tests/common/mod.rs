//! What the tests share: a folder in memory, a source over it, and words for what is heard.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod folder;
pub(crate) mod ledger;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{
    CallEvent, CallEventKind, Clock, Context, Conversation, Delivery, EventSource, Events, Item, Outcome, Receipt,
    Rejected, Result, SettleOptions, Settler, SourceItem, SourceStatus, SubscribeRequest, Watch,
};
use connector_universal::{DropFolder, DropFolderConfig};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

pub(crate) use folder::MemoryFolder;
pub(crate) use ledger::TestLedger;

/// 2026-11-02T10:00:00Z.
pub(crate) const START: &str = "2026-11-02T10:00:00Z";
/// A recording of a call at 09:15:00Z, in names with times of UTC.
pub(crate) const STEM: &str = "20261102-091500_kay_lind";
pub(crate) const JSON: &str = r#"{"contact_name": "Ife Novak", "direction": "inbound", "duration_seconds": 30}"#;
pub(crate) const SETTLE: Duration = Duration::from_secs(30);
pub(crate) const A_WHILE: Duration = Duration::from_secs(120);

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

pub(crate) fn wav(name: &str) -> String {
    format!("{name}.wav")
}

pub(crate) fn json(name: &str) -> String {
    format!("{name}.json")
}

/// A source over a folder in memory, with a ledger that outlives it.
pub(crate) struct Source {
    pub(crate) folder: MemoryFolder,
    pub(crate) ledger: TestLedger,
    pub(crate) clock: Clock,
    pub(crate) config: DropFolderConfig,
    pub(crate) calls: DropFolder,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self::with(|config| config)
    }

    pub(crate) fn with(change: impl FnOnce(DropFolderConfig) -> DropFolderConfig) -> Self {
        Self::over(MemoryFolder::new(), change(DropFolderConfig::new("UTC")))
    }

    pub(crate) fn set(change: impl FnOnce(&mut DropFolderConfig)) -> Self {
        Self::with(|mut config| {
            change(&mut config);
            config
        })
    }

    pub(crate) fn over(folder: MemoryFolder, config: DropFolderConfig) -> Self {
        let clock = Clock::starting_at(at(START));
        Self::made_of(folder, TestLedger::new(), clock, config)
    }

    pub(crate) fn made_of(folder: MemoryFolder, ledger: TestLedger, clock: Clock, config: DropFolderConfig) -> Self {
        let cx = Context::default().for_source("acme", "drop").with_clock(clock);
        let calls = DropFolder::new(config.clone(), folder.clone(), ledger.clone(), &cx).unwrap();
        Self { folder, ledger, clock, config, calls }
    }

    /// The same after the program ended and started again: nothing is left but the folder and the ledger.
    pub(crate) fn restarted(&self) -> Self {
        Self::made_of(self.folder.clone(), self.ledger.clone(), self.clock, self.config.clone())
    }

    pub(crate) fn listen(&self) -> Hearing {
        self.listen_to(Watch::everyone())
    }

    pub(crate) fn listen_to(&self, watch: Watch) -> Hearing {
        Hearing { events: self.calls.events().deliveries(SubscribeRequest::new(watch)), statuses: Vec::new() }
    }

    pub(crate) async fn settle(&self, receipt: &Receipt, outcome: Outcome) -> Result<()> {
        self.calls.settler().settle(receipt, outcome, SettleOptions::default()).await
    }

    /// Settles whatever was heard, as a pipeline would.
    pub(crate) async fn settle_item(&self, item: &Item) {
        match item {
            Item::Event(event) => self.settle(event.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap(),
            Item::Rejected(rejected) => {
                let (reason, detail) = (rejected.reason.clone(), rejected.detail.clone());
                let outcome = Outcome::Rejected { reason, at: rejected.at.clone(), detail };
                self.settle(rejected.receipt.as_ref().unwrap(), outcome).await.unwrap();
            }
            _ => {}
        }
    }
}

/// A live subscription.
pub(crate) struct Hearing {
    pub(crate) events: Events,
    pub(crate) statuses: Vec<SourceStatus>,
}

impl Hearing {
    /// The next delivery within a time; `None` when nothing comes.
    pub(crate) async fn delivery_within(&mut self, time: Duration) -> Option<Delivery> {
        timeout(time, async {
            loop {
                match self.events.next().await.expect("the stream goes on").expect("and meets no error") {
                    SourceItem::Delivery(delivery) => return delivery,
                    SourceItem::Status(status) => self.statuses.push(status),
                    other => panic!("{other:?}"),
                }
            }
        })
        .await
        .ok()
    }

    pub(crate) async fn delivery(&mut self) -> Delivery {
        self.delivery_within(A_WHILE).await.expect("something is delivered")
    }

    /// The items of the next delivery, accepted.
    pub(crate) async fn items(&mut self) -> Vec<Item> {
        let delivery = self.delivery().await;
        delivery.ack.accept().await.unwrap();
        delivery.items
    }

    /// The one item of the next delivery, accepted.
    pub(crate) async fn item(&mut self) -> Item {
        let mut items = self.items().await;
        assert_eq!(items.len(), 1, "{}", told(&items));
        items.remove(0)
    }

    /// The one event of the next delivery, accepted.
    pub(crate) async fn event(&mut self) -> CallEvent {
        event(self.item().await)
    }

    /// The one rejection of the next delivery, accepted.
    pub(crate) async fn rejected(&mut self) -> Rejected {
        rejected(self.item().await)
    }

    pub(crate) async fn silence(&mut self) {
        self.silence_of(A_WHILE).await;
    }

    pub(crate) async fn silence_of(&mut self, time: Duration) {
        if let Some(delivery) = self.delivery_within(time).await {
            panic!("nothing was to come, and then: {}", told(&delivery.items));
        }
    }

    /// Everything that comes until nothing comes any more, accepted.
    pub(crate) async fn all(&mut self) -> Vec<Item> {
        let mut all = Vec::new();
        while let Some(delivery) = self.delivery_within(A_WHILE).await {
            delivery.ack.accept().await.unwrap();
            all.extend(delivery.items);
        }
        all
    }

    /// Lets the source do what it can do now, without time passing.
    pub(crate) fn poke(&mut self) {
        while let Some(item) = self.events.next().now_or_never() {
            match item {
                Some(Ok(SourceItem::Status(status))) => self.statuses.push(status),
                other => panic!("{other:?}"),
            }
        }
    }
}

pub(crate) fn event(item: Item) -> CallEvent {
    match item {
        Item::Event(event) => event,
        other => panic!("no event: {}", told(&[other])),
    }
}

pub(crate) fn rejected(item: Item) -> Rejected {
    match item {
        Item::Rejected(rejected) => rejected,
        other => panic!("no rejection: {}", told(&[other])),
    }
}

pub(crate) fn facts(event: &CallEvent) -> &Conversation {
    event.facts.as_deref().expect("the events of a drop folder carry facts")
}

/// Items in words: `ended 20261102-091500_kay_lind`, `changed …`, `rejected nested_field`.
pub(crate) fn told(items: &[Item]) -> String {
    let words = items.iter().map(|item| match item {
        Item::Event(event) if event.kind == CallEventKind::Ended => format!("ended {}", event.conversation),
        Item::Event(event) if event.kind == CallEventKind::MetadataChanged => format!("changed {}", event.conversation),
        Item::Rejected(rejected) => format!("rejected {}", rejected.reason),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

pub(crate) fn outcome_of(rejected: &Rejected) -> Outcome {
    let (reason, detail) = (rejected.reason.clone(), rejected.detail.clone());
    Outcome::Rejected { reason, at: rejected.at.clone(), detail }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.calls)
    }
}

/// Polls a stream so many times without letting time pass, and says how many items came.
pub(crate) fn poll(events: &mut Events, times: usize) -> Vec<SourceItem> {
    let polls = (0..times).filter_map(|_| events.next().now_or_never());
    polls.map(|item| item.expect("the stream goes on").expect("and meets no error")).collect()
}

pub(crate) type Shared<T> = Arc<std::sync::Mutex<T>>;
