//! A request, as it is put together.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use url::Url;

use super::links::Trouble;
use super::redact::redact_url;
use super::response::{Response, collect};
use super::settings::Settings;
use super::wire::Body;
use crate::{Error, Priority, Result};

/// A request that is being put together. It can be sent more than once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use std::sync::Arc;
/// use connector_core::http::{AccountKey, HttpClient, HttpOptions};
/// use connector_core::testing::http::{Answer, InProcess, Request};
/// use connector_core::{Context, Priority, Vendor};
///
/// // In the place of the network: the second time it answers.
/// let asked = std::sync::atomic::AtomicU32::new(0);
/// let vendor = InProcess::new(move |request: &Request| {
///     assert_eq!(request.uri().query(), Some("from=2026-10-19&page=2"));
///     match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
///         0 => Answer::new(429).with_header("retry-after", "30"),
///         _ => Answer::json(&["7", "8"]),
///     }
/// });
/// let cx = Context::default().with_transport(Arc::new(vendor));
/// let account = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
/// let base = "https://api.example.com/v1".parse().unwrap();
/// let client = HttpClient::new(&cx, &account, base, &HttpOptions::default())?;
///
/// let search = client.post("calls/search").query("from", "2026-10-19").query("page", 2);
/// // A search changes nothing, so it may go again though it is a POST.
/// let search = search.repeatable().priority(Priority::Backfill).max_body(1 << 20).during("history");
/// let calls: Vec<String> = search.send().await?.json()?;
/// assert_eq!(calls, ["7", "8"]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing happens before it is sent"]
pub struct RequestBuilder {
    pub(super) settings: Arc<Settings>,
    pub(super) method: Method,
    pub(super) url: Result<Url, Trouble>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) class: Option<String>,
    pub(super) priority: Priority,
    pub(super) operation: &'static str,
    pub(super) repeatable: bool,
    pub(super) anonymous: bool,
    pub(super) max_body: u64,
}

/// The head of an answer, and its body as it comes. The request counts as on its way until the body is dropped.
#[non_exhaustive]
pub struct Streaming {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as it was sent: no limit and no repetition guards it.
    pub body: Body,
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with a body to come", self.status)
    }
}

impl RequestBuilder {
    pub(crate) fn new(
        settings: Arc<Settings>,
        method: Method,
        url: Result<Url, Trouble>,
        operation: &'static str,
    ) -> Self {
        let repeatable = method.is_idempotent();
        let max_body = settings.max_body;
        let (headers, body, class) = (HeaderMap::new(), Bytes::new(), None);
        let (priority, anonymous) = (Priority::Live, false);
        Self { settings, method, url, headers, body, class, priority, operation, repeatable, anonymous, max_body }
    }

    /// With this field in the query.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// With this header. Only the API's own host sees it.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => self.url = bug(format!("the value of the header {name} cannot be sent")),
        }
        self
    }

    /// With this JSON as its body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            Err(_) => {
                self.url = bug("the body cannot be written as JSON".to_owned());
                self
            }
        }
    }

    /// With this URL-encoded form as its body.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// With this body.
    pub fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = body.into();
        self
    }

    /// In this class of endpoints instead of the common one; see [`HttpClient::with_limits`](super::HttpClient::with_limits).
    pub fn class(mut self, name: impl Into<String>) -> Self {
        self.class = Some(name.into());
        self
    }

    /// Who waits for it.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// What it is for, by the name of the method; it stands in errors.
    pub fn during(mut self, operation: &'static str) -> Self {
        self.operation = operation;
        self
    }

    /// Sending it twice does no harm, though it is a POST or PATCH: a search, for one.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Without the token: for what needs none, and for links that are their own permission.
    pub fn without_token(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// An answer of more bytes than this is refused.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sends it; the whole answer, whose status is a success.
    ///
    /// # Errors
    /// That of the vendor, as the client's [`VendorErrors`](super::VendorErrors) reads it; those of the
    /// [`Transport`](super::Transport) once the [`RetryPolicy`](super::RetryPolicy) is used up; `is_unauthorized` when the
    /// credentials are wrong, `is_rate_limited` when a limit is used up for long, `is_too_large`, `is_forbidden` when it
    /// leads to a host that is not on the list.
    pub async fn send(self) -> Result<Response> {
        let answer = self.whole().await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.named(self.error(&answer))) }
    }

    /// Sends it; the whole answer, whatever its status. What may pass by itself is repeated first and then an error.
    ///
    /// # Errors
    /// As [`send`](Self::send), but for the vendor's errors that repeating does not help.
    pub async fn send_any(self) -> Result<Response> {
        self.whole().await
    }

    /// Sends it; the head of the answer, whatever its status, and its body as it comes. A cut of the body is the
    /// caller's to heal.
    ///
    /// # Errors
    /// As [`send_any`](Self::send_any).
    pub async fn stream(self) -> Result<Streaming> {
        self.streamed().await
    }

    /// The same, for an answer whose status is a success.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn stream_success(self) -> Result<Streaming> {
        let answer = self.streamed().await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.named(self.refusal(answer).await)) }
    }

    async fn whole(&self) -> Result<Response> {
        let packed = HeaderValue::from_static("gzip");
        self.repeat(&packed, |head, body| async move {
            let bytes = collect(&head, body, self.max_body).await?;
            Ok(self.answered(head.status, head.headers, bytes))
        })
        .await
    }

    async fn streamed(&self) -> Result<Streaming> {
        let plain = HeaderValue::from_static("identity");
        self.repeat(
            &plain,
            |head, body| async move { Ok(Streaming { status: head.status, headers: head.headers, body }) },
        )
        .await
    }

    pub(super) fn answered(&self, status: StatusCode, headers: HeaderMap, bytes: Bytes) -> Response {
        let cx = &self.settings.cx;
        Response::new(status, headers, bytes, cx.clock().now()).to(self.operation, cx.origin())
    }

    /// What an answer says whose status is no success. Its body is one piece, which was read already.
    pub(super) async fn refusal(&self, answer: Streaming) -> Error {
        let Streaming { status, headers, mut body } = answer;
        let bytes = body.next().await.and_then(Result::ok).unwrap_or_default();
        self.error(&self.answered(status, headers, bytes))
    }

    pub(super) fn error(&self, answer: &Response) -> Error {
        answer.error(&*self.settings.errors)
    }

    /// The error, with whose it is and what it was met at.
    pub(super) fn named(&self, error: Error) -> Error {
        error.during(self.operation).of(self.settings.cx.origin())
    }
}

fn bug(what: String) -> Result<Url, Trouble> {
    Err((|message| Error::bug(message), what))
}

/// Neither headers nor body, which may hold anything.
impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_ref().map_or_else(|_| String::new(), redact_url);
        write!(f, "{} {url}", self.method)
    }
}
