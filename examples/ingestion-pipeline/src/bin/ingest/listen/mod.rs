//! The one place where the program opens a port: the hub of the sources, and `/healthz`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::inbound::{Hub, busy};
use connector_core::{Error, Result};
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info, warn};

use crate::config::ListenSettings;

mod tls;

use tls::Certificates;

/// Connections at a time; more wait in the operating system. Those that became WebSockets do not count.
const CONNECTIONS: usize = 1024;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and a connection be idle: longer than load balancers keep one.
const IDLE: Duration = Duration::from_secs(75);
/// How long requests under way may take once the program is to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// How often it is looked whether the certificate has changed.
const LOOK: Duration = Duration::from_secs(30);
/// How long what the store said of itself is good.
const HEALTH: Duration = Duration::from_secs(1);
/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the store answers.
pub(crate) type Health = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// An open port. Dropping it cuts every connection; one that became a WebSocket is its receiver's.
#[derive(Debug)]
pub(crate) struct Listener {
    hub: Hub,
    address: SocketAddr,
    closing: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Listener {
    /// Opens the port.
    ///
    /// # Errors
    /// `is_config` when the certificate cannot be used or the address cannot be had.
    pub(crate) async fn open(settings: &ListenSettings, hub: &Hub, health: Health) -> Result<Self> {
        Self::open_looking(settings, hub, health, LOOK).await
    }

    async fn open_looking(settings: &ListenSettings, hub: &Hub, health: Health, look: Duration) -> Result<Self> {
        let mut tasks = JoinSet::new();
        let tls = match &settings.tls {
            Some(files) => {
                let certificates = Arc::new(Certificates::read(files).await?);
                tasks.spawn(certificates.clone().follow(look));
                Some(TlsAcceptor::from(certificates.config()?))
            }
            None => None,
        };
        let unusable = |error: std::io::Error| {
            Error::config(format!("cannot listen at {}: {error}", settings.address)).advise("see address in [listen]")
        };
        let listener = TcpListener::bind(settings.address).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let (closing, closed) = watch::channel(false);
        let said = Mutex::new(None);
        let door = Arc::new(Door { hub: hub.clone(), tls, health, said, closed: closed.clone() });
        let accepting = accept(listener, door, closed);
        tasks.spawn(accepting);
        info!("listening at {address}{}", if settings.tls.is_some() { " with TLS" } else { "" });
        Ok(Self { hub: hub.clone(), address, closing, tasks })
    }

    /// Where it listens.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes nothing new, and waits for what is under way, no longer than this.
    pub(crate) async fn close(mut self, within: Duration) {
        self.hub.close();
        self.closing.send_replace(true);
        // Nobody holds the other end any more once the last connection is over.
        let drained = async { self.closing.closed().await };
        if timeout(within, drained).await.is_err() {
            warn!("{}: requests under way are cut off", self.address);
        }
        self.tasks.shutdown().await;
    }
}

/// Takes connections until it is told to close, then waits for those that are open.
async fn accept(listener: TcpListener, door: Arc<Door>, mut closed: watch::Receiver<bool>) {
    let (places, mut connections) = (Arc::new(Semaphore::new(CONNECTIONS)), JoinSet::new());
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = told(&mut closed) => break,
            Some(_) = connections.join_next() => {}
            (place, accepted) = next => match (place, accepted) {
                (Ok(place), Ok((stream, _))) => drop(connections.spawn(door.clone().connection(stream, place))),
                (_, Err(error)) => {
                    // Too many open files, for one: it passes.
                    warn!("a connection could not be taken: {error}");
                    sleep(Duration::from_millis(200)).await;
                }
                (Err(_), _) => break,
            },
        }
    }
    drop((listener, closed));
    while connections.join_next().await.is_some() {}
}

/// Ready once the program is to stop.
async fn told(closed: &mut watch::Receiver<bool>) {
    let _ = closed.wait_for(|is_closed| *is_closed).await;
}

/// What every connection shares.
struct Door {
    hub: Hub,
    tls: Option<TlsAcceptor>,
    health: Health,
    /// What the store last said, and when.
    said: Mutex<Option<(Instant, bool)>>,
    closed: watch::Receiver<bool>,
}

impl Door {
    async fn connection(self: Arc<Self>, stream: TcpStream, _place: OwnedSemaphorePermit) {
        // Answers and messages are written whole: none waits to be sent together with the next.
        if let Err(error) = stream.set_nodelay(true) {
            debug!("a connection keeps small packets back: {error}");
        }
        let Some(tls) = &self.tls else { return self.speak(stream).await };
        let mut closed = self.closed.clone();
        let hands = tokio::select! {
            () = told(&mut closed) => return,
            hands = timeout(HANDSHAKE, tls.accept(stream)) => hands,
        };
        match hands {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => debug!("no TLS with somebody who called: {error}"),
            Err(_) => debug!("somebody who called took too long to begin TLS"),
        }
    }

    /// Answers the requests of one connection, until it ends or the program is to stop.
    async fn speak(self: &Arc<Self>, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let answer = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request).await.map(Full::new)) });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(IDLE);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer).with_upgrades());
        let mut closed = self.closed.clone();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told(&mut closed) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!("a connection broke off: {error}");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        match request.uri().path() {
            "/healthz" => self.health().await,
            _ => self.hub.answer(request).await,
        }
    }

    /// Whether it makes sense to send requests here. The store is asked once a second at most.
    async fn health(&self) -> Response<Bytes> {
        if *self.closed.borrow() {
            return busy();
        }
        let mut said = self.said.lock().await;
        let is_well = match *said {
            Some((at, is_well)) if at.elapsed() < HEALTH => is_well,
            _ => {
                let is_well = timeout(PATIENCE, (self.health)()).await.unwrap_or(false);
                *said = Some((Instant::now(), is_well));
                is_well
            }
        };
        let (status, words) = match is_well {
            true => (StatusCode::OK, "ok\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
        };
        let mut response = Response::new(Bytes::from_static(words.as_bytes()));
        *response.status_mut() = status;
        response
    }
}

#[cfg(test)]
mod tests;
