//! A subscription, used as a pipeline uses it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::expected::Sought;
use super::seen::{Miss, some_of, timely};
use super::subject::Subject;
use crate::{
    CallEvent, Cursor, Delivery, EventKey, EventSource, Events, Gap, Item, Receipt, Rejected, SourceItem,
    SubscribeRequest, Watch,
};

/// What a pipeline has stored.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) events: Vec<CallEvent>,
    pub(super) gaps: Vec<Gap>,
    pub(super) rejected: Vec<Rejected>,
}

impl Heard {
    pub(super) fn note(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Event(event) => self.events.push(event.clone()),
                Item::Gap(gap) => self.gaps.push(gap.clone()),
                Item::Rejected(rejected) => self.rejected.push(rejected.clone()),
            }
        }
    }

    pub(super) fn keys(&self) -> BTreeSet<EventKey> {
        self.events.iter().map(|event| event.key.clone()).collect()
    }

    /// Occurrences that were told under more than one key, in words.
    pub(super) fn told_under_many_keys(&self) -> Vec<String> {
        let mut keys: BTreeMap<_, BTreeSet<&EventKey>> = BTreeMap::new();
        for event in &self.events {
            keys.entry((&event.conversation.id, &event.kind, event.at.at)).or_default().insert(&event.key);
        }
        let many = keys.into_iter().filter(|(_, keys)| keys.len() > 1);
        many.map(|((conversation, kind, _), _)| format!("{kind} of {conversation}")).collect()
    }
}

/// A live subscription, and what was stored of it.
pub(super) struct Hearing {
    source: Option<Arc<dyn EventSource>>,
    watch: Watch,
    events: Option<Events>,
    /// What came before anybody asked for it.
    early: VecDeque<SourceItem>,
    /// The last cursor that was stored.
    pub(super) cursor: Option<Cursor>,
    pub(super) heard: Heard,
    pub(super) patience: Duration,
    pub(super) quiet: Duration,
}

impl Hearing {
    /// Subscribes, and waits until the source hears: until its first word, or so long that it has none to say.
    pub(super) async fn begin(
        source: Arc<dyn EventSource>,
        watch: Watch,
        cursor: Option<Cursor>,
        subject: &dyn Subject,
    ) -> Result<Self, Miss> {
        let (patience, quiet) = (subject.patience(), subject.quiet());
        let (events, early, heard) = (None, VecDeque::new(), Heard::default());
        let mut hearing = Self { source: Some(source), watch, events, early, cursor, heard, patience, quiet };
        if let Ok(item) = timeout(quiet, hearing.item()).await {
            hearing.early.push_back(item?);
        }
        Ok(hearing)
    }

    /// Drops the stream. The next one goes on from the last stored cursor.
    pub(super) fn hang_up(&mut self) {
        self.events = None;
        self.early.clear();
    }

    /// Lets go of everything but what was stored, as a process does that ends.
    pub(super) fn forget_source(&mut self) {
        self.hang_up();
        self.source = None;
    }

    /// Goes on with another source, as the next process does.
    pub(super) fn go_on_with(&mut self, source: Arc<dyn EventSource>) {
        self.source = Some(source);
    }

    fn stream(&mut self) -> &mut Events {
        let deliveries = || {
            let request = SubscribeRequest::new(self.watch.clone()).from(self.cursor.clone());
            self.source.as_ref().map_or_else(|| stream::empty().boxed(), |source| source.deliveries(request))
        };
        self.events.get_or_insert_with(deliveries)
    }

    async fn item(&mut self) -> Result<SourceItem, Miss> {
        if let Some(item) = self.early.pop_front() {
            return Ok(item);
        }
        arrived(self.stream().next().await)
    }

    /// The next delivery within a time; `None` when nothing comes.
    pub(super) async fn delivery(&mut self, within: Duration) -> Result<Option<Delivery>, Miss> {
        let delivery = async {
            loop {
                if let SourceItem::Delivery(delivery) = self.item().await? {
                    return Ok(delivery);
                }
            }
        };
        timeout(within, delivery).await.map_or(Ok(None), |delivery| delivery.map(Some))
    }

    /// The next delivery with an event in it; whatever comes before is accepted.
    pub(super) async fn delivery_of_event(&mut self) -> Result<Delivery, Miss> {
        while let Some(delivery) = self.delivery(self.patience).await? {
            if delivery.items.iter().any(|item| matches!(item, Item::Event(_))) {
                return Ok(delivery);
            }
            self.accept(delivery).await?;
        }
        Err(Miss::failed(format!("no event came within {:?}", self.patience)))
    }

    /// The next delivery, polling the stream so many times at most; `None` when these are used up.
    pub(super) async fn delivery_in_polls(&mut self, polls: &mut usize) -> Result<Option<Delivery>, Miss> {
        while *polls > 0 {
            let patience = self.patience;
            let early = self.early.pop_front();
            let stream = self.stream();
            let item = poll_fn(|cx| {
                if *polls == 0 {
                    return Poll::Ready(None);
                }
                *polls -= 1;
                match stream.poll_next_unpin(cx) {
                    Poll::Ready(item) => Poll::Ready(Some(arrived(item))),
                    Poll::Pending if *polls == 0 => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            });
            let item = match early {
                Some(early) => Some(Ok(early)),
                None => timely(patience, "next()", item).await?,
            };
            match item.transpose()? {
                Some(SourceItem::Delivery(delivery)) => return Ok(Some(delivery)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Stores a delivery and accepts it. Returns the receipts of its events and rejections.
    pub(super) async fn accept(&mut self, delivery: Delivery) -> Result<Vec<Receipt>, Miss> {
        self.heard.note(&delivery.items);
        self.cursor = delivery.cursor.or(self.cursor.take());
        timely(self.patience, "accept()", delivery.ack.accept()).await??;
        let receipts = delivery.items.into_iter().filter_map(|item| match item {
            Item::Event(event) => event.receipt,
            Item::Rejected(rejected) => rejected.receipt,
            Item::Gap(_) => None,
        });
        Ok(receipts.collect())
    }

    /// Accepts what comes until this was heard.
    pub(super) async fn until_heard(&mut self, sought: &Sought) -> Result<(), Miss> {
        while !sought.all_in(&self.heard.events) {
            let Some(delivery) = self.delivery(self.patience).await? else {
                let missing = sought.difference(&self.heard.events).missing;
                return Err(Miss::failed(format!("not heard within {:?}: {}", self.patience, some_of(&missing))));
            };
            self.accept(delivery).await?;
        }
        Ok(())
    }

    /// Accepts what comes until nothing comes any more.
    pub(super) async fn until_quiet(&mut self) -> Result<(), Miss> {
        while let Some(delivery) = self.delivery(self.quiet).await? {
            self.accept(delivery).await?;
        }
        Ok(())
    }
}

fn arrived(item: Option<crate::Result<SourceItem>>) -> Result<SourceItem, Miss> {
    match item {
        Some(Ok(item)) => Ok(item),
        Some(Err(error)) => Err(Miss::failed(format!("the stream ended with an error: {error}"))),
        None => Err(Miss::failed("the stream ended without a word")),
    }
}
