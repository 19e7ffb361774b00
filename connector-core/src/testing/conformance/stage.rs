//! A fake, and a connector to it.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join;

use super::expected::ExpectedCall;
use super::expected::Sought;
use super::hearing::Hearing;
use super::seen::Miss;
use super::subject::{Fake, Plan, Subject};
use crate::testing::Scenario;
use crate::{Connector, Error, EventSource, Watch};

/// The number from which the days of the suite are made.
const SEED: u64 = 11;

/// A short day, for points that play it many times.
pub(super) fn short_day() -> Scenario {
    Scenario::day(4, SEED)
}

/// A day with a bit of everything.
pub(super) fn full_day() -> Scenario {
    Scenario::small(SEED)
}

/// A running fake and the connector to it.
pub(super) struct Stage<'a> {
    pub(super) subject: &'a dyn Subject,
    pub(super) plan: Plan,
    pub(super) fake: Box<dyn Fake>,
    connector: Mutex<Option<Connector>>,
    played: AtomicBool,
}

impl<'a> Stage<'a> {
    pub(super) async fn new(subject: &'a dyn Subject, plan: Plan) -> Result<Self, Miss> {
        let cannot = |error: Error| Miss::failed(format!("the fake cannot start: {error}"));
        let fake = subject.start(&plan).await.map_err(cannot)?;
        let connector = fake.connect().await.map_err(cannot)?;
        let connector = Mutex::new(Some(connector));
        Ok(Self { subject, plan, fake, connector, played: AtomicBool::new(false) })
    }

    pub(super) async fn calm(subject: &'a dyn Subject, scenario: Scenario) -> Result<Self, Miss> {
        Self::new(subject, Plan::calm(scenario)).await
    }

    /// The connector that is used now.
    pub(super) fn connector(&self) -> Result<Connector, Miss> {
        let connector = self.connector.lock().unwrap_or_else(PoisonError::into_inner).clone();
        connector.ok_or_else(|| Miss::failed("there is no connector since the restart"))
    }

    /// Lets go of the connector, as a process does that ends, and makes the next one.
    pub(super) async fn restart(&self) -> Result<(), Miss> {
        drop(self.connector.lock().unwrap_or_else(PoisonError::into_inner).take());
        let next = self.fake.connect().await;
        let next = next.map_err(|error| Miss::failed(format!("no connector after a restart: {error}")))?;
        *self.connector.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        Ok(())
    }

    /// Restarts the process behind a subscription, which goes on with a new connector and nothing but what was stored.
    pub(super) async fn restart_hearing(&self, hearing: &mut Hearing) -> Result<(), Miss> {
        hearing.forget_source();
        self.restart().await?;
        hearing.go_on_with(self.events()?);
        Ok(())
    }

    pub(super) fn events(&self) -> Result<Arc<dyn EventSource>, Miss> {
        self.connector()?.events().ok_or_else(|| Miss::not_applicable("it hears no events"))
    }

    /// Listens to everybody.
    pub(super) async fn listen(&self) -> Result<Hearing, Miss> {
        self.listen_to(Watch::everyone()).await
    }

    pub(super) async fn listen_to(&self, watch: Watch) -> Result<Hearing, Miss> {
        Hearing::begin(self.events()?, watch, None, self.subject).await
    }

    /// How many calls the day has.
    pub(super) fn calls(&self) -> usize {
        self.plan.scenario.calls.len()
    }

    /// The calls that the system tells of once so many of the day are over.
    pub(super) fn expected(&self, calls: usize) -> Vec<ExpectedCall> {
        self.fake.expected().into_iter().filter(|expected| expected.call < calls).collect()
    }

    /// What has to be heard of the first calls of the day.
    pub(super) fn sought(&self, calls: usize) -> Result<Sought, Miss> {
        Ok(Sought::new(&self.plan.scenario, &self.expected(calls), &self.events()?.traits()))
    }

    /// Plays the day up to so many calls while something listens.
    pub(super) async fn play_while<T>(
        &self,
        calls: usize,
        listens: impl Future<Output = Result<T, Miss>>,
    ) -> Result<T, Miss> {
        let play = async {
            self.fake.play(calls).await.map_err(|error| Miss::failed(format!("the fake failed: {error}")))?;
            self.played.store(true, Ordering::Release);
            Ok(())
        };
        Ok(try_join(listens, play).await?.0)
    }

    /// Whether a play came to its end.
    pub(super) fn is_played(&self) -> bool {
        self.played.load(Ordering::Acquire)
    }

    /// Plays to the end, hears and accepts all of it.
    pub(super) async fn hear_all(&self, hearing: &mut Hearing) -> Result<(), Miss> {
        let sought = self.sought(self.calls())?;
        self.play_while(self.calls(), hearing.until_heard(&sought)).await
    }

    /// Plays the first call, hears and accepts it: from here on a source has told its position, if it has any.
    pub(super) async fn warm_up(&self, hearing: &mut Hearing) -> Result<(), Miss> {
        let first = self.fake.expected().first().map_or(1, |expected| expected.call + 1);
        let sought = self.sought(first)?;
        self.play_while(first, hearing.until_heard(&sought)).await
    }
}
