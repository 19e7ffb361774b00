//! One suite that every [`WorkStore`] passes, ours and a stranger's.
//!
//! [`run`] is given a way to open the store at a place. For every [`Point`] of the contract it drives the real
//! [`Pipeline`](crate::Pipeline) over sources of its own, with an object store and an outbox in memory, lets methods fail
//! or processes die at chosen steps, and returns a [`Report`]. A store that fails several points has often one mistake:
//! mend the first of them, in the order of [`Point::ALL`].
//!
//! Pause tokio's clock and the suite takes no time, though leases run out in it. It works with a single-threaded runtime
//! (`#[tokio::test(start_paused = true)]`); a store with threads of its own is waited for.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Mutex;
//! use ingestion_pipeline::MemoryStore;
//! use ingestion_pipeline::testing::suite;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
//! let places: Mutex<HashMap<u32, MemoryStore>> = Mutex::default();
//! let report = suite::run(async |place| Ok(places.lock().unwrap().entry(place).or_default().clone())).await;
//! assert!(report.is_ok(), "{report}");
//! # });
//! ```

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use connector_core::Result;
use futures_util::FutureExt;

use crate::store::WorkStore;

mod doors;
mod report;
mod source;
mod sources;
mod stage;
mod trouble;
mod work;

pub use report::{Finding, Point, Report};

use stage::{Open, Seen, Stage};

/// Tries every point of the contract. A panic of the store fails the point it happened in.
///
/// `open` opens the store at a place: an empty one at a number that it was not given before, and what lies there at one
/// that it was, as a new process does. Two may be open at one place at once, as two processes have it.
pub async fn run<S: WorkStore>(open: impl AsyncFn(u32) -> Result<S>) -> Report {
    let open = &open;
    let open =
        |place| async move { open(place).await.map(|store| Arc::new(store) as Arc<dyn WorkStore>) }.boxed_local();
    let (mut places, mut report) = (Places { open: &open, next: 0 }, Report::default());
    for point in Point::ALL {
        let seen = AssertUnwindSafe(check(*point, &mut places)).catch_unwind().await;
        report.add(*point, seen.unwrap_or_else(|panic| Err(stage::panicked(&*panic))));
    }
    report
}

/// Places that nobody has been at.
struct Places<'a> {
    open: Open<'a>,
    next: u32,
}

impl<'a> Places<'a> {
    fn fresh(&mut self) -> Stage<'a> {
        self.next += 1;
        Stage::new(self.open, self.next)
    }
}

async fn check(point: Point, places: &mut Places<'_>) -> Seen {
    match point {
        Point::Outsiders => sources::outsiders(places.fresh()).await,
        Point::Apart => sources::apart(places.fresh()).await,
        Point::Moved => sources::moved(places.fresh()).await,
        Point::Restart => {
            for death in work::restarts() {
                work::restart(places.fresh(), death).await?;
            }
            Ok(())
        }
        Point::Redelivery => trouble::redelivery(places.fresh()).await,
        Point::Revisions => {
            for order in work::orders() {
                work::revisions(places.fresh(), order).await?;
            }
            Ok(())
        }
        Point::Versions => work::versions(places.fresh()).await,
        Point::Generation => work::generation(places.fresh()).await,
        Point::LostLease => work::lost_lease(places.fresh()).await,
        Point::Outbox => trouble::outbox(places.fresh()).await,
        Point::DeadLetters => trouble::dead_letters(places.fresh()).await,
        Point::FullDisk => trouble::full_disk(places.fresh()).await,
    }
}
