//! A vendor's API as a function from requests to answers, and three places to host it.
//!
//! A fake implements [`Answers`]. [`InProcess`] puts it in the place of the network, for tests that pause the clock.
//! [`TestServer`] hosts it on a port of this machine, where it can also cut bodies. With the feature `wiremock`,
//! [`mount`] hands it to a `wiremock::MockServer`.
//!
//! What most fakes need beside that: a table of [`endpoints!`], a request as it reads there ([`Ask`]) and as it is remembered
//! ([`Asked`]), the [`Tokens`] that are good, and the [`Store`] of recordings. What is left is the vendor's: its shapes, and what
//! it knows.
//!
//! ```
//! use std::sync::Mutex;
//! use std::time::Duration;
//! use connector_core::testing::http::{Answer, Answers, Ask, Endpoint as _, Request, Tokens, endpoints};
//! use connector_core::testing::{Fault, FaultPlan, Scenario};
//!
//! endpoints! {
//!     /// What Acme Cloud can be asked, and whether a token has to come along.
//!     pub enum Endpoint: bool;
//!
//!     /// The login.
//!     Token, POST, false, "oauth/token";
//!     /// The calls of the day.
//!     Calls, GET, true, "v2/calls";
//! }
//!
//! struct Acme {
//!     scenario: Scenario,
//!     faults: FaultPlan,
//!     tokens: Mutex<Tokens>,
//! }
//!
//! impl Answers for Acme {
//!     fn answer(&self, request: &Request) -> Answer {
//!         let (ask, mut tokens) = (Ask::new(request), self.tokens.lock().unwrap());
//!         let Some(endpoint): Option<Endpoint> = ask.endpoint else { return Answer::new(404) };
//!         if endpoint.route().access && !tokens.admit(ask.token().unwrap_or_default(), &self.faults) {
//!             return Answer::new(401);
//!         }
//!         match endpoint {
//!             Endpoint::Token => {
//!                 tokens.hand_out("t-1", Duration::from_secs(3_600));
//!                 Answer::json(&serde_json::json!({ "access_token": "t-1" }))
//!             }
//!             Endpoint::Calls => Answer::json(&self.scenario.calls.iter().map(|call| &call.id).collect::<Vec<_>>()),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (scenario, faults) = (Scenario::small(7), FaultPlan::none().refuse_tokens(1));
//! let acme = Acme { scenario, faults: faults.clone(), tokens: Mutex::default() };
//! let ask = |request: http::request::Builder| acme.answer(&request.body("".into()).unwrap()).status.as_u16();
//! let calls = || http::Request::get("/v2/calls").header("authorization", "Bearer t-1");
//! assert_eq!((ask(calls()), ask(http::Request::post("/oauth/token"))), (401, 200));
//! assert_eq!((ask(calls()), faults.fired(Fault::Unauthorized)), (401, 1));
//! assert_eq!((ask(http::Request::post("/oauth/token")), ask(calls())), (200, 200));
//! # }
//! ```

mod ask;
mod endpoints;
#[cfg(feature = "wiremock")]
mod mounted;
mod server;
mod store;
mod tokens;

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzEncoder;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

pub use ask::{Ask, Asked};
pub use endpoints::{Endpoint, Route, endpoints};
#[cfg(feature = "wiremock")]
pub use mounted::mount;
pub use server::TestServer;
#[cfg(test)]
pub(crate) use server::serve;
pub use store::{Link, Store};
pub use tokens::Tokens;

#[cfg(feature = "sockets")]
use crate::http::Upgrade;
use crate::http::{Body, Transport};
#[cfg(feature = "sockets")]
use crate::socket::Connection;
use crate::{Error, Result};

/// A request with its whole body.
pub type Request = http::Request<Bytes>;

/// Answers requests, as a vendor would. Every closure of the right shape does.
pub trait Answers: Send + Sync + 'static {
    /// The answer to a request.
    fn answer(&self, request: &Request) -> Answer;

    /// Takes over the connection of a request that was answered with [`Answer::switch`]. With the feature `sockets`.
    #[cfg(feature = "sockets")]
    fn switched(&self, request: Request, connection: Connection) {
        let _ = (request, connection);
    }
}

impl<F: Fn(&Request) -> Answer + Send + Sync + 'static> Answers for F {
    fn answer(&self, request: &Request) -> Answer {
        self(request)
    }
}

/// An answer, and what goes wrong with it on its way.
///
/// ```
/// use connector_core::testing::http::Answer;
/// let answer = Answer::new(200).with_header("etag", "\"v1\"").with_body("audio").cut_after(2);
/// assert_eq!(answer.body, "audio");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers. `Content-Length` is added, unless it is there or the body goes in chunks.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
    /// After how many bytes of the body the connection breaks.
    pub cut: Option<usize>,
    /// How long it takes to come.
    pub delay: Duration,
    /// In chunks of this many bytes, without `Content-Length`.
    pub chunks: Option<usize>,
}

