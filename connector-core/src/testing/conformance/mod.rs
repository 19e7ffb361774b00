//! One suite that every connector passes against its fake, ours and a stranger's.
//!
//! Write a [`Subject`], or have [`subject`] make one: it starts a [`Fake`] of the vendor's system that plays a
//! [`Scenario`](crate::testing::Scenario), and says what is to come out of a connector. [`run`] then tries every [`Point`] of
//! the contract and returns a [`Report`]. A job that the connector lacks makes its points "not applicable"; the report lists
//! them.
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

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

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
mod stage;
mod streams;
mod subject;

pub use expected::ExpectedCall;
pub use report::{Finding, Point, Report, Verdict};
pub use subject::{BadRows, Fake, Plan, Subject, subject};

use seen::Seen;

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
