//! Where the vendor connects by WebSocket: whoever is let in gets a task that talks with them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use connector_core::inbound::{Admit, Receiver, Registration, Upgrade, busy, refused};
use connector_core::{Context, Error, Origin, Result};
use futures_util::future::{BoxFuture, FutureExt};
use http::request::Parts;
use http::{Method, Request, Response};
use tokio::time::timeout;

use super::connection::{MOST_BYTES, Talk};
use super::door::{Door, Handshake};
use super::lobby::Lobby;
use super::options::AudioOptions;
use super::session::Rules;

/// The longest silence that means anything.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// Where the vendor connects, and what all sessions share.
#[derive(Debug)]
pub(crate) struct Entrance {
    lobby: Arc<Lobby>,
    /// Without a hub there is none.
    registration: Option<Registration>,
}

impl Entrance {
    /// Lets the vendor connect, where there is a hub to connect to.
    ///
    /// # Errors
    /// `is_config` without a route, and where another source has it.
    pub(crate) fn open(options: &AudioOptions, cx: &Context) -> Result<Self> {
        let lobby = Arc::new(Lobby::new(options));
        let Some(hub) = cx.inbound() else { return Ok(Self { lobby, registration: None }) };
        let Some(route) = &options.route else {
            let error = Error::config("audio has no route, so nobody can connect");
            return Err(error.of(cx.origin()).advise("give it a text of letters and digits that nobody guesses"));
        };
        let door = Door::new(options, cx);
        let receiver = Ear { cx: cx.clone(), door, options: options.clone(), lobby: lobby.clone() };
        let registration = Some(hub.register(route, Arc::new(receiver))?);
        Ok(Self { lobby, registration })
    }

    /// Where sessions wait.
    ///
    /// # Errors
    /// `is_config` where nobody can connect.
    pub(crate) fn lobby(&self) -> Result<&Lobby> {
        let nobody = || {
            let advice = "let the program listen, and give its hub to the context";
            Error::config("there is no hub that the sound of calls could come by").advise(advice)
        };
        self.registration.as_ref().map(|_| &*self.lobby).ok_or_else(nobody)
    }

    /// Lets nobody connect any more, and says goodbye to those who are there.
    pub(crate) async fn close(&self) {
        self.lobby.close().await;
    }

    /// How many sessions brought one of customer and agent alone.
    pub(crate) fn one_sided(&self) -> u64 {
        self.lobby.one_sided()
    }
}

/// Hears whoever is let in.
struct Ear {
    cx: Context,
    door: Door,
    options: AudioOptions,
    lobby: Arc<Lobby>,
}

impl Ear {
    /// What a session of this handshake is to keep to.
    fn rules(&self, handshake: &Handshake) -> Rules {
        Rules {
            organization: handshake.organization.clone(),
            session: handshake.session.clone(),
            l16: self.options.l16,
            silence: TimeDelta::from_std(self.options.silence).map_or(LONGEST, |silence| silence.min(LONGEST)),
            keeps_raw: self.cx.raw().keeps_conversations(),
        }
    }

    /// The answer to whoever was let in, and the task that talks with them. `None` where there is no room, or nobody to
    /// listen.
    fn take(&self, mut request: Request<Bytes>) -> Option<Response<Bytes>> {
        let handshake = Handshake::of(request.headers())?;
        let entered = self.lobby.enter()?;
        let (answer, socket) = Upgrade::of(&mut request)?.accept(MOST_BYTES);
        let (cx, lobby, rules) = (self.cx.clone(), self.lobby.clone(), self.rules(&handshake));
        let within = self.options.silence;
        tokio::spawn(async move {
            match timeout(within, socket).await {
                Ok(Ok(socket)) => Talk::new(&cx, &lobby, rules, handshake.correlation, entered).over(socket).await,
                Ok(Err(error)) => tracing::warn!(origin = %cx.origin(), %error, "a connection for sound did not open"),
                Err(_) => tracing::warn!(origin = %cx.origin(), "a connection for sound did not open in time"),
            }
        });
        Some(answer)
    }
}

impl Receiver for Ear {
    fn origin(&self) -> &Origin {
        self.cx.origin()
    }

    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async move {
            let asks = head.method == Method::GET && connector_core::socket::accepting(&head.headers).is_some();
            if !asks {
                return Err(refused());
            }
            let nonce = self.door.check(head).await.map_err(|_| refused())?;
            // Whoever finds no room may come again as they are: their nonce is not used up.
            if !self.lobby.has_room() {
                tracing::warn!(origin = %self.cx.origin(), lobby = ?self.lobby, "a connection for sound finds nobody");
                return Err(Box::new(busy()));
            }
            self.door.enter(nonce).map_err(|_| refused())?;
            Ok(Admit::new(0))
        }
        .boxed()
    }

    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let answer = self.take(request).unwrap_or_else(busy);
        async { answer }.boxed()
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ear({})", self.cx.origin())
    }
}
