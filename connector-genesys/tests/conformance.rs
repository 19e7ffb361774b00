//! The connector of Genesys Cloud keeps the contract of every connector.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::conformance::{self, BadRows, ExpectedCall, Plan, Point, Subject};
use connector_core::testing::http::InProcess;
use connector_core::testing::{Fault, ScenarioAgent};
use connector_core::{AgentRef, CallEventKind, Clock, Connector, Context, Result};
use connector_genesys::Genesys;
use connector_genesys::testing::Fake;

/// An organisation on a clock that the tests pause.
struct Organisation(BTreeSet<Fault>);

#[async_trait]
impl Subject for Organisation {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn conformance::Fake>> {
        let fake = Fake::new(&plan.scenario, plan.faults.clone());
        fake.change(|settings| (settings.bad_rows, settings.bad_messages) = (plan.bad_rows, plan.bad_rows));
        fake.play(0).await;
        Ok(Box::new(Played { fake, bad_rows: plan.bad_rows }))
    }

    /// What the states of calls tell.
    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        use CallEventKind::{Answered, Ended, Held, LegEnded, Resumed, Ringing, Transferred, WrapUpEnded};
        [Ringing, Answered, Held, Resumed, Transferred, LegEnded, Ended, WrapUpEnded].into()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        self.0.clone()
    }

    /// Longer than the pauses between calls, and than the first waits for a recording.
    fn patience(&self) -> Duration {
        Duration::from_secs(4 * 3600)
    }

    /// Longer than a silent socket takes to be given up.
    fn quiet(&self) -> Duration {
        Duration::from_secs(300)
    }
}

struct Played {
    fake: Fake,
    bad_rows: usize,
}

#[async_trait]
impl conformance::Fake for Played {
    async fn connect(&self) -> Result<Connector> {
        let clock = Clock::starting_at(self.fake.scenario().starts);
        self.fake.keep_to(clock);
        let transport = Arc::new(InProcess::new(self.fake.answers()));
        let cx = Context::default().for_source("acme", "genesys").with_clock(clock).with_transport(transport);
        Ok(Genesys::new(self.fake.config().with_page(5), &cx)?.connector())
    }

    async fn play(&self, calls: usize) -> Result<()> {
        self.fake.play(calls).await;
        Ok(())
    }

    fn expected(&self) -> Vec<ExpectedCall> {
        self.fake.expected()
    }

    fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        self.fake.agent(who)
    }

    /// A message that makes no sense says nothing of any call: it is passed over. Groups come from three lists.
    fn rejected(&self) -> BadRows {
        let bad = self.bad_rows;
        BadRows { events: 0, agents: bad, groups: 3 * bad, history: bad }
    }

    /// A lost message costs two events at most.
    fn unheard(&self) -> usize {
        2 * self.fake.lost()
    }

    async fn delete_recordings(&self) -> Result<()> {
        self.fake.delete_recordings();
        Ok(())
    }
}

/// It forgets what was not stored and says so with a gap, and leaves nothing behind at the vendor.
const NOT_APPLICABLE: [Point; 4] = [Point::Cursors, Point::HttpRequests, Point::DroppedStream, Point::Settling];

async fn keeps_the_contract(faults: impl IntoIterator<Item = Fault>) {
    let report = conformance::run(&Organisation(faults.into_iter().collect())).await;
    println!("{report}");
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.not_applicable(), NOT_APPLICABLE);
}

#[tokio::test(start_paused = true)]
async fn a_calm_organisation_keeps_the_contract() {
    keeps_the_contract([]).await;
}

#[tokio::test(start_paused = true)]
async fn an_organisation_whose_messages_go_astray_keeps_the_contract() {
    keeps_the_contract([Fault::LostEvent, Fault::Duplicate, Fault::Reordered, Fault::Restart]).await;
}

#[tokio::test(start_paused = true)]
async fn an_organisation_whose_requests_fail_keeps_the_contract() {
    // A token that is refused twice ends a request: that has a day of its own.
    keeps_the_contract([Fault::Throttled, Fault::NotReady, Fault::ExpiredLink, Fault::CutDownload, Fault::Restart])
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_organisation_that_refuses_tokens_keeps_the_contract() {
    keeps_the_contract([Fault::Unauthorized, Fault::Restart]).await;
}

#[tokio::test(start_paused = true)]
async fn an_organisation_whose_sockets_break_keeps_the_contract() {
    keeps_the_contract([Fault::CutSocket, Fault::SilentSocket, Fault::RevokedToken, Fault::ClosingSocket]).await;
}
