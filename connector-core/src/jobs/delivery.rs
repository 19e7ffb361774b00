//! Events on their way: streams, deliveries and the promise between a source and whoever stores what it tells.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_core::stream::BoxStream;

use crate::{Cursor, Item, Result};

/// A stream of what a source hears. `Err` is always its last item; dropping it cancels.
pub type Events = BoxStream<'static, Result<SourceItem>>;

/// One item of an event stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceItem {
    /// Something to store and accept.
    Delivery(Delivery),
    /// How the source is doing. Nothing to store.
    Status(SourceStatus),
}

/// Items that are accepted or refused together.
///
/// The contract: `next()` of the stream never waits for an earlier ack, so deliveries can be stored in groups. Whatever is
/// refused or dropped, the *source* owes again. Accepting may fail; then a duplicate will come, nothing else.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::{Ack, Delivery, Gap, Item};
/// # let now = "2026-10-19T14:02:53Z".parse().unwrap();
/// let gap = Gap { from: now, to: now, why: "the connection was lost".into() };
/// let delivery = Delivery::new(vec![Item::Gap(gap)], now, Ack::nobody());
/// // Write down `delivery.items` and `delivery.cursor` in one transaction. Only then:
/// delivery.ack.accept().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// What was heard.
    pub items: Vec<Item>,
    /// Everything older than this has been delivered: to be stored in the same transaction as the items.
    pub cursor: Option<Cursor>,
    /// When it was heard.
    pub received: DateTime<Utc>,
    /// The promise.
    pub ack: Ack,
}

impl Delivery {
    /// Items heard at a time, and whom to tell that they are safe.
    pub fn new(items: Vec<Item>, received: DateTime<Utc>, ack: Ack) -> Self {
        Self { items, cursor: None, received, ack }
    }
}

/// How a source is doing: for logs, metrics and people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceStatus {
    /// It hears.
    Live,
    /// It lost the connection and tries again.
    Reconnecting {
        /// Why.
        why: String,
    },
    /// The vendor asked it to slow down.
    Throttled {
        /// Until when it waits.
        until: DateTime<Utc>,
    },
    /// Nothing came for longer than is usual there.
    Silent {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Things wait for something that has not come: recordings without metadata, for example.
    Waiting {
        /// How many.
        items: usize,
        /// Since when the oldest waits.
        since: DateTime<Utc>,
        /// For what.
        what: String,
    },
}

impl fmt::Display for SourceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("listening"),
            Self::Reconnecting { why } => write!(f, "connecting again: {why}"),
            Self::Throttled { until } => write!(f, "asked to slow down, waiting until {until}"),
            Self::Silent { since } => write!(f, "nothing came since {since}"),
            Self::Waiting { items, since, what } => write!(f, "{items} waiting for {what}, the oldest since {since}"),
        }
    }
}

/// Why a delivery was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody said: the delivery was dropped.
    Dropped,
    /// The store failed.
    NotStored,
    /// The program is stopping.
    Stopping,
}

/// For connectors: whom an [`Ack`] tells.
#[async_trait]
pub trait AckSink: Send + 'static {
    /// Everything in the delivery is safe. An error, or a future dropped half way, means a duplicate will come.
    async fn accept(self: Box<Self>) -> Result<()>;
    /// Nothing in the delivery is safe; it is owed again.
    fn refuse(self: Box<Self>, why: Refusal);
}

/// The right, and the duty, to say what became of a delivery. Dropping it refuses.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use std::sync::mpsc::{Sender, channel};
/// use connector_core::{Ack, AckSink, Refusal, Result};
///
/// /// Tells a source what it may forget.
/// struct Forget(Sender<&'static str>);
///
/// #[async_trait::async_trait]
/// impl AckSink for Forget {
///     async fn accept(self: Box<Self>) -> Result<()> {
///         let _ = self.0.send("forgotten");
///         Ok(())
///     }
///     fn refuse(self: Box<Self>, _: Refusal) {
///         let _ = self.0.send("owed again");
///     }
/// }
///
/// let (tell, told) = channel();
/// Ack::new(Forget(tell.clone())).accept().await?;
/// drop(Ack::new(Forget(tell)));
/// assert_eq!(told.iter().collect::<Vec<_>>(), ["forgotten", "owed again"]);
/// # Ok(()) }
/// ```
#[must_use = "a delivery that is not accepted comes again"]
pub struct Ack(Option<Box<dyn AckSink>>);

impl Ack {
    /// For connectors: an ack that tells this sink.
    pub fn new(sink: impl AckSink) -> Self {
        Self(Some(Box::new(sink)))
    }

    /// An ack that tells nobody, for sources that have nothing to repeat.
    pub fn nobody() -> Self {
        Self(None)
    }

    /// Says that everything in the delivery is safe: only now may the source forget it.
    ///
    /// # Errors
    /// When the source could not note it down. The delivery will come again; nothing is lost.
    pub async fn accept(mut self) -> Result<()> {
        match self.0.take() {
            Some(sink) => sink.accept().await,
            None => Ok(()),
        }
    }

    /// Says that nothing in the delivery is safe, so that it comes again soon.
    pub fn refuse(mut self, why: Refusal) {
        self.tell(why);
    }

    fn tell(&mut self, why: Refusal) {
        if let Some(sink) = self.0.take() {
            sink.refuse(why);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        self.tell(Refusal::Dropped);
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ack")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Notes(Arc<Mutex<Vec<String>>>);

    #[async_trait]
    impl AckSink for Notes {
        async fn accept(self: Box<Self>) -> Result<()> {
            self.0.lock().unwrap().push("accepted".into());
            Ok(())
        }

        fn refuse(self: Box<Self>, why: Refusal) {
            self.0.lock().unwrap().push(format!("{why:?}"));
        }
    }

    #[tokio::test]
    async fn an_ack_is_told_exactly_once() {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let ack = || Ack::new(Notes(notes.clone()));
        ack().accept().await.unwrap();
        ack().refuse(Refusal::NotStored);
        drop(ack());
        drop(ack().accept()); // never polled: not accepted
        assert_eq!(*notes.lock().unwrap(), ["accepted", "NotStored", "Dropped", "Dropped"]);
    }
}
