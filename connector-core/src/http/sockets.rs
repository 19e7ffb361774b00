//! Opening a WebSocket where one of the vendor's answers says.

use bytes::Bytes;
use http::Request;
use url::Url;

use super::client::HttpClient;
use super::response::{Response, collect};
use super::wire::Upgrade;
use crate::socket::{Socket, asking, is_accepted};
use crate::{Error, Result};

/// How much of a refusal is read, in bytes.
const REFUSAL: u64 = 64 << 10;

impl HttpClient {
    /// Opens a WebSocket at a link out of one of the vendor's answers (`wss://…`), which is its own permission: it goes
    /// without the token, and once. Messages of more bytes than `most` are refused. With the feature `sockets`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
    /// use connector_core::http::{AccountKey, HttpClient, HttpOptions};
    /// use connector_core::socket::{Connection, Message, Socket};
    /// use connector_core::testing::http::{Answer, Answers, Request, TestServer};
    /// use connector_core::{Context, Vendor};
    ///
    /// /// Greets whoever opens a socket.
    /// struct Host;
    ///
    /// impl Answers for Host {
    ///     fn answer(&self, request: &Request) -> Answer {
    ///         Answer::switch(request).unwrap_or(Answer::new(400))
    ///     }
    ///     fn switched(&self, _: Request, connection: Connection) {
    ///         tokio::spawn(async move {
    ///             Socket::server(connection, 1 << 20).await.send(Message::Text("hello".to_owned())).await
    ///         });
    ///     }
    /// }
    ///
    /// let server = TestServer::start(Host).await?;
    /// let account = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
    /// let client = HttpClient::new(&Context::default(), &account, server.url(), &HttpOptions::default())?;
    /// let link = format!("ws://127.0.0.1:{}/channels/7", server.port());
    /// let mut socket = client.open_socket(&link, 1 << 20).await?;
    /// assert_eq!(socket.next().await?, Some(Message::Text("hello".to_owned())));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `is_forbidden` when the host is not on the list of [`with_links`](Self::with_links); those of
    /// [`Transport::upgrade`](super::Transport::upgrade); the vendor's when it refuses.
    pub async fn open_socket(&self, link: &str, most: usize) -> Result<Socket> {
        let opened = self.open(link, most).await;
        opened.map_err(|error| error.during("open a socket").of(self.context().origin()))
    }

    async fn open(&self, link: &str, most: usize) -> Result<Socket> {
        let settings = self.settings();
        let url = as_http(link).ok_or_else(|| Error::forbidden("a link that is no address is not followed"))?;
        settings.links.check(&settings.base, &url)?;
        let (headers, key) = asking();
        let mut request = Request::get(url.as_str()).body(Bytes::new()).map_err(|_| Error::bug("no such address"))?;
        *request.headers_mut() = headers;
        match settings.transport.upgrade(request).await? {
            Upgrade::Switched(answer) if is_accepted(answer.headers(), &key) => {
                Ok(Socket::client(answer.into_body(), most).await)
            }
            Upgrade::Switched(_) => Err(Error::invalid("the host opens something that is no socket")),
            Upgrade::Answered(answer) => {
                let (head, body) = answer.into_parts();
                let bytes = collect(&head, body, REFUSAL).await.unwrap_or_default();
                let answer = Response::new(head.status, head.headers, bytes, settings.cx.clock().now());
                if answer.status.is_success() {
                    return Err(Error::invalid(format!(
                        "the host opens no socket (status {})",
                        answer.status.as_u16()
                    )));
                }
                Err(answer.error(&*settings.errors))
            }
        }
    }
}

