//! What the suite has to know: a connector's fake, and what it is to play.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use super::expected::ExpectedCall;
use crate::testing::{Fault, FaultPlan, Scenario, ScenarioAgent};
use crate::{AgentRef, CallEventKind, Connector, Result};

/// What the suite has to know of a connector.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A fresh fake of the vendor's system, which shares nothing with those started before.
    ///
    /// # Errors
    /// When it cannot start: every point fails with the words of the error.
    async fn start(&self, plan: &Plan) -> Result<Box<dyn Fake>>;

    /// The kinds of events that the source has to tell at least: read them in the vendor's documentation, not in the
    /// connector.
    fn least_kinds(&self) -> BTreeSet<CallEventKind>;

    /// The faults that the fake can inject. [`Fault::Restart`] is done by the suite: name it where the connector is to
    /// survive one.
    fn faults(&self) -> BTreeSet<Fault>;

    /// How long something may take that has to come.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// After this time without a word nothing more is taken to come.
    fn quiet(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// What a fake is to play.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The day.
    pub scenario: Scenario,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// How many bad rows are to stand among the good ones, in every stream and listing that can have any.
    pub bad_rows: usize,
}

impl Plan {
    /// A day on which nothing goes wrong.
    pub fn calm(scenario: Scenario) -> Self {
        Self { scenario, faults: FaultPlan::none(), bad_rows: 0 }
    }
}

/// A running fake of a vendor's system.
#[async_trait]
pub trait Fake: Send + Sync {
    /// A new connector to this fake, as after a start of the process: it knows nothing but what is stored outside of it,
    /// such as a ledger. All of the one before was dropped.
    ///
    /// # Errors
    /// When there can be none.
    async fn connect(&self) -> Result<Connector>;

    /// Plays the day until this many of the scenario's calls are over, going on where it was. With all of them it plays
    /// to the end, with whatever comes late. A play that is given up half way can be taken up again.
    ///
    /// # Errors
    /// When the fake itself fails.
    async fn play(&self, calls: usize) -> Result<()>;

    /// The calls that the system tells of, in the order of the scenario.
    fn expected(&self) -> Vec<ExpectedCall>;

    /// How the system speaks of a person. An id, a login or an e-mail address in common is enough.
    fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        AgentRef::default().with_id(&who.id).with_login(who.login.clone()).with_email(who.email.clone())
    }

    /// Where the system calls the connector by HTTP: sends one of the requests that tell of the whole day, once and whatever
    /// was answered before, and returns the status of the answer. `None` when there is no request with this number, and
    /// where the system sends none at all. The suite calls it on a calm day that was not played.
    ///
    /// # Errors
    /// When the fake itself fails.
    async fn post(&self, _number: usize) -> Result<Option<u16>> {
        Ok(None)
    }

    /// How many rows the connector has to reject, now that all of the day was played.
    fn rejected(&self) -> BadRows {
        BadRows::default()
    }

    /// How many events were lost by [`Fault::LostEvent`] for good, so that only a history can tell of their calls.
    fn unheard(&self) -> usize {
        0
    }

    /// Deletes all recordings, as a vendor does some day.
    ///
    /// # Errors
    /// When the fake itself fails.
    async fn delete_recordings(&self) -> Result<()> {
        Ok(())
    }
}

/// How many rows have to be rejected, each where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    /// In the stream of events.
    pub events: usize,
    /// In the list of agents.
    pub agents: usize,
    /// In the list of groups.
    pub groups: usize,
    /// In the history.
    pub history: usize,
}

impl BadRows {
    /// So many in each.
    pub fn each(count: usize) -> Self {
        Self { events: count, agents: count, groups: count, history: count }
    }
}

/// A [`Subject`] whose fakes start at once: the kinds that its vendor tells at least, the faults that it can inject, and how a
/// fake is made for a plan. The usual waits are for a clock that is paused.
pub fn subject<F: Fake + 'static>(
    least_kinds: impl IntoIterator<Item = CallEventKind>,
    faults: impl IntoIterator<Item = Fault>,
    start: impl Fn(&Plan) -> F + Send + Sync,
) -> impl Subject {
    Simple { least_kinds: least_kinds.into_iter().collect(), faults: faults.into_iter().collect(), start }
}

struct Simple<S> {
    least_kinds: BTreeSet<CallEventKind>,
    faults: BTreeSet<Fault>,
    start: S,
}

#[async_trait]
impl<F: Fake + 'static, S: Fn(&Plan) -> F + Send + Sync> Subject for Simple<S> {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn Fake>> {
        Ok(Box::new((self.start)(plan)))
    }

    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        self.least_kinds.clone()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        self.faults.clone()
    }
}
