use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use connector_core::inbound::{Admit, HubOptions, Receiver, Registration, Upgrade};
use connector_core::socket::{Connection, Message, Socket};
use connector_core::{Origin, Secret};
use futures_util::FutureExt;
use http::request::Parts;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::TlsFiles;

/// Nothing here takes nearly as long.
const LONGEST: Duration = Duration::from_secs(30);

/// Answers with the length of the body, once it may.
#[derive(Debug, Default)]
struct Waits {
    origin: Origin,
    began: Arc<AtomicUsize>,
    may: Arc<Notify>,
    waits: bool,
}

impl Receiver for Waits {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn admit<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async { Ok(Admit::new(1 << 20)) }.boxed()
    }

    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let (began, may, waits) = (self.began.clone(), self.may.clone(), self.waits);
        async move {
            began.fetch_add(1, Ordering::SeqCst);
            if waits {
                may.notified().await;
            }
            Response::new(format!("{} bytes", request.body().len()).into())
        }
        .boxed()
    }
}

fn settings(tls: Option<TlsFiles>) -> ListenSettings {
    let (address, route_key) = ("127.0.0.1:0".parse().unwrap(), Secret::literal("a key"));
    ListenSettings { address, tls, route_key, public_url: None }
}

fn well() -> Health {
    Arc::new(|| async { true }.boxed())
}

/// A listener with one receiver at `/hooks/r-1/`.
async fn open(receiver: Waits) -> (Listener, Registration) {
    let hub = Hub::new(HubOptions::default());
    let registration = hub.register("r-1", Arc::new(receiver)).unwrap();
    (Listener::open(&settings(None), &hub, well()).await.unwrap(), registration)
}

