//! The requests of a login, which stand before everything that a client keeps for its other requests.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::Serialize;
use url::Url;

use crate::http::links::refuse_plain_http;
use crate::http::redact::redact_url;
use crate::http::response::{Response, collect};
use crate::http::wire::Transport;
use crate::{Clock, Error, Result};

/// How long a login may take.
const LOGIN_TIME: Duration = Duration::from_secs(60);

/// The longest answer to a login, in bytes.
const LOGIN_BODY: u64 = 1 << 20;

/// Sends the requests of a login: without token, without repetition, at most 1 MiB and 60 s for an answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    transport: Arc<dyn Transport>,
    clock: Clock,
}

impl Exchange {
    /// Over this wire.
    pub fn new(transport: Arc<dyn Transport>, clock: Clock) -> Self {
        Self { transport, clock }
    }

    /// The whole answer to a POST of this JSON, whatever its status: a status that is no success becomes an error by
    /// [`Response::error`].
    ///
    /// # Errors
    /// Those of [`send`](Self::send).
    pub async fn post_json(&self, url: &Url, body: &(impl Serialize + Sync)) -> Result<Response> {
        let body = serde_json::to_vec(body).map_err(|_| Error::bug("the body cannot be written as JSON"))?;
        let request =
            Request::post(url.as_str()).header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
        self.send(request.body(body.into()).map_err(|_| Error::config("the address of the login is no address"))?).await
    }

    /// The whole answer, whatever its status.
    ///
    /// # Errors
    /// Those of [`Transport::send`]; `is_config` when the address is plain http to another machine; `is_too_large`.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response> {
        let url = Url::parse(&request.uri().to_string())
            .map_err(|error| Error::config("the address of the login is no address").caused_by(error))?;
        refuse_plain_http(&url)?;
        let answer = async {
            let (head, body) = self.transport.send(request).await?.into_parts();
            let bytes = collect(&head, body, LOGIN_BODY).await?;
            Ok(Response::new(head.status, head.headers, bytes, self.clock.now()))
        };
        tokio::time::timeout(LOGIN_TIME, answer).await.unwrap_or_else(|_| {
            Err(Error::transient(format!("{} did not answer within {} s", redact_url(&url), LOGIN_TIME.as_secs())))
        })
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::http::{Answer, InProcess, Request as Asked};

    fn exchange(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Exchange {
        Exchange::new(Arc::new(InProcess::new(answer)), Clock::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_by_json_is_sent_as_it_should_be() {
        let exchange = exchange(|request| {
            assert_eq!(
                (request.method().as_str(), &request.headers()[CONTENT_TYPE]),
                ("POST", &"application/json".parse().unwrap())
            );
            Answer::new(201).with_body(request.body().clone())
        });
        let answer = exchange.post_json(&"https://auth.example.com/token".parse().unwrap(), &["key"]).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.bytes[..]), (201, &b"[\"key\"]"[..]));
        let plain = "http://auth.example.com/token".parse().unwrap();
        assert!(exchange.post_json(&plain, &["key"]).await.unwrap_err().is_config(), "nothing goes out in the clear");
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_is_silent_or_endless_is_given_up() {
        let url = "https://auth.example.com/token?key=hidden".parse().unwrap();
        let silent = exchange(|_| Answer::new(200).delayed(Duration::from_secs(3600)));
        let error = silent.post_json(&url, &()).await.unwrap_err();
        assert!(error.is_transient() && !error.to_string().contains("hidden"), "{error}");
        let endless = exchange(|_| Answer::new(200).with_body(vec![b' '; 2 << 20]));
        assert!(endless.post_json(&url, &()).await.unwrap_err().is_too_large());
    }
}
