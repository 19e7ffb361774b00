//! The client, job by job, against the fake: without sockets, on a paused clock.

mod checks;
mod directory;
mod events;
mod history;
mod login;

use std::sync::{Arc, Mutex};

use connector_core::testing::http::{Answer, Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Agent, AgentDirectory, AgentQuery, Clock, Context, ListingExt, Result, Secret};
use connector_nice::testing::{Endpoint, Fake};
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::TryStreamExt;

/// A fake, and where requests went.
struct Tenant {
    fake: Fake,
    /// Of each request: its host, and whether a token came along.
    sent: Arc<Mutex<Vec<(String, bool)>>>,
    /// How many hours of the day are over by the clients' clock.
    hours: i64,
}

impl Tenant {
    fn new(calls: usize) -> Self {
        Self { fake: Fake::new(&Scenario::day(calls, 7), FaultPlan::none()), sent: Arc::default(), hours: 12 }
    }

    fn config(&self) -> NiceConfig {
        NiceConfig::new(literals(self.fake.client()), literals(self.fake.access_key()))
            .with_issuer(self.fake.issuer())
            .with_host("example.com")
    }

    fn client(&self) -> NiceCxone {
        self.with(self.config())
    }

    fn with(&self, config: NiceConfig) -> NiceCxone {
        self.answered(config, self.fake.answers())
    }

    /// A client whose requests are answered so.
    fn answered(&self, config: NiceConfig, answers: impl Answers) -> NiceCxone {
        let sent = self.sent.clone();
        let noted = move |request: &Request| {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let has_token =
                request.headers().get("authorization").is_some_and(|value| value.as_bytes().starts_with(b"Bearer"));
            sent.lock().expect("no panic").push((host, has_token));
            answers.answer(request)
        };
        let now = self.fake.scenario().starts + chrono::TimeDelta::hours(self.hours);
        let cx = Context::default()
            .for_source("acme", "nice")
            .with_clock(Clock::starting_at(now))
            .with_transport(Arc::new(InProcess::new(noted)));
        NiceCxone::new(config, &cx).expect("good settings")
    }

    /// The hosts that requests went to.
    fn hosts(&self, with_token: bool) -> Vec<String> {
        let sent = self.sent.lock().expect("no panic");
        let mut hosts: Vec<String> =
            sent.iter().filter(|(_, had)| *had || !with_token).map(|(host, _)| host.clone()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

fn literals((id, secret): (String, String)) -> (Secret, Secret) {
    (Secret::literal(id), Secret::literal(secret))
}

async fn agents(nice: &NiceCxone, query: AgentQuery) -> Result<Vec<Agent>> {
    nice.directory().list_agents(query).items(|row| panic!("left out: {row}")).try_collect().await
}
