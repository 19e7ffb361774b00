//! The produce loop: from a source's events to durable work.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::{
    CallEvent, Clock, Connector, Delivery, Detail, EventSource, Refusal, Result, SourceItem, SourceStatus,
    SubscribeRequest,
};
use futures_util::TryStreamExt;
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use crate::live::Live;
use crate::progress::{Progress, SourceState};
use crate::scope::{Judgement, Scope};
use crate::store::WorkStore;
use crate::supervise::Loop;
use crate::work::{Batch, Cause};

/// What a source brings, for the loops that wait for it. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Arrivals {
    /// The same for all sources.
    pub(crate) work: Arc<Notify>,
    pub(crate) rejections: Arc<Notify>,
    pub(crate) gaps: Arc<Notify>,
}

/// Hears one source and writes down what it says.
pub(crate) struct Producer {
    pub(crate) connector: Connector,
    pub(crate) events: Arc<dyn EventSource>,
    pub(crate) scope: Scope,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) arrivals: Arrivals,
    pub(crate) progress: Progress,
    pub(crate) live: Option<Arc<Live>>,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Loop for Producer {
    /// Hears until the stream ends or fails: what was not accepted comes again.
    async fn run(&self) -> Result<()> {
        let origin = self.connector.origin();
        let cursor = self.store.cursor(origin).await?;
        let mut stream = self.events.deliveries(SubscribeRequest::new(self.scope.watch()).from(cursor));
        let mut said = None;
        while let Some(item) = stream.try_next().await? {
            match item {
                SourceItem::Delivery(delivery) => {
                    // Whoever delivers, hears.
                    self.progress.source(origin, |before| (!before.is_live()).then_some(SourceState::Live));
                    self.record(delivery).await?;
                }
                SourceItem::Status(status @ SourceStatus::Waiting { .. }) => {
                    let words = status.to_string();
                    if said.replace(words.clone()) != Some(words) {
                        info!(%origin, "{status}");
                    }
                }
                SourceItem::Status(status) => {
                    self.progress.source(origin, |before| before.after(&status, self.clock.now()));
                }
                _ => debug!(%origin, "an item of a kind this pipeline does not know"),
            }
        }
        Ok(())
    }
}

impl Producer {
    /// Commits a delivery, then accepts it. What could not be stored is refused, and the loop starts anew after a pause.
    async fn record(&self, delivery: Delivery) -> Result<()> {
        let origin = self.connector.origin().clone();
        let Delivery { items, cursor, received, ack, .. } = delivery;
        let mut batch = Batch::new(origin, self.connector.vendor().clone(), received, cursor, items);
        for rejected in &batch.rejected {
            warn!(origin = %batch.origin, "rejected {rejected}");
        }
        match self.store_ours(&mut batch).await {
            Ok(()) => {
                self.arrivals.work.notify_one();
                if !batch.gaps.is_empty() {
                    self.arrivals.gaps.notify_one();
                }
                if !batch.rejected.is_empty() {
                    self.arrivals.rejections.notify_one();
                }
                if let Err(error) = ack.accept().await {
                    warn!(origin = %batch.origin, "stored, but the source could not note it and will repeat it: {error}");
                }
                Ok(())
            }
            Err(error) => {
                ack.refuse(Refusal::NotStored);
                Err(error)
            }
        }
    }

    /// Writes a delivery down without what it tells of calls outside the scope: nothing of those is kept.
    async fn store_ours(&self, batch: &mut Batch) -> Result<()> {
        let mut ours = HashSet::new();
        for event in &batch.events {
            if !ours.contains(&event.conversation.id) && self.is_ours(event).await? {
                ours.insert(event.conversation.id.clone());
            }
        }
        let events = std::mem::take(&mut batch.events);
        let (ours, others): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| ours.contains(&event.conversation.id));
        batch.events = ours;
        let makes_work = |event: &&CallEvent| Cause::of(&event.kind).is_some();
        let left_alone: HashSet<&str> =
            others.iter().filter(makes_work).map(|event| event.conversation.id.as_str()).collect();
        if let Some(live) = &self.live {
            for call in others.iter().filter(|event| Cause::of(&event.kind) == Some(Cause::Ended)) {
                live.drop_call(&batch.origin, &call.conversation.id).await?;
            }
        }
        let recorded = self.store.record(batch).await?;
        self.progress.recorded(recorded);
        self.progress.left_alone(left_alone.len());
        Ok(())
    }

    /// Whether an event is of a call in the scope, of one that is ours already, or of one of which it does not tell enough.
    async fn is_ours(&self, event: &CallEvent) -> Result<bool> {
        match event.facts.as_deref().filter(|facts| facts.detail == Detail::Full) {
            Some(facts) if self.scope.judge(facts) != Judgement::Ours => {
                self.store.is_known(self.connector.origin(), &event.conversation.id).await
            }
            _ => Ok(true),
        }
    }
}
