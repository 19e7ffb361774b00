//! WebSockets: messages over a connection, at either end.
//!
//! [`HttpClient::open_socket`](crate::http::HttpClient::open_socket) opens one at a vendor, by the same proxy and with the
//! same certificates as its requests. A receiver that was asked for one makes its end by [`Socket::server`].

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
#[cfg(any(feature = "http", feature = "inbound"))]
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::{Error, Result};

/// The version of the protocol, as the handshake has it.
const VERSION: &str = "13";

/// How many bytes [`Connection::pair`] holds on their way.
const PAIR: usize = 64 << 10;

/// How many bytes a server reads or gathers at a time: a second of a voice in telephone quality is 8,000 bytes, and a
/// process may have a thousand sockets.
///
/// A binary message is a piece of the buffer that it was read into, and keeps all of it, together with the messages beside
/// it: 4 to 8 KiB where messages have up to 4 KiB, and up to twice the largest one so far where they have more. A message
/// of 160 bytes keeps as much when it is kept alone. With the 128 KiB of the crate's default it would be 128 KiB.
const SERVER_BUFFER: usize = 4 << 10;

/// The bytes of a connection, both ways.
trait Bytewise: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytewise for T {}

/// A connection that speaks another protocol than HTTP from now on. Dropping it breaks it off.
pub struct Connection(Box<dyn Bytewise>);

