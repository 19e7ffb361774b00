//! Genesys Cloud's share of the day.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Connector, Context};
use connector_genesys::Genesys;
use connector_genesys::testing::Fake;
use ingestion_pipeline::SqliteStore;
use tokio::time::sleep;

use super::part::{Part, ids_of};
use super::script::Line;

/// How long the day takes.
const LENGTH: Duration = Duration::from_secs(3);
/// How often it is looked whether somebody listens.
const LOOK: Duration = Duration::from_millis(20);
/// How long after a recording was not ready it is asked for again.
const WAIT: Duration = Duration::from_millis(300);

/// A fake of Genesys Cloud on ports of this machine.
pub(super) struct GenesysDay {
    fake: Fake,
}

impl GenesysDay {
    /// Opens the ports.
    pub(super) async fn prepare(scenario: &Scenario, faults: FaultPlan) -> anyhow::Result<Self> {
        let fake = Fake::start(scenario, faults).await?;
        let last = scenario.calls.iter().map(|call| call.ended()).max().unwrap_or(scenario.starts);
        let day = (last - scenario.starts).to_std().unwrap_or_default();
        fake.change(|settings| settings.speed = (day.as_secs() / LENGTH.as_secs()).try_into().unwrap_or(u32::MAX));
        fake.play(0).await;
        Ok(Self { fake })
    }

    /// Whether somebody listens.
    fn is_heard(&self) -> bool {
        self.fake.channels().iter().any(|channel| channel.is_connected && !channel.topics.is_empty())
    }
}

/// A call as the script has it. People are known by their logins.
pub(super) fn line(part: &dyn Part, fake: &Fake, call: ExpectedCall) -> Line {
    let legs = fake.leg_ids(call.call);
    Line::of(part.origin(), part.vendor(), fake.scenario(), call, legs, |agent| agent.login.reveal())
}

#[async_trait]
impl Part for GenesysDay {
    fn vendor(&self) -> &'static str {
        "genesys"
    }

    fn source(&self) -> &'static str {
        "genesys"
    }

    fn script(&self) -> Vec<Line> {
        self.fake.expected().into_iter().map(|call| line(self, &self.fake, call)).collect()
    }

    fn connector(&self, _: &SqliteStore, cx: &Context) -> anyhow::Result<Connector> {
        self.fake.keep_to(cx.clock());
        Ok(Genesys::new(self.fake.config().with_recording_waits([WAIT]), cx)?.connector())
    }

    async fn play(&self) -> anyhow::Result<()> {
        for call in 1..=self.fake.scenario().calls.len() {
            // The day stands still while nobody listens: some seconds of that would be hours of it.
            while !self.is_heard() {
                sleep(LOOK).await;
            }
            self.fake.play(call).await;
        }
        Ok(())
    }

    fn lost(&self) -> BTreeSet<String> {
        ids_of(&self.fake.unheard(), self.fake.expected())
    }

    fn faults(&self) -> &FaultPlan {
        self.fake.faults()
    }
}
