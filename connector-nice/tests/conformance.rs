//! CXone's connector keeps the contract of every connector.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::{self, BadRows, ExpectedCall, Plan, Point, Subject};
use connector_core::testing::http::InProcess;
use connector_core::testing::{Fault, ScenarioAgent};
use connector_core::{AgentRef, CallEventKind, Clock, Connector, Context, Result, Secret};
use connector_nice::testing::Fake;
use connector_nice::{NiceConfig, NiceCxone};

/// A tenant without sockets, on a clock that the tests pause.
#[derive(Default)]
struct Tenant {
    faults: BTreeSet<Fault>,
    overlap: Option<Duration>,
}

#[async_trait]
impl Subject for Tenant {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn conformance::Fake>> {
        let fake = Fake::new(&plan.scenario, plan.faults.clone());
        fake.change(|settings| settings.bad_rows = plan.bad_rows);
        fake.play(0);
        Ok(Box::new(Played { fake, bad_rows: plan.bad_rows, overlap: self.overlap }))
    }

    /// What completed contacts prove: that a call is over, and that its metadata changed.
    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        [CallEventKind::Ended, CallEventKind::MetadataChanged].into()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        self.faults.clone()
    }

    /// Longer than the first waits for a recording, shorter than the time between two positions in a quiet time.
    fn patience(&self) -> Duration {
        Duration::from_secs(800)
    }

    /// Longer than some polls.
    fn quiet(&self) -> Duration {
        Duration::from_secs(100)
    }
}

struct Played {
    fake: Fake,
    bad_rows: usize,
    overlap: Option<Duration>,
}

fn secrets((id, secret): (String, String)) -> (Secret, Secret) {
    (Secret::literal(id), Secret::literal(secret))
}

#[async_trait]
impl conformance::Fake for Played {
    async fn connect(&self) -> Result<Connector> {
        let config = NiceConfig::new(secrets(self.fake.client()), secrets(self.fake.access_key()))
            .with_issuer(self.fake.issuer())
            .with_host("example.com")
            .with_page(5);
        let config = self.overlap.into_iter().fold(config, NiceConfig::with_overlap);
        let transport = Arc::new(InProcess::new(self.fake.answers()));
        // The day is over by this clock, and recordings are still waited for.
        let cx = Context::default()
            .for_source("acme", "nice")
            .with_clock(Clock::starting_at(self.fake.scenario().starts))
            .with_transport(transport);
        Ok(NiceCxone::new(config, &cx)?.connector())
    }

    async fn play(&self, calls: usize) -> Result<()> {
        self.fake.play(calls);
        Ok(())
    }

    fn expected(&self) -> Vec<ExpectedCall> {
        self.fake.expected()
    }

    fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        self.fake.agent(who)
    }

    fn rejected(&self) -> BadRows {
        let bad = self.bad_rows;
        BadRows { events: bad, agents: bad, groups: bad, history: bad }
    }

    fn unheard(&self) -> usize {
        self.fake.lost().len()
    }

    async fn delete_recordings(&self) -> Result<()> {
        self.fake.delete_recordings();
        Ok(())
    }
}

async fn keeps_the_contract(tenant: Tenant) {
    let report = conformance::run(&tenant).await;
    println!("{report}");
    assert!(report.is_ok(), "{report}");
    let not_applicable = [Point::HttpRequests, Point::StartUpGap, Point::Settling];
    assert_eq!(report.not_applicable(), not_applicable, "it asks, forgets nothing, and leaves nothing behind");
}

#[tokio::test(start_paused = true)]
async fn a_calm_tenant_keeps_the_contract() {
    keeps_the_contract(Tenant::default()).await;
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_faults_keeps_the_contract() {
    // A token that is refused twice ends a request: that has a day of its own.
    let elsewhere = [Fault::HalfWritten, Fault::Unauthorized];
    let faults = Fault::ALL.iter().chain(Fault::OF_APIS).copied().filter(|fault| !elsewhere.contains(fault));
    // A late call shows one poll later, and by the fake's clock the next poll is hours away.
    let overlap = Some(Duration::from_secs(24 * 3600));
    keeps_the_contract(Tenant { faults: faults.collect(), overlap }).await;
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_refuses_tokens_keeps_the_contract() {
    keeps_the_contract(Tenant { faults: [Fault::Unauthorized, Fault::Restart].into(), overlap: None }).await;
}
