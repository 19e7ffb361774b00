//! A small HTTP/1.1 server that can do what a decent server would not: break off in the middle.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::answer::{Answer, Answers, Request};
use crate::{Error, Result};

/// The longest head of a request, in bytes.
const HEAD: usize = 64 << 10;

/// The longest body of a request, in bytes.
const BODY: usize = 64 << 20;

/// Hosts a fake on a free port of this machine until it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::http::{AccountKey, HttpClient, HttpOptions};
/// use connector_core::testing::http::{Answer, Request, TestServer};
/// use connector_core::{Context, Vendor};
///
/// let server = TestServer::start(|request: &Request| match request.uri().path() {
///     "/calls" => Answer::json(&["c-1", "c-2"]),
///     _ => Answer::new(404),
/// })
/// .await?;
/// let key = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
/// let client = HttpClient::new(&Context::default(), &key, server.url(), &HttpOptions::default())?;
/// assert_eq!(client.get("calls").query("top", 2).send().await?.json::<Vec<String>>()?, ["c-1", "c-2"]);
/// assert!(client.get("nothing").send().await.unwrap_err().is_not_found());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl TestServer {
    /// Hosts this fake.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(answers: impl Answers) -> Result<Self> {
        Self::start_shared(Arc::new(answers)).await
    }

    /// Hosts this fake, which others hold as well.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start_shared(answers: Arc<dyn Answers>) -> Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), answers).await
    }

    /// Hosts this fake at an address of this machine.
    ///
    /// # Errors
    /// When somebody else has it.
    pub async fn start_at(address: SocketAddr, answers: Arc<dyn Answers>) -> Result<Self> {
        let unfree = |error: std::io::Error| Error::config(format!("cannot listen at {address}")).caused_by(error);
        let listener = TcpListener::bind(address).await.map_err(unfree)?;
        let address = listener.local_addr().map_err(unfree)?;
        let accepting = tokio::spawn(async move {
            // Dropped with the server, and all connections with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // The body of an answer goes out after its head, without waiting for word that the head has arrived.
                let _ = stream.set_nodelay(true);
                let answers = answers.clone();
                connections.spawn(async move { drop(serve(stream, &*answers).await) });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where it is: `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}/", self.address)).expect("an address with a port makes an URL")
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Answers the requests of one connection, one after the other, until it ends or is cut.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    answers: &dyn Answers,
) -> std::io::Result<()> {
    let mut read = BytesMut::new();
    while let Some(request) = next_request(&mut stream, &mut read).await? {
        let answer = answers.answer(&request);
        tokio::time::sleep(answer.delay).await;
        #[cfg(feature = "sockets")]
        if answer.status == StatusCode::SWITCHING_PROTOCOLS {
            stream.write_all(&head(&answer)).await?;
            answers.switched(request, crate::socket::Connection::new(stream));
            return Ok(());
        }
        if !write(&mut stream, &answer, *request.method() == Method::HEAD).await? {
            break;
        }
    }
    stream.shutdown().await
}

async fn next_request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    read: &mut BytesMut,
) -> std::io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if read.len() > HEAD || stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = read.split_to(end);
    read.advance(4);
    let Some(mut request) = parse(&head) else { return Ok(None) };
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
    if length > BODY {
        return Ok(None);
    }
    if request.headers().contains_key(EXPECT) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    while read.len() < length {
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    *request.body_mut() = read.split_to(length).freeze();
    Ok(Some(request))
}

/// The head of a request; chunked bodies are not understood.
fn parse(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let mut request = http::Request::builder().method(method).uri(target).body(Bytes::new()).ok()?;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (HeaderName::try_from(name.trim()).ok()?, HeaderValue::from_str(value.trim()).ok()?);
        request.headers_mut().append(name, value);
    }
    (!request.headers().contains_key("transfer-encoding")).then_some(request)
}

/// Writes the answer; whether the connection is good for another one.
async fn write(stream: &mut (impl AsyncWrite + Unpin), answer: &Answer, head_only: bool) -> std::io::Result<bool> {
    stream.write_all(&head(answer)).await?;
    if head_only || has_no_body(answer.status) {
        stream.flush().await?;
        return Ok(true);
    }
    let (pieces, whole) = answer.arriving();
    for piece in pieces {
        if answer.chunks.is_some() {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            stream.write_all(&piece).await?;
            stream.write_all(b"\r\n").await?;
        } else {
            stream.write_all(&piece).await?;
        }
    }
    if whole && answer.chunks.is_some() {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.flush().await?;
    if !whole {
        // What was sent has time to arrive before the end of the connection does.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(whole)
}

fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

fn head(answer: &Answer) -> Vec<u8> {
    let mut headers: HeaderMap = answer.headers.clone();
    if answer.chunks.is_some() {
        headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    } else if !headers.contains_key(CONTENT_LENGTH) && !has_no_body(answer.status) {
        headers.insert(CONTENT_LENGTH, answer.body.len().into());
    }
    let reason = answer.status.canonical_reason().unwrap_or("Odd");
    let mut head = format!("{:?} {} {reason}\r\n", Version::HTTP_11, answer.status.as_u16()).into_bytes();
    for (name, value) in &headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
