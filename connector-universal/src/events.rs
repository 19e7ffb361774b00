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
