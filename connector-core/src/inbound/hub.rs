//! The place where all requests to a program arrive.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::body::{self, Unread};
use super::memory::{Budget, Held, Memory};
use super::options::HubOptions;
use super::receiver::{Receiver, Rest, busy, plain, refused};
use crate::{Error, Result};

/// The longest route.
const LONGEST_ROUTE: usize = 128;

/// Takes in all requests to a program and hands each to the [`Receiver`] of its route. Clones are the same hub.
///
/// The path is `/PREFIX/ROUTE/REST`. What has no business here is answered with 401: a path that nobody has and
/// credentials that are wrong look the same and take the same time. Further answers of its own: 400 for a body of another
/// length than announced, 408 for one that takes too long, 413 for one beyond the receiver's limit, 415 for one with a
/// `Content-Encoding`, and 503 with `Retry-After` when memory is used up, when the time is over, or when it is closed.
///
/// It is a tower `Service` for requests with any body: mount it with `route_service` of axum, or serve it on hyper.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use connector_core::inbound::{Hub, HubOptions};
/// use http_body_util::Empty;
/// let hub = Hub::new(HubOptions::default());
/// let nobody = http::Request::post("/hooks/0123/ended").body(Empty::<bytes::Bytes>::new()).unwrap();
/// assert_eq!(hub.answer(nobody).await.status(), 401);
/// # }
/// ```
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    options: HubOptions,
    before_routes: String,
    memory: Memory,
    routes: RwLock<HashMap<String, Arc<Route>>>,
    closed: AtomicBool,
}

struct Route {
    receiver: Arc<dyn Receiver>,
    budget: Budget,
}

impl Hub {
    /// A hub without routes.
    pub fn new(options: HubOptions) -> Self {
        Self(Arc::new(Inner {
            before_routes: options.before_routes(),
            memory: Memory::new(options.memory, options.memory_per_tenant),
            options,
            routes: RwLock::default(),
            closed: AtomicBool::new(false),
        }))
    }

