//! Who answers the requests to one route.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Extensions, Request, Response, StatusCode};

use crate::Origin;

/// Answers the requests to one route of a [`Hub`](super::Hub). The example of [the module](super) is one.
///
/// The URI is that which was sent. The request's extensions are those that the server has put there, and with them
/// [`Rest`] and [`Held`](super::Held).
pub trait Receiver: Debug + Send + Sync + 'static {
    /// Whose it is. Memory is counted by the tenant.
    fn origin(&self) -> &Origin;

    /// Looks at the head of a request before its body is read: at its credentials first, by
    /// [`secret_eq`](super::secret_eq). Wrong ones are [`refused`]; then nobody can tell that the route exists, provided
    /// that it takes less than [`HubOptions::refused_after`](super::HubOptions::refused_after). Any other answer is sent
    /// as it is.
    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>>;

    /// Answers a request whose body was read. It is dropped when it takes longer than it may, or when the caller is gone.
    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>>;
}

/// What an admitted request may do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admit {
    /// The most bytes that the vendor ever sends. A larger body is answered with 413, for which no vendor comes again.
    pub max_body: usize,
    /// How long the vendor waits for the answer to a request, where that is less than
    /// [`HubOptions::answer_within`](super::HubOptions::answer_within).
    pub answer_within: Option<Duration>,
}

impl Admit {
    /// With a body of so many bytes at most.
    pub fn new(max_body: usize) -> Self {
        Self { max_body, answer_within: None }
    }

    /// The same, to be answered within this time from the beginning of the request.
    pub fn within(mut self, time: Duration) -> Self {
        self.answer_within = Some(time);
        self
    }
}

/// The path of a request behind its route, without the slash, as it was sent: `ended` in `/hooks/ROUTE/ended`.
///
/// Found in the extensions of every request that a [`Receiver`] sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest(Arc<str>);

impl Rest {
    /// That of a request; empty where there is none.
    pub fn of(extensions: &Extensions) -> &str {
        extensions.get::<Self>().map_or("", |rest| &rest.0)
    }

    pub(crate) fn new(rest: &str) -> Self {
        Self(rest.into())
    }
}

/// The answer to wrong credentials: 401, the same as for a route that nobody has. The hub sends it late.
pub fn refused() -> Box<Response<Bytes>> {
    Box::new(plain(StatusCode::UNAUTHORIZED, "unauthorized\n"))
}

/// The answer that makes a vendor come again: 503. The hub adds `Retry-After`.
pub fn busy() -> Response<Bytes> {
    plain(StatusCode::SERVICE_UNAVAILABLE, "busy, come again\n")
}

pub(crate) fn plain(status: StatusCode, words: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(words.as_bytes()));
    *response.status_mut() = status;
    let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text);
    response
}
