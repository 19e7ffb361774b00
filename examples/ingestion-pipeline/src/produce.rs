//! The produce loop: from a source's events to durable work.

use std::sync::Arc;

use connector_core::{
    Clock, Connector, Delivery, EventSource, Refusal, Result, SourceItem, SourceStatus, SubscribeRequest, Watch,
};
use futures_util::TryStreamExt;
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use crate::progress::Progress;
use crate::state::SourceState;
use crate::store::WorkStore;
use crate::work::Batch;

/// Hears one source and writes down what it says.
pub(crate) struct Producer {
    pub(crate) connector: Connector,
    pub(crate) events: Arc<dyn EventSource>,
    pub(crate) watch: Watch,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) work_arrived: Arc<Notify>,
    pub(crate) rejections_arrived: Arc<Notify>,
    pub(crate) gaps_arrived: Arc<Notify>,
    pub(crate) progress: Progress,
    pub(crate) clock: Clock,
}

impl Producer {
    /// Hears until the stream ends or fails. Dropping the future at any point loses nothing: what was not accepted comes
    /// again.
    pub(crate) async fn run(&self) -> Result<()> {
        let origin = self.connector.origin();
        let cursor = self.store.cursor(origin).await?;
        let mut stream = self.events.deliveries(SubscribeRequest::new(self.watch.clone()).from(cursor));
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

    /// Commits a delivery, then accepts it. What could not be stored is refused, and the loop starts anew after a pause.
    async fn record(&self, delivery: Delivery) -> Result<()> {
        let origin = self.connector.origin().clone();
        let Delivery { items, cursor, received, ack, .. } = delivery;
        let batch = Batch::new(origin, self.connector.vendor().clone(), received, cursor, items);
        for rejected in &batch.rejected {
            warn!(origin = %batch.origin, "rejected {rejected}");
        }
        match self.store.record(&batch).await {
            Ok(recorded) => {
                self.progress.recorded(recorded);
                self.work_arrived.notify_one();
                if !batch.gaps.is_empty() {
                    self.gaps_arrived.notify_one();
                }
                if !batch.rejected.is_empty() {
                    self.rejections_arrived.notify_one();
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
}