impl Connection {
    /// Over these bytes.
    pub fn new(bytes: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Box::new(bytes))
    }

    /// Both ends of a connection within the program: for tests, which may pause the clock then.
    pub fn pair() -> (Self, Self) {
        let (one, other) = tokio::io::duplex(PAIR);
        (Self::new(one), Self::new(other))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A message, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// One end of a WebSocket. Pings are answered while it is read; dropping it breaks it off.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::socket::{Connection, Message, Socket};
///
/// let (ours, theirs) = Connection::pair();
/// let mut client = Socket::client(ours, 1 << 20).await;
/// let mut server = Socket::server(theirs, 1 << 20).await;
/// client.send(Message::Text("ping".to_owned())).await?;
/// assert_eq!(server.next().await?, Some(Message::Text("ping".to_owned())));
/// server.close().await?;
/// assert_eq!(client.next().await?, None);
/// # Ok(()) }
/// ```
pub struct Socket(WebSocketStream<Connection>);

impl Socket {
    /// The end of whoever asked for it. Messages of more bytes than `most` are refused.
    pub async fn client(connection: Connection, most: usize) -> Self {
        Self::over(connection, Role::Client, most).await
    }

    /// The end of whoever was asked. It costs a few KiB, so that there may be thousands.
    pub async fn server(connection: Connection, most: usize) -> Self {
        Self::over(connection, Role::Server, most).await
    }

    async fn over(connection: Connection, role: Role, most: usize) -> Self {
        let mut config = WebSocketConfig::default().max_message_size(Some(most)).max_frame_size(Some(most));
        if role == Role::Server {
            config = config.read_buffer_size(SERVER_BUFFER).write_buffer_size(SERVER_BUFFER);
        }
        Self(WebSocketStream::from_raw_socket(connection, role, Some(config)).await)
    }

    /// The next message; `None` once the other side has closed it in order. Who stops waiting misses nothing.
    ///
    /// # Errors
    /// `is_transient` when it breaks off, `is_invalid` when the other side does not keep to the protocol, `is_too_large`
    /// for a message that is.
    pub async fn next(&mut self) -> Result<Option<Message>> {
        use tungstenite::Message as Raw;
        loop {
            return match self.0.next().await {
                None => Ok(None),
                Some(Ok(Raw::Close(_))) => {
                    // Our goodbye is written by now, and goes out here; the other side need not hear it.
                    let _ = self.0.flush().await;
                    Ok(None)
                }
                Some(Ok(Raw::Text(text))) => Ok(Some(Message::Text(text.as_str().to_owned()))),
                Some(Ok(Raw::Binary(bytes))) => Ok(Some(Message::Binary(bytes))),
                Some(Ok(Raw::Ping(_) | Raw::Pong(_) | Raw::Frame(_))) => continue,
                Some(Err(tungstenite::Error::ConnectionClosed)) => Ok(None),
                Some(Err(error)) => Err(failed(error)),
            };
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `is_transient` when it is broken off or closed.
    pub async fn send(&mut self, message: Message) -> Result<()> {
        let message = match message {
            Message::Text(text) => tungstenite::Message::text(text),
            Message::Binary(bytes) => tungstenite::Message::binary(bytes),
        };
        self.0.send(message).await.map_err(failed)
    }

    /// Says goodbye. What the other side still sends can be read until it says so too.
    ///
    /// # Errors
    /// `is_transient` when it is broken off.
    pub async fn close(&mut self) -> Result<()> {
        use tungstenite::error::{Error as Trouble, ProtocolError};
        match self.0.close(None).await {
            Ok(()) | Err(Trouble::ConnectionClosed | Trouble::AlreadyClosed) => Ok(()),
            Err(Trouble::Protocol(ProtocolError::SendAfterClosing)) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Socket")
    }
}

/// What went wrong; nothing of what was sent stands in it.
fn failed(error: tungstenite::Error) -> Error {
    match error {
        tungstenite::Error::Capacity(error) => Error::too_large("a message of the socket").caused_by(error),
        tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
            | tungstenite::error::ProtocolError::SendAfterClosing
            | tungstenite::error::ProtocolError::ReceivedAfterClosing,
        )
        | tungstenite::Error::Io(_)
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::ConnectionClosed => Error::transient("the socket broke off").caused_by(error),
        tungstenite::Error::Protocol(error) => {
            Error::invalid("the other side of the socket does not keep to its protocol").caused_by(error)
        }
        _ => Error::invalid("the socket carries something that cannot be read"),
    }
}

/// What asks a host for a WebSocket; the key is to be handed to [`is_accepted`].
#[cfg(any(feature = "http", feature = "inbound"))]
pub(crate) fn asking() -> (HeaderMap, String) {
    let key = generate_key();
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).expect("base64 can stand in a header"));
    (headers, key)
}

/// Whether the host has understood.
#[cfg(feature = "http")]
pub(crate) fn is_accepted(headers: &HeaderMap, key: &str) -> bool {
    headers
        .get(SEC_WEBSOCKET_ACCEPT)
        .is_some_and(|accept| accept.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes())
}

/// The headers of the answer 101 to a request for a WebSocket; `None` when it is no such request.
pub fn accepting(request: &HeaderMap) -> Option<HeaderMap> {
    let says = |name, word: &str| {
        let mut values = request.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.any(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
    };
    let is_asking = says(UPGRADE, "websocket") && says(CONNECTION, "upgrade") && says(SEC_WEBSOCKET_VERSION, VERSION);
    let key = request.get(SEC_WEBSOCKET_KEY).filter(|_| is_asking)?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Some(headers)
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use super::*;

    fn asked(changes: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = asking().0;
        for (name, value) in changes {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_handshake_is_that_of_the_standard() {
        // The example of RFC 6455, section 1.3.
        let request =
            asked(&[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("connection", "keep-alive, Upgrade")]);
        let answer = accepting(&request).unwrap();
        assert_eq!(answer[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(is_accepted(&answer, "dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(!is_accepted(&answer, "another key") && !is_accepted(&HeaderMap::new(), "x"));
    }

    #[test]
    fn a_request_for_something_else_is_none_for_a_socket() {
        for changes in [[("upgrade", "h2c")], [("connection", "close")], [("sec-websocket-version", "8")]] {
            assert_eq!(accepting(&asked(&changes)), None, "{changes:?}");
        }
        assert_eq!(accepting(&HeaderMap::new()), None);
    }

    #[tokio::test]
    async fn a_connection_that_is_cut_in_the_middle_of_a_message_is_no_end() {
        use tokio::io::AsyncWriteExt;
        for cut in [1, 2, 5] {
            let (ours, mut theirs) = Connection::pair();
            let mut client = Socket::client(ours, 1 << 10).await;
            theirs.write_all(&b"\x81\x05hello"[..cut]).await.unwrap(); // a text of five letters
            drop(theirs);
            assert!(client.next().await.unwrap_err().is_transient(), "after {cut} bytes");
        }
    }

    #[tokio::test]
    async fn a_message_that_is_kept_keeps_little_more_than_its_own_bytes() {
        let sizes = [160, 1600, 3200, 3200, 160, 10_000, 3200, 50_000, 160];
        for kept in 0..sizes.len() {
            let (ours, theirs) = Connection::pair();
            let (mut client, mut server) = (Socket::client(ours, 1 << 20).await, Socket::server(theirs, 1 << 20).await);
            let mut message = None;
            for (n, size) in sizes.iter().enumerate() {
                client.send(Message::Binary(vec![7; *size].into())).await.unwrap();
                let received = server.next().await.unwrap();
                message = if n == kept { received } else { message };
            }
            drop(server);
            let Some(Message::Binary(bytes)) = message else { panic!("no bytes") };
            let (size, buffer) = (bytes.len(), bytes.try_into_mut().expect("nobody else has it").capacity());
            let largest = *sizes[..=kept].iter().max().unwrap();
            assert!(buffer <= 2 * SERVER_BUFFER.max(largest), "{size} bytes keep {buffer}");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_unreadable_is_said() {
        let (ours, theirs) = Connection::pair();
        let (mut client, mut server) = (Socket::client(ours, 10).await, Socket::server(theirs, 1 << 10).await);
        server.send(Message::Binary(vec![0; 11].into())).await.unwrap();
        assert!(client.next().await.unwrap_err().is_too_large());

        let (ours, mut theirs) = Connection::pair();
        let mut client = Socket::client(ours, 10).await;
        tokio::io::AsyncWriteExt::write_all(&mut theirs, b"\xf1\x01x").await.unwrap(); // bits that nobody agreed upon
        assert!(client.next().await.unwrap_err().is_invalid());
    }

    #[tokio::test]
    async fn nothing_can_be_sent_once_it_is_closed() {
        let (ours, theirs) = Connection::pair();
        let (mut client, mut server) = (Socket::client(ours, 10).await, Socket::server(theirs, 10).await);
        client.close().await.unwrap();
        client.close().await.unwrap();
        assert_eq!(server.next().await.unwrap(), None);
        assert!(client.send(Message::Text("late".to_owned())).await.unwrap_err().is_transient());
    }
}
