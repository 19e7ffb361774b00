//! One suite that every connector passes against its fake, ours and a stranger's.
//!
//! Write a [`Subject`], or have [`subject`] make one: it starts a [`Fake`] of the vendor's system that plays a
//! [`Scenario`], and says what is to come out of a connector. [`run`] then tries every [`Point`] of the contract and returns
//! a [`Report`]. A job that the connector lacks makes its points "not applicable"; the report lists them.
//!
//! Every point starts fakes of its own. All waits go by tokio's clock: where the fake does without real sockets and
//! files, pause it, and the suite takes no time. A connector that loses events fails several points: mend
//! [`Point::Events`] first.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
//! use async_trait::async_trait;
//! use connector_core::testing::conformance::{ExpectedCall, Fake, run, subject};
//! use connector_core::{Connector, Context, Result, Vendor};
//!
//! /// A system that can do nothing at all.
//! struct Nothing;
//!
//! #[async_trait]
//! impl Fake for Nothing {
//!     async fn connect(&self) -> Result<Connector> {
//!         Ok(Connector::new(&Context::default(), Vendor::named("nothing")))
//!     }
//!     async fn play(&self, _calls: usize) -> Result<()> {
//!         Ok(())
//!     }
//!     fn expected(&self) -> Vec<ExpectedCall> {
//!         Vec::new()
//!     }
//! }
//!
//! let report = run(&subject([], [], |_| Nothing)).await;
//! println!("{report}");
//! assert!(report.failed().is_empty());
//! # Ok(()) }
//! ```

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;

use super::{Fault, FaultPlan, Scenario, ScenarioAgent};
use crate::{AgentRef, CallEventKind, Connector, Result};

mod deliveries;
mod events;
mod expected;
mod hearing;
mod http_requests;
mod jobs;
mod listings;
mod recordings;
mod replay;
mod report;
mod seen;
mod simple;
mod stage;
mod streams;

pub use expected::ExpectedCall;
pub use report::{Finding, Point, Report, Verdict};
pub use simple::subject;

use seen::Seen;

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

/// Tries every point of the contract. A panic of the connector fails the point it happened in.
pub async fn run(subject: &dyn Subject) -> Report {
    let mut findings = Vec::new();
    for point in Point::ALL {
        let seen = AssertUnwindSafe(check(*point, subject)).catch_unwind().await;
        findings.push(Finding::new(*point, seen.unwrap_or_else(|panic| Err(seen::panicked(&*panic)))));
    }
    Report::new(findings)
}

async fn check(point: Point, subject: &dyn Subject) -> Seen {
    match point {
        Point::Traits => events::traits(subject).await,
        Point::Events => events::events(subject).await,
        Point::NextNeverWaits => deliveries::next_never_waits(subject).await,
        Point::RefusedComesAgain => replay::refused_comes_again(subject).await,
        Point::Cursors => replay::cursors(subject).await,
        Point::HalfAccepted => deliveries::half_accepted(subject).await,
        Point::HttpRequests => http_requests::http_requests(subject).await,
        Point::StartUpGap => replay::start_up_gap(subject).await,
        Point::OneStream => streams::one_stream(subject).await,
        Point::DroppedStream => streams::dropped_stream(subject).await,
        Point::WatchChanges => streams::watch_changes(subject).await,
        Point::BadRows => listings::bad_rows(subject).await,
        Point::ListingsComplete => listings::complete(subject).await,
        Point::ListingsResumed => listings::resumed(subject).await,
        Point::ListingsDropped => listings::dropped(subject).await,
        Point::ListingErrors => listings::errors_are_last(subject).await,
        Point::RecordingsWhole => recordings::whole(subject).await,
        Point::RecordingsInOrder => recordings::in_order(subject).await,
        Point::RecordingsGone => recordings::gone(subject).await,
        Point::Settling => jobs::settling(subject).await,
        Point::Checks => jobs::checks(subject).await,
    }
}