    /// Lets this receiver answer the requests to a route, until the registration is dropped. Requests that are being
    /// answered then go on.
    ///
    /// # Errors
    /// `is_config` when the route is taken, or when it is not 1 to 128 letters, digits, `-` and `_`.
    pub fn register(&self, route: &str, receiver: Arc<dyn Receiver>) -> Result<Registration> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if route.is_empty() || route.len() > LONGEST_ROUTE || !route.bytes().all(is_plain) {
            return Err(Error::config(format!("a route is 1 to {LONGEST_ROUTE} letters, digits, - and _"))
                .of(receiver.origin()));
        }
        let budget = self.0.memory.of(&receiver.origin().tenant);
        let mut routes = self.0.routes.write().unwrap_or_else(PoisonError::into_inner);
        match routes.entry(route.to_owned()) {
            Entry::Occupied(taken) => {
                let words = format!("its route is that of {}", taken.get().receiver.origin());
                Err(Error::config(words).of(receiver.origin()).advise("give one of them another route"))
            }
            Entry::Vacant(free) => {
                free.insert(Arc::new(Route { receiver, budget }));
                let (hub, path) = (Arc::downgrade(&self.0), self.path_of(route));
                Ok(Registration { hub, route: route.to_owned(), path })
            }
        }
    }

    /// The path below which a route is to be reached, with a slash at its end.
    pub fn path_of(&self, route: &str) -> String {
        format!("{}{route}/", self.0.before_routes)
    }

    /// From now on every new request is answered with 503. Those that are being answered go on.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
    }

    /// Its limits.
    pub fn options(&self) -> &HubOptions {
        &self.0.options
    }

    /// Answers a request. Dropping the future gives the request up, as when the caller is gone.
    pub async fn answer<B: http_body::Body>(&self, request: Request<B>) -> Response<Bytes> {
        let began = Instant::now();
        let mut response = if self.0.closed.load(Ordering::Acquire) {
            busy()
        } else {
            let attended = self.attend(request, began).await;
            match attended {
                Some(response) => response,
                None => {
                    sleep_until(began + self.0.options.refused_after).await;
                    *refused()
                }
            }
        };
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            let wait = HeaderValue::from(self.0.options.retry_after.as_secs().max(1));
            response.headers_mut().entry(RETRY_AFTER).or_insert(wait);
        }
        response
    }

    /// The answer of whoever has the route; `None` for whoever has no business here.
    async fn attend<B: http_body::Body>(&self, request: Request<B>, began: Instant) -> Option<Response<Bytes>> {
        let (mut head, body) = request.into_parts();
        let (route, rest) = self.find(head.uri.path())?;
        head.extensions.insert(rest);
        let latest = began + self.0.options.answer_within;
        let Ok(admitted) = timeout_at(latest, route.receiver.admit(&head)).await else { return Some(busy()) };
        let admit = match admitted {
            Ok(admit) => admit,
            Err(answer) if answer.status() == StatusCode::UNAUTHORIZED => return None,
            Err(answer) => return Some(*answer),
        };
        let latest = admit.answer_within.map_or(latest, |within| latest.min(began + within));
        Some(match self.read(&route, &mut head, body, admit.max_body, latest).await {
            Ok(bytes) => {
                let _held = head.extensions.get::<Held>().cloned();
                let answer = route.receiver.receive(Request::from_parts(head, bytes));
                timeout_at(latest, answer).await.unwrap_or_else(|_| busy())
            }
            Err(answer) => *answer,
        })
    }

    fn find(&self, path: &str) -> Option<(Arc<Route>, Rest)> {
        let path = path.strip_prefix(self.0.before_routes.as_str())?;
        let (route, rest) = path.split_once('/').unwrap_or((path, ""));
        let routes = self.0.routes.read().unwrap_or_else(PoisonError::into_inner);
        Some((routes.get(route)?.clone(), Rest::new(rest)))
    }

    /// The body, and in the head the memory that it holds; or the answer to one that is not read.
    async fn read<B: http_body::Body>(
        &self,
        route: &Route,
        head: &mut Parts,
        body: B,
        max: usize,
        latest: Instant,
    ) -> Result<Bytes, Box<Response<Bytes>>> {
        let until = latest.min(Instant::now() + self.0.options.body_within);
        match timeout_at(until, body::read(&head.headers, body, max, &route.budget)).await {
            Ok(Ok((bytes, room))) => {
                head.extensions.insert(Held::new(room));
                Ok(bytes)
            }
            Ok(Err(unread)) => Err(Box::new(answer_to(unread))),
            Err(_) if until == latest => Err(Box::new(busy())),
            Err(_) => Err(Box::new(plain(StatusCode::REQUEST_TIMEOUT, "the body took too long\n"))),
        }
    }
}

fn answer_to(unread: Unread) -> Response<Bytes> {
    match unread {
        Unread::NoRoom => busy(),
        Unread::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
        Unread::Packed => plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body without Content-Encoding\n"),
        Unread::Broken => plain(StatusCode::BAD_REQUEST, "the body has another length than announced\n"),
    }
}

impl<B: http_body::Body<Data: Send> + Send + 'static> tower_service::Service<Request<B>> for Hub {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let hub = self.clone();
        Box::pin(async move { Ok(hub.answer(request).await.map(|bytes| AnswerBody(Full::new(bytes)))) })
    }
}

/// The body of an answer as a server sends it: one piece, which cannot fail.
#[derive(Debug)]
pub struct AnswerBody(Full<Bytes>);

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Routes are not shown: who knows one can try keys on it.
impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.0.routes.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("Hub").field("options", &self.0.options).field("routes", &routes).finish_non_exhaustive()
    }
}

/// A route with its receiver. Dropping it gives the route back.
#[must_use = "the route is given back when this is dropped"]
pub struct Registration {
    hub: Weak<Inner>,
    route: String,
    path: String,
}

impl Registration {
    /// The path below which the receiver is reached, with a slash at its end.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let removed = hub.routes.write().unwrap_or_else(PoisonError::into_inner).remove(&self.route);
        // Whatever the receiver does when it is dropped, nobody waits for it at the lock.
        drop(removed);
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registration")
    }
}

#[cfg(test)]
mod tests;
