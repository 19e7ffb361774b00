//! A fake of Genesys Cloud to test against: it plays a day of calls in the words of its API, with planned faults.
//!
//! A [`Fake`] answers what Genesys would: login, people, groups, queues and teams, the history and its jobs, live
//! records, recordings, their links and batches. What happens in its calls comes over the sockets of channels of
//! notifications. Its shapes come from the vendor's documentation and share nothing with this crate's client. What that
//! documentation leaves open is a field of [`Settings`]. [`fixtures`] holds single answers and messages. [`audiohook`]
//! signs the handshakes of connections that bring the sound of calls.

mod analytics;
mod ask;
pub mod audiohook;
mod batches;
mod centre;
mod channels;
mod day;
mod directory;
mod endpoint;
mod event_bridge;
mod fake;
pub mod fixtures;
mod history_jobs;
mod line;
mod live;
mod login;
mod org;
mod parts;
mod recordings;
mod settings;
mod snapshot;
mod sockets;
mod state;
mod subscriptions;
mod telling;

pub use endpoint::{Asked, Endpoint};
pub use fake::{ChannelState, Fake};
pub use settings::{NotReady, Settings};

/// A calm fake on a `wiremock` server: see [`Fake::mount`].
#[cfg(feature = "wiremock")]
pub async fn mount(server: &wiremock::MockServer, scenario: &connector_core::testing::Scenario) -> Fake {
    Fake::mount(server, scenario).await
}
