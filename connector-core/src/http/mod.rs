//! What every connector over HTTP stands on, so that a vendor's crate holds only the vendor.
//!
//! An [`HttpClient`] is made from a [`Context`], an [`AccountKey`], the address of the API and [`HttpOptions`]. It logs in
//! ([`TokenSource`], [`OAuth2`]), keeps the vendor's limits ([`Limits`]), repeats what may be repeated ([`RetryPolicy`]),
//! refuses what is too large or leads elsewhere ([`LinkPolicy`]), and turns a vendor's error into an
//! [`Error`](crate::Error) ([`VendorErrors`]). [`pages`] makes a list of a paged endpoint, and
//! [`HttpClient::download`] fetches a recording.
//!
//! What belongs to an account at the vendor (limits, the breaker for wrong credentials) is shared by all clients of one
//! context; connections are shared by all whose options are equal. The wire is a [`Transport`], so that tests need no
//! socket and may pause the clock.

mod client;
mod errors;
mod limits;
mod links;
mod login;
mod media;
mod pages;
mod redact;
mod request;
mod response;
mod retry;
mod rows;
mod sending;
mod settings;
#[cfg(feature = "sockets")]
mod sockets;
mod wire;

use std::sync::Arc;

pub use client::HttpClient;
pub use errors::{VendorError, VendorErrors};
pub use limits::{Account, AccountKey, EndpointClass, Limits, Permit, Rate, RateHeaders};
pub use links::{LinkPolicy, segment};
pub use login::{ClientAuth, Exchange, OAuth2, Token, TokenSource};
pub use media::{KeptLinks, Link, LinkSource, MediaOptions};
pub use pages::{PageOf, pages};
pub use request::{RequestBuilder, Streaming};
pub use response::Response;
pub use retry::RetryPolicy;
pub use rows::Rows;
#[cfg(feature = "sockets")]
pub use wire::Upgrade;
pub use wire::{Body, HttpOptions, Proxy, Transport};

use crate::{Context, Result};

/// What stands in the place of the network.
struct StandIn(Arc<dyn Transport>);

/// With the feature `http`.
impl Context {
    /// What clients of this account at a vendor share. It lives as long as one of them.
    pub fn account(&self, key: &AccountKey) -> Arc<Account> {
        self.shared::<limits::Accounts>().get(key)
    }

    /// The wire for these options: one set of connections for each distinct set of options.
    ///
    /// # Errors
    /// `is_config` when a certificate or the proxy cannot be used.
    pub fn transport(&self, options: &HttpOptions) -> Result<Arc<dyn Transport>> {
        match self.given::<StandIn>() {
            Some(StandIn(transport)) => Ok(transport.clone()),
            None => self.shared::<wire::Clients>().get(options),
        }
    }

    /// The same context with this in place of the network, whatever the options say. For tests.
    pub fn with_transport(self, transport: Arc<dyn Transport>) -> Self {
        self.with_part(StandIn(transport))
    }
}
