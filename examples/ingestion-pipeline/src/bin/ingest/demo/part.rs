//! One source of the demo: its calls, its connector, and what went wrong with it.

use std::collections::BTreeSet;
use std::ops::Range;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::testing::FaultPlan;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::{Clock, Connector, Context, Origin};
use ingestion_pipeline::SqliteStore;

use super::script::Line;

/// The tenant of all sources.
const TENANT: &str = "example";

/// What there is to hear in a call.
#[derive(Debug)]
pub(super) struct Sound {
    /// From the start of the call to its end: µ-law, customer and agent in turn.
    pub(super) bytes: Vec<u8>,
    /// When the call started.
    pub(super) started: DateTime<Utc>,
    /// When agents had the customer, in samples of one channel from the start of the call.
    pub(super) agents: Vec<Range<u64>>,
    /// What was sent of it in each session, likewise.
    pub(super) sessions: Vec<(String, Range<u64>)>,
}

/// The ids of calls that are known by their places in the day.
pub(super) fn ids_of(calls: &[usize], expected: Vec<ExpectedCall>) -> BTreeSet<String> {
    expected.into_iter().filter(|call| calls.contains(&call.call)).map(|call| call.conversation).collect()
}

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

    /// A connector to look calls up with, while another one hears them.
    fn archive(&self, store: &SqliteStore, cx: &Context) -> anyhow::Result<Connector> {
        self.connector(store, cx)
    }

    /// Called before the last pipeline is started: from here on none is killed.
    fn settle(&self) {}

    /// Lets its calls happen.
    async fn play(&self) -> anyhow::Result<()>;

    /// Whether all of its calls have happened, though it still plays.
    fn has_happened(&self) -> bool {
        false
    }

    /// The calls of which every word was lost, as far as that is decided.
    fn lost(&self) -> BTreeSet<String>;

    /// What there was to hear in a call while it went on.
    fn sound(&self, _conversation: &str) -> Option<Sound> {
        None
    }

    /// Whether its calls wait until no pipeline is killed any more.
    fn is_live(&self) -> bool {
        false
    }

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
