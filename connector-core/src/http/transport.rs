//! The wire: a request goes out, a head and pieces of a body come back.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::stream::BoxStream;
use http::Request;

use crate::Result;

/// The pieces of an answer's body. An error is the last item.
pub type Body = BoxStream<'static, Result<Bytes>>;

/// Carries a request to its host and brings the answer, whatever its status. It follows no redirect and repeats nothing.
///
/// Ours speaks HTTP/1.1 over TLS. A test may put a function in its place; see [`Context::with_transport`](crate::Context::with_transport).
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// The head of the answer, and its body as it comes.
    ///
    /// # Errors
    /// `is_transient` when the host cannot be reached, is silent for too long or breaks off; `is_config` when its
    /// certificate is not trusted. No message holds the query of the address.
    async fn send(&self, request: Request<Bytes>) -> Result<http::Response<Body>>;
}
