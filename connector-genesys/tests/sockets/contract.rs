//! The stream keeps the contract of every source of events.

use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::{self, ExpectedCall, Plan, Point, Subject};
use connector_core::testing::{Fault, ScenarioAgent};
use connector_core::{AgentRef, Connector, Result, Vendor};

use super::*;

/// An organisation of which nothing but the events is used.
struct Organisation(BTreeSet<Fault>);

#[async_trait]
impl Subject for Organisation {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn conformance::Fake>> {
        let fake = Fake::new(&plan.scenario, plan.faults.clone());
        fake.change(|settings| settings.bad_messages = plan.bad_rows);
        fake.play(0).await;
        Ok(Box::new(Played(fake)))
    }

    /// What the states of calls tell.
    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        use CallEventKind::{Answered, Ended, Held, LegEnded, Resumed, Ringing, Transferred, WrapUpEnded};
        [Ringing, Answered, Held, Resumed, Transferred, LegEnded, Ended, WrapUpEnded].into()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        self.0.clone()
    }

    /// Longer than the pauses between calls. It only ends where not even a position comes.
    fn patience(&self) -> Duration {
        Duration::from_secs(4 * 3600)
    }

    /// Longer than a silent socket takes to be given up.
    fn quiet(&self) -> Duration {
        Duration::from_secs(300)
    }
}

struct Played(Fake);

#[async_trait]
impl conformance::Fake for Played {
    async fn connect(&self) -> Result<Connector> {
        let clock = Clock::starting_at(self.0.scenario().starts);
        self.0.keep_to(clock);
        let cx = Context::default().with_clock(clock).with_transport(Arc::new(InProcess::new(self.0.answers())));
        let cx = cx.for_source("acme", "genesys");
        let events = Genesys::new(self.0.config(), &cx)?.events();
        Ok(Connector::new(&cx, Vendor::GENESYS).with_events(events))
    }

    async fn play(&self, calls: usize) -> Result<()> {
        self.0.play(calls).await;
        Ok(())
    }

    fn expected(&self) -> Vec<ExpectedCall> {
        self.0.expected()
    }

    fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        self.0.agent(who)
    }

    fn unheard(&self) -> usize {
        self.0.lost()
    }
}

async fn keeps_the_contract(faults: impl IntoIterator<Item = Fault>) {
    let report = conformance::run(&Organisation(faults.into_iter().collect())).await;
    println!("{report}");
    assert!(report.is_ok(), "{report}");
    let missing = report.not_applicable();
    for point in [Point::StartUpGap, Point::RefusedComesAgain, Point::WatchChanges, Point::Events, Point::OneStream] {
        assert!(!missing.contains(&point), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_calm_organisation_keeps_the_contract() {
    keeps_the_contract([]).await;
}

#[tokio::test(start_paused = true)]
async fn an_organisation_with_faults_keeps_the_contract() {
    let faults = [Fault::Duplicate, Fault::Reordered, Fault::Throttled, Fault::Restart];
    keeps_the_contract(faults).await;
}
