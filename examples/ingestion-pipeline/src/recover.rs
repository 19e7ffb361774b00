//! Reconciliation: what a source's history names and the store lacks becomes work.

mod recovering;
mod rounds;
mod runs;

pub use recovering::Recovering;
pub use rounds::Schedule;
pub(crate) use rounds::{PAUSES, Rounds};
pub use runs::{Plan, ReconcileLog, Run};
