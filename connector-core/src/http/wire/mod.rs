//! How a request reaches its host.

mod network;
mod options;
mod transport;

pub(crate) use network::Clients;
pub use options::{HttpOptions, Proxy};
#[cfg(feature = "sockets")]
pub use transport::Upgrade;
pub use transport::{Body, Transport};
