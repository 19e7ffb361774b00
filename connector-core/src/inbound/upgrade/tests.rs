use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use http::request::Parts;
use http_body_util::{Empty, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;
use crate::Origin;
use crate::inbound::{Admit, Hub, HubOptions, Receiver, Registration, refused};
use crate::socket::Message;

/// Accepts sockets of whoever has the key, says as what it was asked, and gives back what it hears.
#[derive(Debug)]
struct Echo {
    origin: Origin,
    opened: mpsc::UnboundedSender<Result<()>>,
}

/// As the receiver sees a request.
fn seen(head: &Parts) -> String {
    format!("{} at {}", head.uri, head.headers["host"].to_str().unwrap())
}

impl Receiver for Echo {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        let is_right = head.headers.get("key").is_some_and(|key| key == &*seen(head));
        async move { if is_right { Ok(Admit::new(0)) } else { Err(refused()) } }.boxed()
    }

    fn receive(&self, mut request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let Some(upgrade) = Upgrade::of(&mut request) else {
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::UPGRADE_REQUIRED;
            return async { answer }.boxed();
        };
        let (answer, socket) = upgrade.accept(16);
        let (opened, seen) = (self.opened.clone(), seen(&request.into_parts().0));
        tokio::spawn(async move {
            let mut socket = match socket.await {
                Ok(socket) => socket,
                Err(error) => return opened.send(Err(error)).unwrap(),
            };
            opened.send(Ok(())).unwrap();
            socket.send(Message::Text(seen)).await.unwrap();
            while let Ok(Some(message)) = socket.next().await {
                socket.send(message).await.unwrap();
            }
        });
        async { answer }.boxed()
    }
}

type Opened = mpsc::UnboundedReceiver<Result<()>>;

fn hub() -> (Hub, Registration, Opened) {
    let hub = Hub::new(HubOptions::default());
    let (opened, socket) = mpsc::unbounded_channel();
    let registration = hub.register("r-1", Arc::new(Echo { origin: Origin::new("acme", "audio"), opened })).unwrap();
    (hub, registration, socket)
}

const PATH: &str = "/hooks/r-1/a%2Fb/?x=%20&y=/z";
const HOST: &str = "Audio.Example.com:8443";

fn request(key: &str) -> Request<Empty<Bytes>> {
    Request::get(PATH).header("host", HOST).header("key", key).body(Empty::new()).unwrap()
}

fn right() -> String {
    format!("{PATH} at {HOST}")
}

#[tokio::test(start_paused = true)]
async fn a_stand_in_is_a_socket_on_a_paused_clock() {
    let (hub, _registration, _opened) = hub();
    let (ours, theirs) = Connection::pair();
    let mut request = request(&right());
    Upgrade::stand_in(&mut request, theirs);
    let answer = hub.answer(request).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["upgrade"]), (101, &"websocket".parse().unwrap()));
    assert!(answer.headers().contains_key("sec-websocket-accept") && answer.body().is_empty());
    let mut client = Socket::client(ours, 1 << 10).await;
    assert_eq!(client.next().await.unwrap(), Some(Message::Text(right())));
    // Longer than any request may take.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    client.send(Message::Binary(vec![7; 16].into())).await.unwrap();
    assert_eq!(client.next().await.unwrap(), Some(Message::Binary(vec![7; 16].into())));
    client.send(Message::Binary(vec![7; 17].into())).await.unwrap();
    assert!(client.next().await.unwrap_err().is_transient(), "a message beyond the limit ends it");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_refused_or_late_gets_no_socket() {
    let (hub, _registration, mut opened) = hub();
    let ask = async |key: &str| {
        let (mut ours, theirs) = Connection::pair();
        let mut request = request(key);
        Upgrade::stand_in(&mut request, theirs);
        let began = Instant::now();
        let status = hub.answer(request).await.status().as_u16();
        assert_eq!(ours.read(&mut [0]).await.unwrap(), 0, "the connection is dropped");
        (status, began.elapsed())
    };
    assert_eq!(ask("wrong").await, (401, Duration::from_millis(500)));
    hub.close();
    assert_eq!(ask(&right()).await, (503, Duration::ZERO));
    assert!(opened.try_recv().is_err());
}

#[test]
fn a_request_for_anything_else_is_no_upgrade() {
    let asked = || {
        let mut request = request("");
        Upgrade::stand_in(&mut request, Connection::pair().0);
        request
    };
    assert!(Upgrade::of(&mut asked()).is_some());
    assert!(Upgrade::of(&mut request("")).is_none());
    let mut posted = asked();
    *posted.method_mut() = Method::POST;
    assert!(Upgrade::of(&mut posted).is_none());
    let mut other = asked();
    other.headers_mut().insert("upgrade", "h2c".parse().unwrap());
    assert!(Upgrade::of(&mut other).is_none());
    let mut without_server = asked();
    without_server.extensions_mut().clear();
    assert!(Upgrade::of(&mut without_server).is_none());
    let mut twice = asked();
    assert!(Upgrade::of(&mut twice).is_some() && Upgrade::of(&mut twice).is_none());
}

/// Serves one connection of the hub with hyper.
fn serve(hub: Hub, gives_away: bool) -> tokio::io::DuplexStream {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let hub = hub.clone();
        async move { Ok::<_, Infallible>(hub.answer(request).await.map(Full::new)) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
    match gives_away {
        true => tokio::spawn(connection.with_upgrades()),
        false => tokio::spawn(connection),
    };
    ours
}

/// The head of a request for a socket, as it goes over the wire.
fn head() -> String {
    let (mut text, key) = (format!("GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nKey: {}\r\n", right()), asking().1);
    text += "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    text + &format!("Sec-WebSocket-Key: {key}\r\n\r\n")
}

/// Reads the head of the answer.
async fn answer(stream: &mut tokio::io::DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_server_gives_the_connection_away_with_what_came_behind_the_request() {
    let (hub, _registration, mut opened) = hub();
    let mut stream = serve(hub, true);
    // The client does not wait for the answer: a masked frame of three bytes follows in the same packet.
    let mut sent = head().into_bytes();
    sent.extend_from_slice(b"\x82\x83\x00\x00\x00\x00abc");
    stream.write_all(&sent).await.unwrap();
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 101") && !answer.contains("content-length"), "{answer}");
    assert!(opened.recv().await.unwrap().is_ok());
    let mut client = Socket::client(Connection::new(stream), 1 << 10).await;
    assert_eq!(client.next().await.unwrap(), Some(Message::Text(right())), "path, query and host as they were sent");
    assert_eq!(client.next().await.unwrap(), Some(Message::Binary("abc".into())));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_its_connections_is_told_of() {
    let (hub, _registration, mut opened) = hub();
    let mut stream = serve(hub, false);
    stream.write_all(head().as_bytes()).await.unwrap();
    let error = opened.recv().await.unwrap().unwrap_err();
    assert!(error.is_config() && error.advice().unwrap_or_default().contains("with_upgrades"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_never_sent_opens_nothing() {
    let (stop, stopped) = mpsc::unbounded_channel::<Upgrade>();
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        stop.send(Upgrade::of(&mut request).unwrap()).unwrap();
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let (mut ours, theirs) = tokio::io::duplex(1 << 10);
    let serving = tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(theirs), service).with_upgrades());
    ours.write_all(head().as_bytes()).await.unwrap();
    let mut stopped = stopped;
    let (_, socket) = stopped.recv().await.unwrap().accept(1 << 10);
    serving.abort();
    assert!(socket.await.unwrap_err().is_transient());
}
