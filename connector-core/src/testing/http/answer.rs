//! What is asked, what is answered, and what goes wrong on the way.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

#[cfg(feature = "sockets")]
use crate::socket::Connection;

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
    pub(super) fn arriving(&self) -> (Vec<Bytes>, bool) {
        let end = self.cut.map_or(self.body.len(), |cut| cut.min(self.body.len()));
        let size = self.chunks.unwrap_or(64 << 10);
        let pieces = (0..end).step_by(size).map(|from| self.body.slice(from..end.min(from + size))).collect();
        (pieces, end == self.body.len())
    }
}
