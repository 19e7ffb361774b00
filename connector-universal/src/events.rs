//! Hearing of calls: from files in a folder to deliveries.

mod ack;
mod housekeeping;
mod inbox;
mod items;
mod listener;
mod pairing;
mod record;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::{CallEventKind, EventSource, EventTraits, Events, JobCheck, Replay, SubscribeRequest};

use crate::shared::Shared;
use listener::Listener;

/// The events of a drop folder: a call that ended comes with its metadata and its recording's place.
///
/// What was not accepted stays in the folder and is offered again; there is no cursor.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path();
/// use connector_core::{Context, EventSource, Item, SourceItem, SubscribeRequest, Watch};
/// use connector_folder::{LocalFolder, MemoryLedger};
/// use connector_universal::{DropFolder, DropFolderConfig, SidecarMode};
/// use futures_util::TryStreamExt;
///
/// std::fs::write(path.join("20261102-101500_kay_lind.mp3"), "some sound")?;
/// std::fs::write(path.join("minutes of a meeting.mp3"), "some sound")?;
///
/// let config = DropFolderConfig::new("UTC").with_sidecar(SidecarMode::None).with_settle(std::time::Duration::from_millis(50));
/// let calls = DropFolder::new(config, LocalFolder::open(path)?, MemoryLedger::new(), &Context::default())?;
/// let mut deliveries = calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
/// let (mut ended, mut rejected) = (0, 0);
/// while ended + rejected < 2 {
///     let Some(SourceItem::Delivery(delivery)) = deliveries.try_next().await? else { continue };
///     for item in &delivery.items {
///         match item {
///             Item::Event(event) => ended += usize::from(event.agent.as_ref().unwrap().reveal() == "kay_lind"),
///             Item::Rejected(row) => rejected += usize::from(row.reason == "bad_file_name"),
///             _ => {}
///         }
///     }
///     delivery.ack.accept().await?; // once all of it is stored
/// }
/// assert_eq!((ended, rejected), (1, 1));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DropFolderEvents {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for DropFolderEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolderEvents({})", self.shared.cx.origin())
    }
}

#[async_trait]
impl EventSource for DropFolderEvents {
    fn traits(&self) -> EventTraits {
        let kinds = [CallEventKind::Ended, CallEventKind::MetadataChanged];
        let mut traits = EventTraits::new(kinds, Replay::Redelivered);
        traits.resolution = std::time::Duration::from_secs(1);
        traits.carries_facts = true;
        traits
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        let shared = &self.shared;
        shared.seat.deliveries(shared.cx.origin(), || Listener::new(shared.clone(), request.watch))
    }

    async fn check(&self) -> JobCheck {
        self.shared.check().await
    }
}
