//! Requests that become WebSockets.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::socket::{Connection, Socket, accepting, asking};
use crate::{Error, Result};

/// A request for a WebSocket. Whoever accepts it answers with 101 and goes on with the connection. With the features
/// `inbound` and `sockets`.
///
/// The server has to be one on hyper that gives its connections away: `serve_connection(…).with_upgrades()`, as
/// `axum::serve` does. A socket is none of the hub's requests any more: neither its limits nor
/// [`Hub::close`](super::Hub::close) end it, and how many there may be is for the receiver to say.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use connector_core::inbound::{Admit, Hub, HubOptions, Receiver, Upgrade};
/// use connector_core::socket::{Connection, Message, Socket};
/// use connector_core::Origin;
/// use bytes::Bytes;
/// use futures_util::future::{BoxFuture, FutureExt};
/// use http::{Request, Response, StatusCode, request::Parts};
///
/// #[derive(Debug)]
/// struct Greeter(Origin);
///
/// impl Receiver for Greeter {
///     fn origin(&self) -> &Origin {
///         &self.0
///     }
///     fn admit<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
///         async { Ok(Admit::new(0)) }.boxed() // a real one looks at the credentials
///     }
///     fn receive(&self, mut request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
///         let Some(upgrade) = Upgrade::of(&mut request) else {
///             let mut answer = Response::new(Bytes::new());
///             *answer.status_mut() = StatusCode::UPGRADE_REQUIRED;
///             return async { answer }.boxed();
///         };
///         let (answer, socket) = upgrade.accept(64 << 10);
///         tokio::spawn(async move { socket.await?.send(Message::Text("hello".to_owned())).await });
///         async { answer }.boxed()
///     }
/// }
///
/// let hub = Hub::new(HubOptions::default());
/// let registration = hub.register("r-1", std::sync::Arc::new(Greeter(Origin::new("acme", "audio"))))?;
/// let (ours, theirs) = Connection::pair();
/// let mut request = Request::get(registration.path()).body(http_body_util::Empty::<Bytes>::new()).unwrap();
/// Upgrade::stand_in(&mut request, theirs);
/// assert_eq!(hub.answer(request).await.status(), 101);
/// let mut client = Socket::client(ours, 64 << 10).await;
/// assert_eq!(client.next().await?, Some(Message::Text("hello".to_owned())));
/// # Ok(()) }
/// ```
pub struct Upgrade {
    answer: HeaderMap,
    way: Way,
}

/// Which way the connection comes.
enum Way {
    Server(OnUpgrade),
    StandIn(Connection),
}

/// A connection on its way through the extensions of a request.
#[derive(Clone)]
struct StandIn(Arc<Mutex<Option<Connection>>>);

impl Upgrade {
    /// That of a request; `None` when it asks for no WebSocket, or when the server cannot give connections away.
    pub fn of<B>(request: &mut Request<B>) -> Option<Self> {
        let answer = accepting(request.headers()).filter(|_| request.method() == Method::GET)?;
        let extensions = request.extensions_mut();
        let way = match extensions.remove::<StandIn>() {
            Some(StandIn(connection)) => {
                Way::StandIn(connection.lock().unwrap_or_else(PoisonError::into_inner).take()?)
            }
            None => Way::Server(extensions.remove()?),
        };
        Some(Self { answer, way })
    }

    /// The answer 101, and the socket, which is there once the answer was sent: await it in a task of its own. Messages of
    /// more bytes than `most` are refused.
    ///
    /// # Errors
    /// Of the socket: `is_transient` when the answer could not be sent, `is_config` when the server does not give its
    /// connections away.
    pub fn accept(self, most: usize) -> (Response<Bytes>, impl Future<Output = Result<Socket>> + Send + 'static) {
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *answer.headers_mut() = self.answer;
        let socket = async move {
            let connection = match self.way {
                Way::StandIn(connection) => connection,
                Way::Server(given) => Connection::new(TokioIo::new(given.await.map_err(not_given)?)),
            };
            Ok(Socket::server(connection, most).await)
        };
        (answer, socket)
    }

    /// Makes a request one for a WebSocket over this connection, as if a server had taken it: for tests, which may pause
    /// the clock then. The socket is there at once.
    pub fn stand_in<B>(request: &mut Request<B>, connection: Connection) {
        request.headers_mut().extend(asking().0);
        request.extensions_mut().insert(StandIn(Arc::new(Mutex::new(Some(connection)))));
    }
}

fn not_given(error: hyper::Error) -> Error {
    match error.is_user() {
        true => {
            Error::config("the server does not give its connections away").advise("serve connections with_upgrades()")
        }
        false => Error::transient("the connection broke off before it was a socket"),
    }
    .caused_by(error)
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}

#[cfg(test)]
mod tests;
