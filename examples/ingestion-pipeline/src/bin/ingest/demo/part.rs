//! One source of the demo: its calls, its connector, and what went wrong with it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use connector_core::testing::FaultPlan;
use connector_core::{Clock, Connector, Context, Origin};
use ingestion_pipeline::SqliteStore;

use super::script::Line;

/// The tenant of all sources.
const TENANT: &str = "example";

/// A source that plays its share of the day.
#[async_trait]
pub(super) trait Part: Send + Sync {
    /// The system behind the source.
    fn vendor(&self) -> &'static str;

    /// Its name in the configuration.
    fn source(&self) -> &'static str;

    /// What must come out of it.
    fn script(&self) -> Vec<Line>;

    /// A connector as the program would make it.
    fn connector(&self, store: &SqliteStore, cx: &Context) -> anyhow::Result<Connector>;

    /// Lets its calls happen. Given up half way, the next one goes on where it was.
    async fn play(&self) -> anyhow::Result<()>;

    /// Whether all of its calls have happened, whatever else is still to come.
    fn has_happened(&self) -> bool;

    /// The calls of which every word was lost, as far as that is decided.
    fn lost(&self) -> BTreeSet<String>;

    /// What goes wrong with it.
    fn faults(&self) -> &FaultPlan;

    /// Called when the day was compared with what is stored.
    fn compared(&self) {}

    /// Whether nothing is left to be tidied up.
    fn is_tidy(&self) -> anyhow::Result<bool> {
        Ok(true)
    }

    /// Whose calls they are.
    fn origin(&self) -> Origin {
        Origin::new(TENANT, self.source())
    }

    /// The surroundings of its connector.
    fn context(&self, clock: Clock) -> Context {
        Context::default().with_clock(clock).for_source(TENANT, self.source())
    }
}
