//! Hearing of calls: from files in a folder to deliveries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use connector_core::{CallEventKind, Error, EventSource, EventTraits, Events, JobCheck, Replay, SubscribeRequest};
use futures_util::{StreamExt, stream};

use crate::client::Shared;
use crate::listener::Listener;

/// The events of a drop folder: a call that ended comes with its metadata and its recording's place.
///
/// What was not accepted stays in the folder and is offered again; there is no cursor.
#[derive(Clone)]
pub struct DropFolderEvents {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for DropFolderEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolderEvents({})", self.shared.origin)
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
        let Some(place) = Place::take(&self.shared.subscribed) else {
            let error = Error::already_subscribed("this drop folder is listened to already").of(&self.shared.origin);
            return stream::iter([Err(error.during("deliveries"))]).boxed();
        };
        let listener = Listener::new(self.shared.clone(), request.watch);
        stream::unfold(Some((listener, place)), |listening| async {
            let (mut listener, place) = listening?;
            match listener.next().await {
                Ok(item) => Some((Ok(item), Some((listener, place)))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn check(&self) -> JobCheck {
        self.shared.check().await
    }
}

/// The one place for a listener.
struct Place(Arc<AtomicBool>);

impl Place {
    fn take(taken: &Arc<AtomicBool>) -> Option<Self> {
        (!taken.swap(true, Ordering::AcqRel)).then(|| Self(taken.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