/// Sends a text and returns everything that comes back.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> String {
    let mut answer = Vec::new();
    let said = async {
        stream.write_all(text.as_bytes()).await?;
        stream.read_to_end(&mut answer).await
    };
    // A connection that is cut gives what came until then.
    let _ = timeout(LONGEST, said).await.expect("an answer in time");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(address: SocketAddr, text: &str) -> String {
    talk(TcpStream::connect(address).await.unwrap(), text).await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

fn post(body: &str) -> String {
    let length = body.len();
    format!("POST /hooks/r-1/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONGEST, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

#[tokio::test]
async fn requests_reach_the_hub_and_everything_else_is_refused_alike() {
    let (listener, _registration) = open(Waits::default()).await;
    let answer = ask(listener.address(), &post("hello")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("5 bytes"), "{answer}");
    for path in ["/", "/hooks/r-2/x", "/healthz/x"] {
        let answer = ask(listener.address(), &get(path)).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn health_is_what_the_store_says_of_itself_lately() {
    let hub = Hub::new(HubOptions::default());
    let (is_well, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let health: Health = {
        let (is_well, asked) = (is_well.clone(), asked.clone());
        Arc::new(move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let is_well = is_well.load(Ordering::SeqCst);
            async move { is_well }.boxed()
        })
    };
    let listener = Listener::open(&settings(None), &hub, health).await.unwrap();
    let address = listener.address();
    let began = Instant::now();
    for _ in 0..20 {
        assert!(ask(address, &get("/healthz")).await.starts_with("HTTP/1.1 200"));
    }
    assert!(asked.load(Ordering::SeqCst) as u64 <= 1 + began.elapsed().as_secs(), "once a second at most");
    is_well.store(false, Ordering::SeqCst);
    until("word of the trouble", async || ask(address, &get("/healthz")).await.starts_with("HTTP/1.1 503")).await;
    is_well.store(true, Ordering::SeqCst);
    until("word of its end", async || ask(address, &get("/healthz")).await.starts_with("HTTP/1.1 200")).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_well() {
    let (sender, closed) = watch::channel(false);
    let hub = Hub::new(HubOptions::default());
    let health: Health = Arc::new(|| std::future::pending().boxed());
    let door = Door { hub, tls: None, health, said: Mutex::new(None), closed };
    assert_eq!(door.health().await.status(), 503);
    drop(sender);
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_it_closes() {
    let receiver = Waits { waits: true, ..Waits::default() };
    let (began, may) = (receiver.began.clone(), receiver.may.clone());
    let (listener, _registration) = open(receiver).await;
    let address = listener.address();
    let request = tokio::spawn(async move { ask(address, &post("hello")).await });
    until("the request", async || began.load(Ordering::SeqCst) == 1).await;
    // Another connection, kept open, with nothing under way: nobody waits for it.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 512]).await.unwrap() > 0);
    let closing = tokio::spawn(listener.close(LONGEST));
    until("the end of the port", async || TcpStream::connect(address).await.is_err()).await;
    assert_eq!(timeout(LONGEST, idle.read(&mut [0; 8])).await.unwrap().unwrap(), 0, "the idle one is closed");
    assert!(!closing.is_finished() && !request.is_finished());
    may.notify_one();
    assert!(request.await.unwrap().ends_with("5 bytes"));
    timeout(LONGEST / 2, closing).await.expect("nothing is under way any more").unwrap();
}

#[tokio::test]
async fn clients_that_say_nothing_or_half_do_not_hold_it_up() {
    let (listener, _registration) = open(Waits::default()).await;
    let address = listener.address();
    let mut slow = Vec::new();
    for begins in
        ["", "POST /hooks/r-1/x HT", "POST /hooks/r-1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhalf"]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begins.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // All of them were taken, since they stand before this one.
    assert!(ask(address, &get("/healthz")).await.starts_with("HTTP/1.1 200"));
    let began = Instant::now();
    listener.close(Duration::from_millis(300)).await;
    assert!(began.elapsed() < LONGEST / 3, "{:?}", began.elapsed());
    for mut stream in slow {
        let mut rest = Vec::new();
        let _ = timeout(LONGEST, stream.read_to_end(&mut rest)).await.expect("its end");
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
}

#[tokio::test]
async fn a_request_after_the_word_to_stop_is_told_to_come_again() {
    let receiver = Waits { waits: true, ..Waits::default() };
    let (began, may) = (receiver.began.clone(), receiver.may.clone());
    let (listener, _registration) = open(receiver).await;
    let address = listener.address();
    let mut late = TcpStream::connect(address).await.unwrap();
    late.write_all(b"POST /hooks/r-1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n").await.unwrap();
    let request = tokio::spawn(async move { ask(address, &post("hello")).await });
    until("the request", async || began.load(Ordering::SeqCst) == 1).await;
    let closing = tokio::spawn(listener.close(LONGEST));
    until("the end of the port", async || TcpStream::connect(address).await.is_err()).await;
    let answer = talk(late, "\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    may.notify_one();
    request.await.unwrap();
    closing.await.unwrap();
    assert_eq!(began.load(Ordering::SeqCst), 1);
}

/// A certificate for `localhost` in two files.
struct Renewed {
    directory: TempDir,
}

impl Renewed {
    fn new() -> (Self, CertificateDer<'static>) {
        let renewed = Self { directory: tempfile::tempdir().unwrap() };
        let first = renewed.renew();
        (renewed, first)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.path("chain.pem"), key: self.path("key.pem") }
    }

    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.path("chain.pem"), cert.pem()).unwrap();
        fs::write(self.path("key.pem"), signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }
}

/// Whether somebody who trusts this certificate alone gets an answer.
async fn is_shown(address: SocketAddr, trusted: &CertificateDer<'static>) -> bool {
    match connect(address, trusted).await {
        Ok(stream) => talk(stream, &post("hello")).await.ends_with("5 bytes"),
        Err(_) => false,
    }
}

/// Connects as somebody who trusts this certificate alone.
async fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let stream = TcpStream::connect(address).await.unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let (files, first) = Renewed::new();
    let hub = Hub::new(HubOptions::default());
    let _registration = hub.register("r-1", Arc::new(Waits::default())).unwrap();
    let settings = settings(Some(files.files()));
    let listener = Listener::open_looking(&settings, &hub, well(), Duration::from_millis(10)).await.unwrap();
    let address = listener.address();
    assert!(is_shown(address, &first).await);
    let second = files.renew();
    until("the new certificate", async || is_shown(address, &second).await).await;
    assert!(!is_shown(address, &first).await);
    // Half of a renewal, rubbish and nothing at all change nothing.
    let (chain, key) = (fs::read(files.path("chain.pem")).unwrap(), fs::read(files.path("key.pem")).unwrap());
    let third = files.renew();
    until("the third", async || is_shown(address, &third).await).await;
    fs::write(files.path("chain.pem"), &chain).unwrap();
    sleep(Duration::from_millis(60)).await;
    assert!(is_shown(address, &third).await);
    fs::remove_file(files.path("key.pem")).unwrap();
    sleep(Duration::from_millis(60)).await;
    assert!(is_shown(address, &third).await);
    fs::write(files.path("key.pem"), key).unwrap();
    until("the second again", async || is_shown(address, &second).await).await;
    listener.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn trouble_with_the_certificate_is_told_once() {
    let (files, _) = Renewed::new();
    let certificates = Certificates::read(&files.files()).await.unwrap();
    assert!(!certificates.look().await.unwrap());
    fs::write(files.path("key.pem"), "rubbish").unwrap();
    let error = certificates.look().await.unwrap_err();
    assert!(error.is_config() && !error.to_string().contains("rubbish"), "{error}");
    assert!(!certificates.look().await.unwrap());
    fs::remove_file(files.path("key.pem")).unwrap();
    assert!(certificates.look().await.is_err());
    assert!(!certificates.look().await.unwrap());
    files.renew();
    assert!(certificates.look().await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_listened_with_is_told_at_the_start() {
    let hub = Hub::new(HubOptions::default());
    let (files, _) = Renewed::new();
    let taken = Listener::open(&settings(None), &hub, well()).await.unwrap();
    let address = taken.address();
    let error = Listener::open(&ListenSettings { address, ..settings(None) }, &hub, well()).await.unwrap_err();
    assert!(error.is_config() && error.to_string().contains(&address.to_string()), "{error}");
    let (other, _) = Renewed::new();
    for (certificate, key, says) in [
        (files.path("chain.pem"), other.path("key.pem"), "do not belong together"),
        (files.path("key.pem"), files.path("key.pem"), "no certificate in PEM"),
        (files.path("chain.pem"), files.path("chain.pem"), "no private key in PEM"),
        (files.path("nothing.pem"), files.path("key.pem"), "cannot be read"),
    ] {
        let wrong = settings(Some(TlsFiles { certificate, key }));
        let error = Listener::open(&wrong, &hub, well()).await.unwrap_err();
        assert!(error.is_config() && error.to_string().contains(says), "{error}");
    }
}

/// Says over a socket what it was asked, then gives back what it hears.
#[derive(Debug)]
struct Echo(Origin);

impl Receiver for Echo {
    fn origin(&self) -> &Origin {
        &self.0
    }

    fn admit<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async { Ok(Admit::new(0)) }.boxed()
    }

    fn receive(&self, mut request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let Some(upgrade) = Upgrade::of(&mut request) else { return async { busy() }.boxed() };
        let asked = format!("{} at {}", request.uri(), request.headers()["host"].to_str().unwrap());
        let (answer, socket) = upgrade.accept(1 << 10);
        tokio::spawn(async move {
            let mut socket = socket.await.unwrap();
            socket.send(Message::Text(asked)).await.unwrap();
            while let Ok(Some(message)) = socket.next().await {
                socket.send(message).await.unwrap();
            }
        });
        async { answer }.boxed()
    }
}

/// Opens a socket as a client does that does not wait for the answer: a masked message comes with the request.
async fn socket_over(mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Socket {
    let head = "GET /hooks/r-1/a%2Fb?x=%20&y HTTP/1.1\r\nHost: Audio.Example.com:8443\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(&[head.as_bytes(), b"\x82\x83\x00\x00\x00\x00abc"].concat()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(LONGEST, stream.read_u8()).await.expect("an answer in time").unwrap());
    }
    let answer = String::from_utf8(answer).unwrap().to_lowercase();
    assert!(answer.starts_with("http/1.1 101") && answer.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
    Socket::client(Connection::new(stream), 1 << 10).await
}

#[tokio::test]
async fn a_socket_is_opened_behind_the_port_and_outlives_it() {
    let (files, trusted) = Renewed::new();
    for tls in [None, Some(files.files())] {
        let (hub, with_tls) = (Hub::new(HubOptions::default()), tls.is_some());
        let _registration = hub.register("r-1", Arc::new(Echo(Origin::new("acme", "audio")))).unwrap();
        let listener = Listener::open(&settings(tls), &hub, well()).await.unwrap();
        let mut socket = match with_tls {
            true => socket_over(connect(listener.address(), &trusted).await.unwrap()).await,
            false => socket_over(TcpStream::connect(listener.address()).await.unwrap()).await,
        };
        let mut next = async || timeout(LONGEST, socket.next()).await.expect("a message in time").unwrap();
        let asked = "/hooks/r-1/a%2Fb?x=%20&y at Audio.Example.com:8443".to_owned();
        assert_eq!(next().await, Some(Message::Text(asked)), "with TLS: {with_tls}");
        assert_eq!(next().await, Some(Message::Binary("abc".into())));
        // Its receiver says when it ends: a call need not be cut because the program takes nothing new.
        let began = Instant::now();
        listener.close(LONGEST).await;
        assert!(began.elapsed() < LONGEST / 2, "nobody waits for sockets");
        socket.send(Message::Text("still here".to_owned())).await.unwrap();
        let heard = timeout(LONGEST, socket.next()).await.expect("a message in time").unwrap();
        assert_eq!(heard, Some(Message::Text("still here".to_owned())));
    }
}
