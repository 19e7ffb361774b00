//! One request on its way: from the leave to send it to the last byte of its answer, as often as the policy says.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, IF_RANGE, LOCATION, RANGE,
};
use http::response::Parts;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::limits::{EndpointClass, Permit};
use super::links::is_own;
use super::login::{Login, Token};
use super::request::RequestBuilder;
use super::response::collect;
use super::retry::Budget;
use super::wire::Body;
use crate::{Error, Result};

/// How many redirects are followed.
const REDIRECTS: u32 = 5;

/// How much of an error's body is read, in bytes.
const ERROR_BODY: u64 = 64 << 10;

/// The headers that a host other than the API's own may see.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, RANGE, IF_RANGE];

/// What sending it once came to.
enum Hop {
    Arrived(Parts, Body),
    /// It is to be sent again: to where a redirect leads, or to the same address with another token.
    To(Url),
}

impl RequestBuilder {
    /// Sends it until it arrives, and lets `finish` read the answer; both within one budget.
    pub(super) async fn repeat<T, F>(&self, coding: &HeaderValue, finish: impl Fn(Parts, Body) -> F) -> Result<T>
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
            return self.refused(head, body).await;
        }
        Ok(Hop::Arrived(head, body))
    }

    /// An error's body is read here, up to a limit that no error breaks.
    async fn refused(&self, mut head: Parts, body: Body) -> Result<Hop> {
        let bytes = collect(&head, body, ERROR_BODY).await.unwrap_or_default();
        let error = self.error(&self.answered(head.status, head.headers.clone(), bytes.clone()));
        if error.is_transient() || error.is_rate_limited() {
            return Err(error);
        }
        // It is unpacked by now.
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
        Ok(Hop::Arrived(head, stream::iter([Ok(bytes)]).boxed()))
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
    fn redirect(&self, head: &Parts, url: &Url) -> Result<Option<Url>> {
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
}

/// The token was refused: whether there is another one to try. There is one only once in a request.
async fn renew(renewed: &mut bool, login: &Login, refused: &Token) -> Result<bool> {
    if std::mem::replace(renewed, true) {
        login.give_up(refused).await;
        return Ok(false);
    }
    Ok(login.after_refusal(refused).await?.is_some())
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

#[cfg(all(test, feature = "testing"))]
mod tests;
