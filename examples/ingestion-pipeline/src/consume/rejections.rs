//! The rejections of one source: written down already, now the source is to be told.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::{Clock, Connector, Result, SettleOptions};
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::silence::in_time;
use crate::store::WorkStore;
use crate::supervise::Loop;
use crate::work::UnsettledRejection;

/// How long until a source that could not be told is told again, and until it is seen what another process wrote down.
const AGAIN: Duration = Duration::from_secs(30);
/// How many are looked up at once.
const AT_ONCE: usize = 64;

/// Tells a source of its rejections. Each source has one of these, so that a slow one keeps nobody waiting.
pub(crate) struct Rejections {
    pub(crate) connector: Connector,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) clock: Clock,
    pub(crate) arrived: Arc<Notify>,
}

#[async_trait]
impl Loop for Rejections {
    /// Tells until the store fails: who was not told is told again.
    async fn run(&self) -> Result<()> {
        loop {
            self.tell().await?;
            // The time being up is as good a reason to look as a new rejection.
            let _ = timeout(AGAIN, self.arrived.notified()).await;
        }
    }
}

impl Rejections {
    async fn tell(&self) -> Result<()> {
        let mut after = 0;
        loop {
            let of = std::slice::from_ref(self.connector.origin());
            let rejections = self.store.unsettled_rejections(of, after, AT_ONCE).await?;
            let Some(last) = rejections.last() else { return Ok(()) };
            after = last.id;
            for rejection in rejections {
                if let Err(error) = self.settle(&rejection).await {
                    warn!(origin = %rejection.origin, dead_letter = rejection.id, "cannot tell the source: {error}");
                }
            }
        }
    }
    async fn settle(&self, rejection: &UnsettledRejection) -> Result<()> {
        if let Some(settler) = self.connector.settler() {
            let outcome = rejection.outcome.clone();
            in_time(settler.settle(&rejection.receipt, outcome, SettleOptions::default())).await?;
        }
        debug!(origin = %rejection.origin, dead_letter = rejection.id, "the source knows of the rejection");
        self.store.rejection_settled(rejection.id, self.clock.now()).await
    }
}
