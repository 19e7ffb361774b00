//! The rejections of one source: written down already, now the source is to be told.

use std::sync::Arc;
use std::time::Duration;

use connector_core::{Origin, Result};
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::warn;

use crate::consume::Consumer;
use crate::store::WorkStore;

/// How long until a source that could not be told is told again, and until it is seen what another process wrote down.
const AGAIN: Duration = Duration::from_secs(30);
/// How many are looked up at once.
const AT_ONCE: usize = 64;

/// Tells a source of its rejections. Each source has one of these, so that a slow one keeps nobody waiting.
pub(crate) struct Rejections {
    pub(crate) origin: Origin,
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) store: Arc<dyn WorkStore>,
    pub(crate) arrived: Arc<Notify>,
}

impl Rejections {
    /// Tells until the store fails. Dropping the future loses nothing: who was not told is told again.
    pub(crate) async fn run(&self) -> Result<()> {
        loop {
            self.tell().await?;
            // The time being up is as good a reason to look as a new rejection.
            let _ = timeout(AGAIN, self.arrived.notified()).await;
        }
    }

    async fn tell(&self) -> Result<()> {
        let mut after = 0;
        loop {
            let of = std::slice::from_ref(&self.origin);
            let rejections = self.store.unsettled_rejections(of, after, AT_ONCE).await?;
            let Some(last) = rejections.last() else { return Ok(()) };
            after = last.id;
            for rejection in rejections {
                if let Err(error) = self.consumer.settle_rejection(&rejection).await {
                    warn!(origin = %self.origin, dead_letter = rejection.id, "cannot tell the source: {error}");
                }
            }
        }
    }
}
