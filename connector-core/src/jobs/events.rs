//! What happens to calls.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Events, JobCheck};
use crate::{CallEventKind, Cursor, Watch};

/// Hears what happens to calls.
#[async_trait]
pub trait EventSource: Debug + Send + Sync + 'static {
    /// What it can tell, and how exactly.
    fn traits(&self) -> EventTraits;

    /// The stream of what it hears. Only one at a time: a second one ends at once with
    /// [`is_already_subscribed`](crate::Error::is_already_subscribed).
    fn deliveries(&self, request: SubscribeRequest) -> Events;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// The same job, shared.
#[async_trait]
impl<Job: EventSource + ?Sized> EventSource for Arc<Job> {
    fn traits(&self) -> EventTraits {
        (**self).traits()
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        (**self).deliveries(request)
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

/// What a caller wants to hear.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscribeRequest {
    /// Whose calls: a live handle, so people come and go without a new subscription.
    pub watch: Watch,
    /// Where to go on; `None` for the first time.
    pub from: Option<Cursor>,
}

impl SubscribeRequest {
    /// From now on.
    pub fn new(watch: Watch) -> Self {
        Self { watch, from: None }
    }

    /// From a stored position on.
    pub fn from(mut self, cursor: Option<Cursor>) -> Self {
        self.from = cursor;
        self
    }
}

/// What an event source can tell, and how exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventTraits {
    /// The kinds of events that it can tell.
    pub kinds: BTreeSet<CallEventKind>,
    /// What becomes of what was not accepted.
    pub replay: Replay,
    /// How finely its times are told.
    pub resolution: Duration,
    /// Whether its events carry the call's full metadata.
    pub carries_facts: bool,
}

impl EventTraits {
    /// A source that can tell these kinds, with times to the millisecond and no facts.
    pub fn new(kinds: impl IntoIterator<Item = CallEventKind>, replay: Replay) -> Self {
        let kinds = kinds.into_iter().collect();
        Self { kinds, replay, resolution: Duration::from_millis(1), carries_facts: false }
    }
}

/// What becomes of deliveries that were not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Replay {
    /// The source goes on from a stored [`Cursor`](crate::Cursor).
    FromCursor,
    /// They are offered again without one: a folder lists again, a vendor repeats its request.
    Redelivered,
    /// They are lost; the source says so with a [`Gap`].
    Lost,
}
