//! Hearing of calls as they happen, by the vendor's notifications.

pub(crate) mod channel;
pub(crate) mod differ;
pub mod eventbridge;
mod inbox;
mod listener;
mod position;
mod reader;
mod tasks;
mod watch;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::{CallEventKind, EventSource, EventTraits, Events, JobCheck, Replay, SubscribeRequest};

use self::differ::{MUTED, UNMUTED};
use self::listener::Listener;
use crate::shared::Shared;
use crate::uses::EVENTS_CHECK;

/// Calls as they happen: ringing, answered, held, resumed, muted, recording paused, passed on, leg ended, call ended,
/// wrap-up ended.
///
/// Each person who is watched has a topic on a channel, and each channel a socket. A channel takes 1,000 people
/// ([`topics`](crate::GenesysConfig::topics)), an OAuth client has 20 channels
/// ([`channels`](crate::GenesysConfig::channels)); people are spread evenly. Whoever is watched by login is looked up, and
/// everybody who works there is listed again each hour.
///
/// The vendor sends the whole state of a call, not what happened in it. Each step is told once, with the vendor's time where
/// it names one: the end of a hold, a mute and a pause of the recording have the time at which they were heard of. That a
/// call is over is told after the vendor was asked; where it may not be asked about, once none of the people who are watched
/// has it. While deliveries are taken slowly, only the last state of each call is kept.
///
/// What is not heard is lost, since the vendor repeats nothing. Each such time is a [`Gap`](connector_core::Gap): from the
/// stored position to the first moment at which all is heard, from the last word of a socket that broke off or fell silent
/// to its topics being taken again, and from the beginning of the calls in a delivery that was not stored. After each, the
/// calls that go on are asked about.
///
/// Channels are renewed before they or their tokens end, without a gap. Another program that uses the same OAuth client may
/// take a channel away: give each its own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use std::sync::Arc;
/// use connector_core::testing::{FaultPlan, Scenario, http::InProcess};
/// use connector_core::{CallEventKind, Clock, Context, EventSource, Item, SourceItem, SubscribeRequest, Watch};
/// use connector_genesys::{Genesys, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let day = Scenario::small(7);
/// let (fake, clock) = (Fake::new(&day, FaultPlan::none()), Clock::starting_at(day.starts));
/// fake.follow(clock); // the day passes by this clock, which the test has paused
/// let cx = Context::default().with_clock(clock).with_transport(Arc::new(InProcess::new(fake.answers())));
///
/// let events = Genesys::new(fake.config(), &cx)?.events();
/// let mut deliveries = events.deliveries(SubscribeRequest::new(Watch::everyone()));
/// let mut ended = 0;
/// while ended < 3 && let Some(item) = deliveries.try_next().await? {
///     let SourceItem::Delivery(delivery) = item else { continue };
///     for item in &delivery.items {
///         match item {
///             Item::Event(event) if event.kind == CallEventKind::Ended => ended += 1,
///             Item::Event(event) => println!("{} {}", event.conversation, event.kind),
///             Item::Gap(gap) => println!("nothing was heard from {} to {}: {}", gap.from, gap.to, gap.why),
///             _ => {}
///         }
///     }
///     delivery.ack.accept().await?; // once all of it is stored, together with `delivery.cursor`
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// The stream waits out what may pass, with a [`SourceStatus`](connector_core::SourceStatus) that says so. It ends with
/// `is_unauthorized`, `is_forbidden` (all topics were refused), `is_config` (more people than a
/// client can hear), and `is_already_subscribed` when somebody else listens: another stream, or another program with the
/// same OAuth client.
#[derive(Clone)]
pub struct GenesysEvents {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for GenesysEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenesysEvents({})", self.shared.connection.cx.origin())
    }
}

#[async_trait]
impl EventSource for GenesysEvents {
    fn traits(&self) -> EventTraits {
        EventTraits::new(kinds(), Replay::Lost)
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        let shared = &self.shared;
        shared.seat.deliveries(shared.connection.cx.origin(), || Listener::new(shared.clone(), request))
    }

    async fn check(&self) -> JobCheck {
        self.shared.check(&EVENTS_CHECK).await
    }
}

/// All that may happen in a call.
fn kinds() -> [CallEventKind; 12] {
    use CallEventKind::{
        Answered, Ended, Held, LegEnded, Other, RecordingPaused, RecordingResumed, Resumed, Ringing, Transferred,
        WrapUpEnded,
    };
    let (muted, unmuted) = (Other(MUTED.into()), Other(UNMUTED.into()));
    [
        Ringing,
        Answered,
        Held,
        Resumed,
        muted,
        unmuted,
        RecordingPaused,
        RecordingResumed,
        Transferred,
        LegEnded,
        Ended,
        WrapUpEnded,
    ]
}
