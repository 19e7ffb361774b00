//! CXone's share of the day.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::{Clip, FaultPlan, Scenario, ScenarioLeg};
use connector_core::{Connector, Context};
use connector_nice::NiceCxone;
use connector_nice::testing::{Endpoint, Fake};
use ingestion_pipeline::SqliteStore;
use tokio::time::sleep;

use super::part::Part;
use super::script::{Line, ScriptLeg, ScriptRecording};

/// The pause between the ends of two calls.
const PACE: Duration = Duration::from_millis(20);
/// How often CXone is asked. A day passes in seconds here.
const POLL_EVERY: Duration = Duration::from_millis(100);

/// A fake of CXone on ports of this machine.
pub(super) struct NiceDay {
    fake: Fake,
    /// How many calls are over.
    over: AtomicUsize,
}

impl NiceDay {
    /// Opens the ports.
    pub(super) async fn prepare(scenario: &Scenario, faults: FaultPlan) -> anyhow::Result<Self> {
        let fake = Fake::start(scenario, faults).await?;
        fake.play(0);
        Ok(Self { fake, over: AtomicUsize::new(0) })
    }

    fn line(&self, call: ExpectedCall) -> Line {
        let (origin, scenario) = (self.origin(), self.fake.scenario());
        let legs = scenario.calls[call.call].legs().into_iter().zip(self.fake.contact_ids(call.call));
        let leg = |(leg, id): (ScenarioLeg, String)| ScriptLeg {
            id,
            agent: scenario.agents[leg.agent].email.reveal().to_owned(),
            started: leg.started,
            ended: leg.ended,
        };
        let recording = |clip: &Clip| ScriptRecording { sha256: Some(clip.sha256()), size: Some(clip.len()) };
        Line {
            tenant: origin.tenant.to_string(),
            source: origin.source.to_string(),
            vendor: self.vendor().to_owned(),
            legs: legs.map(leg).collect(),
            recordings: call.recordings.iter().map(recording).collect(),
            conversation: call.conversation,
            live: Vec::new(),
        }
    }
}

fn config(fake: &Fake) -> connector_nice::NiceConfig {
    let secrets = |(a, b): (String, String)| (connector_core::Secret::literal(a), connector_core::Secret::literal(b));
    connector_nice::NiceConfig::new(secrets(fake.client()), secrets(fake.access_key()))
        .with_issuer(fake.issuer())
        .with_host("127.0.0.1")
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
        let config = config(&self.fake).with_poll_every(POLL_EVERY);
        Ok(NiceCxone::new(config, cx)?.connector())
    }

    async fn play(&self) -> anyhow::Result<()> {
        let calls = self.fake.scenario().calls.len();
        // What was over before anybody listened is not told.
        while self.fake.count(Endpoint::Completed) == 0 {
            sleep(PACE).await;
        }
        while self.over.load(Ordering::Relaxed) < calls {
            sleep(PACE).await;
            self.fake.play(self.over.fetch_add(1, Ordering::Relaxed) + 1);
        }
        Ok(())
    }

    fn has_happened(&self) -> bool {
        self.over.load(Ordering::Relaxed) == self.fake.scenario().calls.len()
    }

    fn lost(&self) -> BTreeSet<String> {
        let (lost, expected) = (self.fake.lost(), self.fake.expected());
        expected.into_iter().filter(|call| lost.contains(&call.call)).map(|call| call.conversation).collect()
    }

    fn faults(&self) -> &FaultPlan {
        self.fake.faults()
    }
}
