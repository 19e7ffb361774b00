//! A fake of CXone to test against: it plays a day of calls in the words of CXone's API, with planned faults.
//!
//! A [`Fake`] answers what CXone would: login and discovery, the directory, contacts, recordings and their links, legacy
//! files, and the events of agent sessions. Its shapes come from the vendor's documentation and share nothing with this
//! crate's client. What that documentation leaves open is a field of [`Settings`]. [`fixtures`] holds single answers.

mod ask;
mod centre;
mod completed;
mod contact;
mod directory;
mod endpoint;
mod fake;
mod files;
pub mod fixtures;
mod ids;
mod joined;
mod login;
mod names;
mod playback;
mod reports;
mod sessions;
mod settings;
mod state;
mod tenant;

pub use endpoint::{Asked, Endpoint};
pub use fake::Fake;
pub use settings::{Generation, NotReady, Permission, PlaybackShape, Settings};

/// A calm fake on a `wiremock` server: see [`Fake::mount`].
#[cfg(feature = "wiremock")]
pub async fn mount(server: &wiremock::MockServer, scenario: &connector_core::testing::Scenario) -> Fake {
    Fake::mount(server, scenario).await
}

/// Settings with which a client finds a fake that is mounted on this server, and logs in.
#[cfg(feature = "wiremock")]
pub fn config(server: &wiremock::MockServer) -> crate::NiceConfig {
    state::Origins::on(server).config(state::access_key(0))
}
