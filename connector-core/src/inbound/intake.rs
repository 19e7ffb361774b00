//! From requests to the stream of a source: one delivery each, answered when somebody has said what became of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use http::{Response, StatusCode};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::memory::Held;
use super::receiver::busy;
use crate::{Ack, AckSink, Delivery, Error, Events, Item, Refusal, Result, SourceItem, SourceStatus};

/// The limits of an [`Intake`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntakeOptions {
    /// Deliveries that wait to be taken from the stream.
    pub waiting: usize,
    /// How long a request waits for its delivery to be accepted.
    pub within: Duration,
}

/// 256 deliveries, 160 s.
impl Default for IntakeOptions {
    fn default() -> Self {
        Self { waiting: 256, within: Duration::from_secs(160) }
    }
}

impl IntakeOptions {
    /// The same options, with so many deliveries that may wait; at least 1.
    pub fn with_waiting(mut self, deliveries: usize) -> Self {
        self.waiting = deliveries.max(1);
        self
    }

    /// The same options, with this time for a delivery to be accepted.
    pub fn with_time(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }
}

/// What became of the delivery of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Submitted {
    /// It is safe: the vendor may forget it.
    Accepted,
    /// It was refused or dropped.
    Refused(Refusal),
    /// Nobody said within the time. Should it still be accepted, the vendor sends a duplicate.
    Late,
    /// Nobody listens to the source at the moment.
    Unheard,
    /// Too many deliveries wait already.
    Full,
}

impl Submitted {
    /// Whether the vendor may be told of success.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }

    /// The plain answer: 200 without a body, or 503.
    pub fn answer(&self) -> Response<Bytes> {
        match self {
            Self::Accepted => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::OK;
                response
            }
            _ => busy(),
        }
    }
}

/// The way from a [`Receiver`](super::Receiver) to the stream of its source. Clones are the same intake.
///
/// Nothing is kept: whatever is not accepted, the vendor sends again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use connector_core::inbound::{Held, Intake, IntakeOptions, Submitted};
/// let intake = Intake::new(IntakeOptions::default());
/// let gap = connector_core::Gap { from: Default::default(), to: Default::default(), why: "a gap".into() };
/// let items = vec![connector_core::Item::Gap(gap)];
/// let said = intake.submit(items, Held::nothing(), Default::default()).await;
/// assert_eq!(said, Submitted::Unheard);
/// # }
/// ```
#[derive(Clone)]
pub struct Intake(Arc<Inner>);

struct Inner {
    options: IntakeOptions,
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    is_heard: bool,
    came: u64,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    number: u64,
    items: Vec<Item>,
    received: DateTime<Utc>,
    promise: Promise,
}

impl Intake {
    /// An intake that nobody listens to yet.
    pub fn new(options: IntakeOptions) -> Self {
        Self(Arc::new(Inner { options, state: Mutex::default(), news: Notify::new() }))
    }

    /// Makes one delivery of what a request brought, and waits until somebody has said what becomes of it. The memory is
    /// held until then, and beyond where it takes longer than this waits. Without items there is nothing to wait for.
    ///
    /// Dropping the future takes the delivery back, unless it was taken from the stream already.
    pub async fn submit(&self, items: Vec<Item>, held: Held, received: DateTime<Utc>) -> Submitted {
        if items.is_empty() {
            return Submitted::Accepted;
        }
        let (told, said) = oneshot::channel();
        let promise = Promise { told, _held: held };
        let _place = match self.queue(items, received, promise) {
            Ok(place) => place,
            Err(why) => return why,
        };
        match timeout(self.0.options.within, said).await {
            Ok(Ok(Ok(()))) => Submitted::Accepted,
            Ok(Ok(Err(why))) => Submitted::Refused(why),
            // The stream was dropped before it was taken.
            Ok(Err(_)) => Submitted::Refused(Refusal::Dropped),
            Err(_) => Submitted::Late,
        }
    }

    fn queue(&self, items: Vec<Item>, received: DateTime<Utc>, promise: Promise) -> Result<Place<'_>, Submitted> {
        let mut state = self.0.state();
        if !state.is_heard {
            return Err(Submitted::Unheard);
        }
        if state.waiting.len() >= self.0.options.waiting {
            return Err(Submitted::Full);
        }
        let number = state.came;
        state.came += 1;
        state.waiting.push_back(Waiting { number, items, received, promise });
        self.0.news.notify_one();
        Ok(Place { intake: &self.0, number })
    }

    /// The stream of the source. There is one at a time: a second one ends at once with
    /// [`is_already_subscribed`](Error::is_already_subscribed). Dropping it refuses what waits in it.
    pub fn listen(&self) -> Events {
        if std::mem::replace(&mut self.0.state().is_heard, true) {
            return stream::iter([Err(Error::already_subscribed("somebody listens to this source already"))]).boxed();
        }
        let listener = Listener(self.0.clone());
        let deliveries = stream::unfold(listener, |listener| async {
            let delivery = listener.next().await;
            Some((Ok(SourceItem::Delivery(delivery)), listener))
        });
        stream::iter([Ok(SourceItem::Status(SourceStatus::Live))]).chain(deliveries).boxed()
    }

    /// Whether somebody listens.
    pub fn is_heard(&self) -> bool {
        self.0.state().is_heard
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How it stands, not what waits in it.
impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        write!(f, "Intake({}, {} waiting)", if state.is_heard { "heard" } else { "unheard" }, state.waiting.len())
    }
}

/// A delivery's place in the queue, given up with the request.
struct Place<'a> {
    intake: &'a Inner,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.intake.state();
        let place = state.waiting.binary_search_by_key(&self.number, |waiting| waiting.number);
        let taken_back = place.ok().and_then(|place| state.waiting.remove(place));
        drop(state);
        drop(taken_back);
    }
}

/// Whoever listens. There is one at a time.
struct Listener(Arc<Inner>);

impl Listener {
    async fn next(&self) -> Delivery {
        loop {
            let news = self.0.news.notified();
            let first = self.0.state().waiting.pop_front();
            match first {
                Some(Waiting { items, received, promise, .. }) => {
                    return Delivery::new(items, received, Ack::new(promise));
                }
                None => news.await,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_heard = false;
        let refused = std::mem::take(&mut state.waiting);
        drop(state);
        drop(refused);
    }
}

/// Tells the request what became of its delivery.
struct Promise {
    told: oneshot::Sender<Result<(), Refusal>>,
    _held: Held,
}

#[async_trait]
impl AckSink for Promise {
    async fn accept(self: Box<Self>) -> Result<()> {
        self.told
            .send(Ok(()))
            .map_err(|_| Error::transient("the vendor waits no longer; it will send the same once more"))
    }

    fn refuse(self: Box<Self>, why: Refusal) {
        // Nobody waits any more: then the vendor comes again anyhow.
        let _ = self.told.send(Err(why));
    }
}

#[cfg(test)]
mod tests;