impl Answer {
    /// An answer without a body. A number that is no status becomes 500.
    pub fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            cut: None,
            delay: Duration::ZERO,
            chunks: None,
        }
    }

    /// 200 with this JSON. What cannot be written as JSON becomes 500.
    pub fn json(body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::new(200).with_header("content-type", "application/json").with_body(body),
            Err(_) => Self::new(500),
        }
    }

    /// 101 to a request for a WebSocket, whose connection goes to [`Answers::switched`]; `None` when it is no such request.
    /// With the feature `sockets`.
    #[cfg(feature = "sockets")]
    pub fn switch(request: &Request) -> Option<Self> {
        let headers = crate::socket::accepting(request.headers())?;
        Some(Self { headers, ..Self::new(101) })
    }

    /// The part of `content` that the request asks for with `Range` and `If-Range`: 206, 200 or 416, with this ETag.
    pub fn media(request: &Request, content: &Bytes, etag: &str) -> Self {
        let field = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let whole = Self::new(200).with_header("etag", etag).with_header("accept-ranges", "bytes");
        let from: Option<usize> =
            field(header::RANGE).and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        match from {
            Some(from) if field(header::IF_RANGE).is_none_or(|wanted| wanted == etag) => {
                let size = content.len();
                if from >= size {
                    return Self { status: StatusCode::RANGE_NOT_SATISFIABLE, ..whole }
                        .with_header("content-range", format!("bytes */{size}"));
                }
                Self { status: StatusCode::PARTIAL_CONTENT, ..whole }
                    .with_header("content-range", format!("bytes {from}-{}/{size}", size - 1))
                    .with_body(content.slice(from..))
            }
            _ => whole.with_body(content.clone()),
        }
    }

    /// The same answer with another status. A number that is no status changes nothing.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(self.status);
        self
    }

    /// The same answer with this header. What cannot stand in a header is left out.
    pub fn with_header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value.as_ref())) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same answer with this body.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The same answer, packed with gzip.
    pub fn gzip(mut self) -> Self {
        let mut packed = Vec::new();
        match GzEncoder::new(&self.body[..], Compression::default()).read_to_end(&mut packed) {
            Ok(_) => self.with_body(packed).with_header("content-encoding", "gzip"),
            Err(_) => {
                self.status = StatusCode::INTERNAL_SERVER_ERROR;
                self
            }
        }
    }

    /// The same answer, whose connection breaks after so many bytes of the body.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// The same answer, which takes so long to come.
    pub fn delayed(mut self, by: Duration) -> Self {
        self.delay = by;
        self
    }

    /// The same answer, in chunks of so many bytes, without `Content-Length`.
    pub fn chunked(mut self, bytes: usize) -> Self {
        self.chunks = Some(bytes.max(1));
        self
    }

    /// What of the body arrives, in pieces; and whether that is all of it.
    fn arriving(&self) -> (Vec<Bytes>, bool) {
        let end = self.cut.map_or(self.body.len(), |cut| cut.min(self.body.len()));
        let size = self.chunks.unwrap_or(64 << 10);
        let pieces = (0..end).step_by(size).map(|from| self.body.slice(from..end.min(from + size))).collect();
        (pieces, end == self.body.len())
    }
}

/// A fake in the place of the network, without sockets: a paused clock stays under the test's control.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use std::sync::Arc;
/// use connector_core::http::{AccountKey, HttpClient, HttpOptions};
/// use connector_core::testing::http::{Answer, InProcess, Request};
/// use connector_core::{Context, Vendor};
///
/// let fake = InProcess::new(|_: &Request| Answer::new(200).with_body("[1, 2]"));
/// let cx = Context::default().with_transport(Arc::new(fake));
/// let key = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
/// let client = HttpClient::new(&cx, &key, "https://api.example.com".parse().unwrap(), &HttpOptions::default())?;
/// assert_eq!(client.get("calls").send().await?.json::<Vec<u32>>()?, [1, 2]);
/// # Ok(()) }
/// ```
pub struct InProcess(Arc<dyn Answers>);

impl InProcess {
    /// Hosts this fake, for every host and port.
    pub fn new(answers: impl Answers) -> Self {
        Self(Arc::new(answers))
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<http::Response<Body>> {
        let answer = self.0.answer(&request);
        tokio::time::sleep(answer.delay).await;
        let (pieces, whole) = answer.arriving();
        let end = (!whole).then(|| Err(Error::transient("the answer broke off")));
        let mut response = http::Response::new(stream::iter(pieces.into_iter().map(Ok).chain(end)).boxed());
        (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
        Ok(response)
    }

    #[cfg(feature = "sockets")]
    async fn upgrade(&self, request: Request) -> Result<Upgrade> {
        let answer = self.send(request.clone()).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Upgrade::Answered(answer));
        }
        let (ours, theirs) = Connection::pair();
        self.0.switched(request, theirs);
        Ok(Upgrade::Switched(answer.map(|_| ours)))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}
