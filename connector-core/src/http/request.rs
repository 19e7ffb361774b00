//! One request, from leave to send it to the last byte of its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, IF_RANGE, LOCATION, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::limits::{EndpointClass, Permit};
use super::links::{Trouble, is_own};
use super::login::{Login, Token};
use super::redact::redact_url;
use super::response::{Response, collect};
use super::retry::Budget;
use super::settings::Settings;
use super::wire::Body;
use crate::{Error, Priority, Result};

/// How many redirects are followed.
const REDIRECTS: u32 = 5;

/// How much of an error's body is read, in bytes.
const ERROR_BODY: u64 = 64 << 10;

/// The headers that a host other than the API's own may see.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, RANGE, IF_RANGE];

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
    settings: Arc<Settings>,
    method: Method,
    url: Result<Url, Trouble>,
    headers: HeaderMap,
    body: Bytes,
    class: Option<String>,
    priority: Priority,
    operation: &'static str,
    repeatable: bool,
    anonymous: bool,
    max_body: u64,
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

/// What sending it once came to.
enum Hop {
    Arrived(http::response::Parts, Body),
    /// It is to be sent again: to where a redirect leads, or to the same address with another token.
    To(Url),
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
        let answer = self.any_status().await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.named(self.error(&answer))) }
    }

    /// Sends it; the whole answer, whatever its status. What may pass by itself is repeated first and then an error.
    ///
    /// # Errors
    /// As [`send`](Self::send), but for the vendor's errors that repeating does not help.
    pub async fn send_any(self) -> Result<Response> {
        self.any_status().await
    }

    async fn any_status(&self) -> Result<Response> {
        let packed = HeaderValue::from_static("gzip");
        self.repeat(&packed, |head, body| async move {
            let bytes = collect(&head, body, self.max_body).await?;
            let cx = &self.settings.cx;
            Ok(Response::new(head.status, head.headers, bytes, cx.clock().now()).to(self.operation, cx.origin()))
        })
        .await
    }

    /// Sends it; the head of the answer, whatever its status, and its body as it comes. A cut of the body is the
    /// caller's to heal.
    ///
    /// # Errors
    /// As [`send_any`](Self::send_any).
    pub async fn stream(self) -> Result<Streaming> {
        let plain = HeaderValue::from_static("identity");
        self.repeat(
            &plain,
            |head, body| async move { Ok(Streaming { status: head.status, headers: head.headers, body }) },
        )
        .await
    }

    /// The same, for an answer whose status is a success.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn stream_success(self) -> Result<Streaming> {
        let mut answer = self.clone().stream().await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let bytes = answer.body.next().await.and_then(Result::ok).unwrap_or_default();
        let now = self.settings.cx.clock().now();
        Err(self.named(self.error(&Response::new(answer.status, answer.headers, bytes, now))))
    }

    async fn repeat<T, F>(&self, coding: &HeaderValue, finish: impl Fn(http::response::Parts, Body) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut budget = Budget::new(self.settings.retry);
        let (start, mut renewed) = (self.url.clone().map_err(|(kind, message)| self.named(kind(message)))?, false);
        let (mut url, mut redirects) = (start.clone(), 0);
        loop {
            let class = self.limited_by(&url);
            let permit = match &class {
                Some(class) => Some(class.acquire(self.priority).await.map_err(|error| self.named(error))?),
                None => None,
            };
            let (began, mut sent, limit) = (Instant::now(), false, budget.left());
            let attempt = async {
                match self.once(&url, coding, class.as_ref(), &mut renewed, &mut sent).await? {
                    Hop::Arrived(head, body) => finish(head, hold(body, permit)).await.map(Ok),
                    Hop::To(target) => Ok(Err(target)),
                }
            };
            let error = match timeout(limit, attempt).await.unwrap_or_else(|_| Err(took_too_long(limit))) {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(target)) if target == url || redirects < REDIRECTS => {
                    redirects += u32::from(target != url);
                    url = target;
                    budget.spend(began.elapsed());
                    continue;
                }
                Ok(Err(_)) => Error::invalid(format!("more than {REDIRECTS} redirects")),
                Err(error) => error,
            };
            if let (Some(class), Some(wait)) = (&class, error.retry_after())
                && (error.is_rate_limited() || error.is_transient())
            {
                class.pause(wait);
            }
            let pause = budget.pause_after(began.elapsed(), &error);
            match pause.filter(|_| self.repeatable || !sent) {
                Some(pause) => sleep(pause).await,
                None => return Err(self.named(error)),
            }
            (url, redirects) = (start.clone(), 0);
        }
    }

    /// Whose limit it takes. A link to another host has none unless a class is named.
    fn limited_by(&self, url: &Url) -> Option<EndpointClass> {
        let own = is_own(&self.settings.base, url);
        let name = self.class.as_deref().or(own.then_some(""));
        name.map(|name| self.settings.class(name))
    }

    /// Sends it once. An answer that repeating may change is an error.
    async fn once(
        &self,
        url: &Url,
        coding: &HeaderValue,
        class: Option<&EndpointClass>,
        renewed: &mut bool,
        sent: &mut bool,
    ) -> Result<Hop> {
        let settings = &self.settings;
        let token = match &settings.login {
            Some(login) if !self.anonymous && is_own(&settings.base, url) => Some(login.token().await?),
            _ => None,
        };
        *sent = true;
        let answer = settings.transport.send(self.request(url, coding, token.as_ref())?).await?;
        let (head, body) = answer.into_parts();
        if let Some(class) = class {
            class.learn(&settings.rate_headers, &head.headers);
        }
        if let Some(target) = self.redirect(&head, url)? {
            return Ok(Hop::To(target));
        }
        if head.status == StatusCode::UNAUTHORIZED
            && let (Some(login), Some(token)) = (&settings.login, &token)
            && renew(renewed, login, token).await?
        {
            return Ok(Hop::To(url.clone()));
        }
        if let Some(token) = token.filter(|_| head.status != StatusCode::UNAUTHORIZED) {
            token.note_success();
        }
        if head.status.is_client_error() || head.status.is_server_error() {
            return self.refused(head, body).await.map(|(head, body)| Hop::Arrived(head, body));
        }
        Ok(Hop::Arrived(head, body))
    }

    /// An error's body is read here, up to a limit that no error breaks.
    async fn refused(&self, head: http::response::Parts, body: Body) -> Result<(http::response::Parts, Body)> {
        let bytes = collect(&head, body, ERROR_BODY).await.unwrap_or_default();
        let now = self.settings.cx.clock().now();
        let answer = Response::new(head.status, head.headers.clone(), bytes.clone(), now);
        let error = self.error(&answer);
        if error.is_transient() || error.is_rate_limited() {
            return Err(error);
        }
        let mut head = head;
        // It is unpacked by now.
        head.headers.remove(http::header::CONTENT_ENCODING);
        head.headers.remove(http::header::CONTENT_LENGTH);
        Ok((head, futures_util::stream::iter([Ok(bytes)]).boxed()))
    }

    fn request(&self, url: &Url, coding: &HeaderValue, token: Option<&Token>) -> Result<Request<Bytes>> {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT_ENCODING, coding.clone());
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json, */*;q=0.5"));
        let mut request = Request::builder().method(self.method.clone()).uri(url.as_str());
        let foreign = !is_own(&self.settings.base, url);
        for (name, value) in &headers {
            if !foreign || HARMLESS.contains(name) {
                request = request.header(name, value);
            }
        }
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token.header()?);
        }
        let body = if foreign { Bytes::new() } else { self.body.clone() };
        request.body(body).map_err(|_| Error::bug("the request cannot be sent"))
    }

    /// Where the answer sends us, if it does and we may go there.
    fn redirect(&self, head: &http::response::Parts, url: &Url) -> Result<Option<Url>> {
        if !matches!(head.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = head.headers.get(LOCATION).filter(|_| self.method.is_safe()) else {
            return Err(Error::invalid("a redirect that cannot be followed").with_status(head.status.as_u16()));
        };
        let target = location.to_str().ok().and_then(|location| url.join(location).ok());
        let target = target.ok_or_else(|| Error::invalid("a redirect to something that is no address"))?;
        if target == *url {
            return Err(Error::invalid("a redirect to itself"));
        }
        let settings = &self.settings;
        settings.links.check(&settings.base, &target)?;
        Ok(Some(target))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn error(&self, answer: &Response) -> Error {
        answer.error(&*self.settings.errors)
    }

    /// The error, with whose it is and what it was met at.
    pub(crate) fn named(&self, error: Error) -> Error {
        error.during(self.operation).of(self.settings.cx.origin())
    }
}

/// The token was refused: whether there is another one to try. There is one only once in a request.
async fn renew(renewed: &mut bool, login: &Login, refused: &Token) -> Result<bool> {
    if std::mem::replace(renewed, true) {
        login.give_up(refused).await;
        return Ok(false);
    }
    Ok(login.after_refusal(refused).await?.is_some())
}

fn bug(what: String) -> Result<Url, Trouble> {
    Err((|message| Error::bug(message), what))
}

/// The body, with the permit that lasts as long.
fn hold(body: Body, permit: Option<Permit>) -> Body {
    body.map(move |piece| {
        let _held = &permit;
        piece
    })
    .boxed()
}

fn took_too_long(limit: Duration) -> Error {
    Error::transient(format!("no answer within {} s", limit.as_secs()))
}

/// Neither headers nor body, which may hold anything.
impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_ref().map_or_else(|_| String::new(), redact_url);
        write!(f, "{} {url}", self.method)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