/// The address that the handshake is sent to.
fn as_http(link: &str) -> Option<Url> {
    let http = match link.split_once("://")? {
        (scheme, rest) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        (scheme, rest) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        _ => return None,
    };
    Url::parse(&http).ok()
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use crate::http::{AccountKey, HttpOptions, LinkPolicy};
    use crate::socket::{Connection, Message};
    use crate::testing::http::{Answer, Answers, InProcess, Request, TestServer};
    use crate::{Context, Vendor};

    use super::*;

    const MOST: usize = 1 << 16;

    /// Sends back what it is told, to whoever asks for a channel without a token.
    struct Host;

    impl Answers for Host {
        fn answer(&self, request: &Request) -> Answer {
            match request.uri().path() {
                "/channels/7" if request.headers().contains_key("authorization") => Answer::new(400),
                "/channels/7" => Answer::switch(request).unwrap_or(Answer::new(426)),
                "/odd" => Answer::new(101),
                "/page" => Answer::new(200).with_body("a page"),
                _ => Answer::new(404).with_body(r#"{"message": "there is no such channel"}"#),
            }
        }

        fn switched(&self, _: Request, connection: Connection) {
            tokio::spawn(async move {
                let mut socket = Socket::server(connection, MOST).await;
                while let Ok(Some(message)) = socket.next().await {
                    socket.send(message).await.unwrap();
                }
            });
        }
    }

    fn client(cx: &Context, base: &str) -> HttpClient {
        let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
        let client = HttpClient::new(cx, &key, base.parse().unwrap(), &HttpOptions::default()).unwrap();
        client.with_links(LinkPolicy::own_host_only().with_host("streaming.example.com"))
    }

    async fn echoes(client: &HttpClient, link: &str) {
        let mut socket = client.open_socket(link, MOST).await.unwrap();
        let large = Message::Text("x".repeat(MOST));
        for message in [Message::Text("ping".to_owned()), Message::Binary(vec![1, 2].into()), large] {
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.next().await.unwrap(), Some(message));
        }
        socket.close().await.unwrap();
        assert_eq!(socket.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_socket_speaks_over_the_network_and_within_the_program() {
        let server = TestServer::start(Host).await.unwrap();
        let link = format!("ws://127.0.0.1:{}/channels/7", server.port());
        echoes(&client(&Context::default(), server.url().as_str()), &link).await;

        let within = Context::default().with_transport(Arc::new(InProcess::new(Host)));
        echoes(&client(&within, "https://api.example.com"), "wss://streaming.example.com/channels/7").await;
    }

    #[tokio::test]
    async fn a_refusal_is_the_vendors_and_another_host_is_never_asked() {
        let server = TestServer::start(Host).await.unwrap();
        let within = Context::default().with_transport(Arc::new(InProcess::new(Host)));
        let ours = client(&within, "https://api.example.com");
        let refused = ours.open_socket("wss://streaming.example.com/channels/8", MOST).await.unwrap_err();
        assert!(refused.is_not_found() && refused.to_string().contains("no such channel"), "{refused}");
        for link in ["wss://streaming.example.com/page", "wss://streaming.example.com/odd"] {
            assert!(ours.open_socket(link, MOST).await.unwrap_err().is_invalid(), "{link}");
        }
        let real = client(&Context::default(), server.url().as_str());
        let error = real.open_socket(&format!("ws://127.0.0.1:{}/page", server.port()), MOST).await.unwrap_err();
        assert!(error.is_invalid(), "{error}");
        for link in [
            "wss://streaming.example.net/channels/7",
            "ws://streaming.example.com/channels/7",
            "https://streaming.example.com/channels/7",
            "/channels/7",
        ] {
            let error = ours.open_socket(link, MOST).await.unwrap_err();
            assert!(error.is_forbidden() && !error.to_string().contains("channels/7?"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_host_that_cannot_be_reached_may_come_back() {
        let server = TestServer::start(Host).await.unwrap();
        let (real, port) = (client(&Context::default(), server.url().as_str()), server.port());
        drop(server);
        let error = real.open_socket(&format!("ws://127.0.0.1:{port}/channels/7"), MOST).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
    }
}
