//! The wire: a request goes out, a head and pieces of a body come back.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::stream::BoxStream;
use http::Request;

use crate::Result;
#[cfg(feature = "sockets")]
use crate::socket::Connection;

/// The pieces of an answer's body. An error is the last item.
pub type Body = BoxStream<'static, Result<Bytes>>;

/// Carries a request to its host and brings the answer, whatever its status. It follows no redirect and repeats nothing.
///
/// Ours speaks HTTP/1.1 over TLS. A test may put something else in its place by
/// [`Context::with_transport`](crate::Context::with_transport): a function, by
/// [`InProcess`](https://docs.rs/connector-core/latest/connector_core/testing/http/), or its own:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use connector_core::http::{AccountKey, Body, HttpClient, HttpOptions, RetryPolicy, Transport};
/// use connector_core::{Context, Error, Result, Vendor};
/// use http::{Request, Response};
///
/// #[derive(Debug)]
/// struct Unplugged;
///
/// #[async_trait]
/// impl Transport for Unplugged {
///     async fn send(&self, _: Request<Bytes>) -> Result<Response<Body>> {
///         Err(Error::transient("nobody is there"))
///     }
/// }
///
/// let (cx, account) = (Context::default().with_transport(Arc::new(Unplugged)), AccountKey::new(Vendor::NICE, "id"));
/// let base = "https://api.example.com".parse().unwrap();
/// let client = HttpClient::new(&cx, &account, base, &HttpOptions::default())?.with_retry(RetryPolicy::once());
/// assert!(client.get("calls").send().await.unwrap_err().is_transient());
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// The head of the answer, and its body as it comes.
    ///
    /// # Errors
    /// `is_transient` when the host cannot be reached, is silent for too long or breaks off; `is_config` when its
    /// certificate is not trusted. No message holds the query of the address.
    async fn send(&self, request: Request<Bytes>) -> Result<http::Response<Body>>;

    /// The same for a request to go on with another protocol on the connection, as WebSockets ask. With the feature
    /// `sockets`.
    ///
    /// # Errors
    /// As [`send`](Self::send); `is_config` where nothing but HTTP is carried.
    #[cfg(feature = "sockets")]
    async fn upgrade(&self, request: Request<Bytes>) -> Result<Upgrade> {
        let _ = request;
        Err(crate::Error::config("this transport carries no sockets"))
    }
}

/// What became of a request for another protocol.
#[cfg(feature = "sockets")]
#[non_exhaustive]
pub enum Upgrade {
    /// The host answered 101: the connection speaks it now.
    Switched(http::Response<Connection>),
    /// The host has another answer.
    Answered(http::Response<Body>),
}
