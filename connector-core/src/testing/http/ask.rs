//! A request, read, and what is remembered of it.

use std::fmt;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::answer::{Answer, Request};
use super::endpoints::{Endpoint, Part, find};

/// A request to a fake, and what it asks for.
///
/// ```
/// # use connector_core::testing::http::{Ask, Request, endpoints};
/// # endpoints! { pub enum Endpoint: (); Calls, GET, (), "v2/calls"; }
/// let request = http::Request::get("https://api.example.com/v2/calls?top=5&kind=").header("authorization", "Bearer t-1");
/// let request: Request = request.body("".into()).unwrap();
/// let ask = Ask::<Endpoint>::new(&request);
/// assert_eq!((ask.endpoint, ask.number("top"), ask.token()), (Some(Endpoint::Calls), Some(5), Some("t-1")));
/// assert_eq!((ask.get("kind"), Ask::<Endpoint>::lenient(&request).get("Kind")), (Some(""), None));
/// ```
#[non_exhaustive]
pub struct Ask<'a, E> {
    /// The request.
    pub request: &'a Request,
    /// What it asks for; `None` where the table has no such thing.
    pub endpoint: Option<E>,
    /// Names and values of its query, in order.
    pub query: Vec<(String, String)>,
    parts: Vec<Part>,
    is_lenient: bool,
}

impl<'a, E: Endpoint> Ask<'a, E> {
    /// As an API reads it that takes every letter as it stands.
    pub fn new(request: &'a Request) -> Self {
        Self::read(request, false)
    }

    /// As an API reads it for which capitals are as good as small letters, in paths and in names, and a parameter that says
    /// nothing is none.
    pub fn lenient(request: &'a Request) -> Self {
        Self::read(request, true)
    }

    fn read(request: &'a Request, is_lenient: bool) -> Self {
        let (endpoint, parts) = find(request.method().as_str(), request.uri().path(), same(is_lenient)).unzip();
        let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
        Self { request, endpoint, query, parts: parts.unwrap_or_default(), is_lenient }
    }

    /// The part of the path that stands in braces under this name; empty where there is none.
    pub fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(known, _)| *known == name).map(|(_, part)| part.as_str()).unwrap_or_default()
    }

    /// The part of the path that stands under `{id}`.
    pub fn id(&self) -> &str {
        self.part("id")
    }

    /// A parameter of the query.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.query.iter().filter(|(known, _)| same(self.is_lenient)(known, name));
        named.find(|(_, value)| !self.is_lenient || !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// A parameter that says yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.to_ascii_lowercase().parse().ok()
    }

    /// A field of the form that came along.
    pub fn form(&self, name: &str) -> Option<String> {
        pairs(self.request.body()).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The JSON that came along.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.request.body()).ok()
    }

    /// A header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The bearer token that came along.
    pub fn token(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        same(self.is_lenient)(scheme, "Bearer").then_some(token)
    }
}

/// `Debug` says what is asked for, and nothing that came along.
impl<E: Endpoint> fmt::Debug for Ask<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({})", Name(self.endpoint))
    }
}

fn same(is_lenient: bool) -> fn(&str, &str) -> bool {
    if is_lenient { str::eq_ignore_ascii_case } else { |left, right| left == right }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// A request that came, and what it got. `Debug` says neither what stood in its path nor its query.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked<E> {
    /// What was asked for. `None`: nothing that the fake knows.
    pub endpoint: Option<E>,
    /// Its method and path.
    pub path: String,
    /// Names and values of its query, in order.
    pub query: Vec<(String, String)>,
    /// Whether a bearer token came along.
    pub has_token: bool,
    /// The status of the answer.
    pub status: u16,
    /// When it came.
    pub at: Instant,
}

impl<E: Endpoint> Asked<E> {
    /// A request that gets this answer now.
    pub fn new(ask: &Ask<'_, E>, answer: &Answer) -> Self {
        Self {
            endpoint: ask.endpoint,
            path: format!("{} {}", ask.request.method(), ask.request.uri().path()),
            query: ask.query.clone(),
            has_token: ask.token().is_some(),
            status: answer.status.as_u16(),
            at: Instant::now(),
        }
    }

    /// A parameter of its query, whatever the capitals of its name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl<E: Endpoint> fmt::Debug for Asked<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({}, {})", Name(self.endpoint), self.status)
    }
}

/// What was asked for, without what differs from request to request.
struct Name<E>(Option<E>);

impl<E: fmt::Display> fmt::Display for Name<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(endpoint) => endpoint.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}
