//! What speaks for Genesys Cloud: the few requests that a listener needs, and a socket that sends all messages.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::calls::{frames, record, users};

/// Whoever asks for topics has so long to read the answer before the first message comes.
const FIRST_AFTER: Duration = Duration::from_millis(50);

/// The channel that needs no topics.
pub const BARE: &str = "/channels/bare";

struct Centre {
    /// All messages as a server's end of a WebSocket writes them, step by step.
    pieces: Vec<Bytes>,
    /// Between two steps.
    pause: Duration,
    is_subscribed: Notify,
}

/// A request; its body is of no interest.
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    fn parse(head: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let mut first = lines.next()?.split(' ').map(str::to_owned);
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Self { method: first.next()?, target: first.next()?, headers: lines.filter_map(header).collect() })
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Centre {
    /// The status and what is answered.
    fn answer(&self, request: &Request) -> (u16, Value) {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match (request.method.as_str(), path) {
            ("POST", "/oauth/token") => {
                (200, json!({ "access_token": "made-up-token", "token_type": "bearer", "expires_in": 86_399 }))
            }
            ("GET", "/api/v2/users") => {
                let page = query.split('&').find_map(|pair| pair.strip_prefix("pageNumber=")?.parse().ok());
                (200, users(page.unwrap_or(1)))
            }
            ("POST", "/api/v2/notifications/channels") => {
                let address = format!("ws://{}/channels/made-up", request.header("host"));
                (200, json!({ "id": "made-up", "connectUri": address, "expires": "2099-01-01T00:00:00.000Z" }))
            }
            ("PUT", _) => {
                self.is_subscribed.notify_one();
                (200, json!({ "entities": [] }))
            }
            ("DELETE", _) => (200, json!({})),
            _ => match path.strip_prefix("/api/v2/conversations/").and_then(record) {
                Some(record) => (200, record),
                None => (404, json!({ "status": 404, "code": "not.found" })),
            },
        }
    }

    /// Answers the requests of a connection; each answer is written at once, so that nothing waits for the next packet.
    async fn serve(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let mut read = BytesMut::new();
        loop {
            let end = loop {
                match read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                    Some(end) => break end + 4,
                    None if stream.read_buf(&mut read).await? == 0 => return Ok(()),
                    None => {}
                }
            };
            let request = Request::parse(&read.split_to(end)).context("that is no request")?;
            let length = request.header("content-length").parse().unwrap_or(0);
            while read.len() < length {
                anyhow::ensure!(stream.read_buf(&mut read).await? > 0, "a body was cut");
            }
            drop(read.split_to(length));
            if request.target.starts_with("/channels/") {
                return self.play(stream, &request).await;
            }
            let (status, body) = self.answer(&request);
            let body = body.to_string();
            // The client asks as often as it is told that it may.
            let head = format!(
                "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 inin-ratelimit-allowed: 1000000\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).await?;
        }
    }

    /// Sends all messages on a WebSocket, and waits until the client has what it wants.
    async fn play(&self, mut stream: TcpStream, request: &Request) -> anyhow::Result<()> {
        let accept = derive_accept_key(request.header("sec-websocket-key").as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        if request.target != BARE {
            self.is_subscribed.notified().await;
        }
        tokio::time::sleep(FIRST_AFTER).await;
        for piece in &self.pieces {
            stream.write_all(piece).await?;
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
        }
        let mut rest = [0; 256];
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    }
}

/// The messages of each step, each in one frame.
fn rendered() -> Vec<Bytes> {
    let frame = |piece: &mut BytesMut, text: &String| {
        // The whole of a text, and its length in two bytes.
        piece.put_slice(&[0x81, 126]);
        piece.put_u16(u16::try_from(text.len()).expect("a call with three participants has a few thousand bytes"));
        piece.put_slice(text.as_bytes());
    };
    let piece = |texts: Vec<String>| {
        let mut piece = BytesMut::new();
        texts.iter().for_each(|text| frame(&mut piece, text));
        piece.freeze()
    };
    frames().map(piece).collect()
}

/// Plays the organisation, with so long a pause after each step of all calls.
pub async fn serve(pause: Duration) -> anyhow::Result<()> {
    let centre = Arc::new(Centre { pieces: rendered(), pause, is_subscribed: Notify::new() });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let centre = centre.clone();
        // Whoever leaves in the middle is none of its business.
        tokio::spawn(async move { drop(centre.serve(stream).await) });
    }
}
