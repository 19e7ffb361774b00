//! A fake in the place of the network.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
#[cfg(feature = "sockets")]
use http::StatusCode;

use super::answer::{Answers, Request};
#[cfg(feature = "sockets")]
use crate::http::Upgrade;
use crate::http::{Body, Transport};
#[cfg(feature = "sockets")]
use crate::socket::Connection;
use crate::{Error, Result};

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
