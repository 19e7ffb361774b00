//! Hearing of calls: the vendor pushes nothing of the kind, so it is asked again and again.

mod ack;
mod active;
pub(crate) mod hints;
mod items;
mod listener;
mod poll;
pub(crate) mod push;
mod session;
mod states;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::{CallEventKind, EventSource, EventTraits, Events, JobCheck, Replay, SubscribeRequest};

use crate::shared::Shared;
use listener::Listener;

/// What is told of calls that go on, where that is asked for.
const ON_THE_WAY: [CallEventKind; 4] =
    [CallEventKind::Ringing, CallEventKind::Answered, CallEventKind::Held, CallEventKind::Resumed];

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
/// The stream waits out what may pass, with a [`SourceStatus`](connector_core::SourceStatus) that says so, and ends with an error where credentials are wrong,
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
        self.shared.check_contacts().await
    }
}
