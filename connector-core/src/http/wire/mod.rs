//! How a request reaches its host.

mod options;
mod transport;

pub(crate) use options::Clients;
pub use options::{HttpOptions, Proxy};
#[cfg(feature = "sockets")]
pub use transport::Upgrade;
pub use transport::{Body, Transport};
