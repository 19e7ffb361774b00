//! CXone's share of the day.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Connector, Context};
use connector_nice::NiceCxone;
use connector_nice::testing::{Endpoint, Fake};
use ingestion_pipeline::SqliteStore;
use tokio::time::sleep;

use super::part::{Part, ids_of};
use super::script::Line;

/// The pause between the ends of two calls.
const PACE: Duration = Duration::from_millis(20);
/// How often CXone is asked. A day passes in seconds here.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// How far each question reaches back: what is one question late here is hours late.
const OVERLAP: Duration = Duration::from_secs(12 * 3600);
/// How long after a recording was not ready it is asked for again.
const WAIT: Duration = Duration::from_millis(300);

/// A fake of CXone on ports of this machine.
pub(super) struct NiceDay {
    fake: Fake,
}

impl NiceDay {
    /// Opens the ports.
    pub(super) async fn prepare(scenario: &Scenario, faults: FaultPlan) -> anyhow::Result<Self> {
        let fake = Fake::start(scenario, faults).await?;
        fake.play(0);
        Ok(Self { fake })
    }

    /// People are known by their e-mail addresses.
    fn line(&self, call: ExpectedCall) -> Line {
        let legs = self.fake.contact_ids(call.call);
        Line::of(self.origin(), self.vendor(), self.fake.scenario(), call, legs, |agent| agent.email.reveal())
    }
}

#[async_trait]
impl Part for NiceDay {
    fn vendor(&self) -> &'static str {
        "nice"
    }

    fn source(&self) -> &'static str {
        "nice"
    }

    fn script(&self) -> Vec<Line> {
        self.fake.expected().into_iter().map(|call| self.line(call)).collect()
    }

    fn connector(&self, _: &SqliteStore, cx: &Context) -> anyhow::Result<Connector> {
        let config = self.fake.config().with_poll_every(POLL_EVERY).with_overlap(OVERLAP).with_recording_waits([WAIT]);
        Ok(NiceCxone::new(config, cx)?.connector())
    }

    async fn play(&self) -> anyhow::Result<()> {
        // What was over before anybody listened is not told.
        while self.fake.count(Endpoint::Completed) == 0 {
            sleep(PACE).await;
        }
        for call in 1..=self.fake.scenario().calls.len() {
            sleep(PACE).await;
            self.fake.play(call);
        }
        Ok(())
    }

    fn lost(&self) -> BTreeSet<String> {
        ids_of(&self.fake.lost(), self.fake.expected())
    }

    fn faults(&self) -> &FaultPlan {
        self.fake.faults()
    }
}
