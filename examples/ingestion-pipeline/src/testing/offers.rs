//! Deliveries that a source owes: each is offered until it is accepted.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Ack, AckSink, Cursor, Delivery, Events, Item, Refusal, Result, SourceItem};
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio::task::yield_now;

/// What a source owes, and how it was heard. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    state: Arc<Mutex<State>>,
    more: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    offers: Vec<Offer>,
    refused: usize,
    heard_from: Vec<Option<Cursor>>,
}

#[derive(Debug)]
struct Offer {
    items: Vec<Item>,
    cursor: Option<Cursor>,
    stands: Stands,
}

#[derive(Debug, PartialEq)]
enum Stands {
    Owed,
    Out,
    Accepted,
}

impl Offers {
    /// Owes one more, with the position that is known once it is stored.
    pub(crate) fn owe(&self, items: Vec<Item>, cursor: Option<Cursor>) {
        self.state().offers.push(Offer { items, cursor, stands: Stands::Owed });
        self.more.notify_one();
    }

    pub(crate) fn all_accepted(&self) -> bool {
        self.state().offers.iter().all(|offer| offer.stands == Stands::Accepted)
    }

    /// How many were refused.
    pub(crate) fn refused(&self) -> usize {
        self.state().refused
    }

    /// The positions from which somebody began to hear.
    pub(crate) fn heard_from(&self) -> Vec<Option<Cursor>> {
        self.state().heard_from.clone()
    }

    /// Somebody begins to hear. What went out and was never answered was lost with whoever heard it, and is owed again.
    pub(crate) fn begin(&self, from: Option<Cursor>) {
        let mut state = self.state();
        state.heard_from.push(from);
        let lost = state.offers.iter_mut().filter(|offer| offer.stands == Stands::Out);
        lost.for_each(|offer| offer.stands = Stands::Owed);
    }

    /// Those that are owed, as they come, received by this clock.
    pub(crate) fn deliveries(&self, now: impl Fn() -> DateTime<Utc> + Send + 'static) -> Events {
        let next = |(offers, now): (Self, _)| async move {
            loop {
                if let Some(delivery) = offers.next(&now) {
                    return Some((Ok(SourceItem::Delivery(delivery)), (offers, now)));
                }
                offers.more.notified().await;
            }
        };
        stream::unfold((self.clone(), now), next).boxed()
    }

    fn next(&self, now: impl Fn() -> DateTime<Utc>) -> Option<Delivery> {
        let mut state = self.state();
        let index = state.offers.iter().position(|offer| offer.stands == Stands::Owed)?;
        let offer = &mut state.offers[index];
        offer.stands = Stands::Out;
        let ack = Ack::new(Promise { offers: self.clone(), offer: index });
        let mut delivery = Delivery::new(offer.items.clone(), now(), ack);
        delivery.cursor.clone_from(&offer.cursor);
        Some(delivery)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the lock")
    }
}

struct Promise {
    offers: Offers,
    offer: usize,
}

#[async_trait]
impl AckSink for Promise {
    async fn accept(self: Box<Self>) -> Result<()> {
        yield_now().await;
        self.offers.state().offers[self.offer].stands = Stands::Accepted;
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {
        let mut state = self.offers.state();
        state.refused += 1;
        state.offers[self.offer].stands = Stands::Owed;
    }
}
