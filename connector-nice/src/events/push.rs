//! What a Studio script tells: that a call ended. The payload is our own contract, and only a hint.

pub(crate) mod options;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::inbound::{Admit, Held, Receiver, Registration, busy, refused, secret_is_one_of};
use connector_core::{Context, Error, Origin, Result, Secret};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};

use super::hints::{Heard, Hint, Inbox};
use crate::config::{NiceConfig, counts};
use crate::wire::studio::Pushed;

/// The most that a script sends: a handful of ids.
const MOST_BYTES: usize = 16 << 10;

/// How long a request is answered within. A script waits up to 90 s.
const WITHIN: Duration = Duration::from_secs(60);

/// The longest id of a contact that is taken.
const LONGEST_ID: usize = 40;

/// Lets scripts call, where there are settings for it and a hub to be called at.
pub(crate) fn open(config: &NiceConfig, cx: &Context, inbox: &Arc<Inbox>) -> Result<Option<Registration>> {
    let (Some(options), Some(hub)) = (&config.push, cx.inbound()) else { return Ok(None) };
    let Some(route) = &options.route else {
        let error = Error::config("push has no route, so nobody can call it");
        return Err(error.of(cx.origin()).advise("give it a text of letters and digits that nobody guesses"));
    };
    let receiver = Script {
        cx: cx.clone(),
        header: options.name()?,
        keys: options.keys.clone(),
        media_types: config.media_types.clone(),
        inbox: inbox.clone(),
    };
    hub.register(route, Arc::new(receiver)).map(Some)
}

/// Answers the requests of scripts.
struct Script {
    cx: Context,
    header: HeaderName,
    keys: Vec<Secret>,
    media_types: Vec<u32>,
    inbox: Arc<Inbox>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.cx.origin())
    }
}

impl Script {
    /// Whether somebody with this key may come in. A key that cannot be read opens nothing.
    async fn knows(&self, given: &[u8]) -> bool {
        let keys = join_all(self.keys.iter().map(|key| self.cx.secrets().resolve(key))).await;
        let keys: Vec<_> = keys
            .into_iter()
            .filter_map(|key| {
                key.inspect_err(|error| {
                    tracing::warn!(origin = %self.cx.origin(), %error, "a key of the Studio script cannot be read");
                })
                .ok()
            })
            .collect();
        secret_is_one_of(given, &keys)
    }

    /// The id of the contact that a script tells of. `None` for what tells of none, which a repetition would not change.
    fn contact(&self, body: &[u8]) -> Option<Told> {
        let pushed: Pushed = serde_json::from_slice(body).ok()?;
        let contact = pushed.contact_id.or(pushed.master_contact_id)?;
        let is_id = contact.len() <= LONGEST_ID && contact.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_id.then(|| match counts(&self.media_types, pushed.media_type_id) {
            true => Told::Contact(contact),
            false => Told::OtherKind,
        })
    }
}

/// What a request told of.
enum Told {
    Contact(String),
    /// A chat, where only calls count.
    OtherKind,
}

impl Receiver for Script {
    fn origin(&self) -> &Origin {
        self.cx.origin()
    }

    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async move {
            let given = head.headers.get(&self.header).map_or(&b""[..], |key| key.as_bytes());
            if !self.knows(given).await {
                return Err(refused());
            }
            match head.method {
                Method::POST => Ok(Admit::new(MOST_BYTES).within(WITHIN)),
                _ => Err(Box::new(plain(StatusCode::METHOD_NOT_ALLOWED, "POST only\n"))),
            }
        }
        .boxed()
    }

    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let told = self.contact(request.body());
        let inbox = self.inbox.clone();
        async move {
            let contact = match told {
                Some(Told::Contact(contact)) => contact,
                Some(Told::OtherKind) => return plain(StatusCode::OK, ""),
                None => return plain(StatusCode::BAD_REQUEST, "send JSON with a contactId\n"),
            };
            let (hint, heard) = Hint::answered(contact, Held::of(&request));
            if !inbox.put(hint) {
                return busy();
            }
            match heard.await {
                Ok(Heard::Safe) => plain(StatusCode::OK, ""),
                Ok(Heard::NotFound) => plain(StatusCode::ACCEPTED, "not over yet, it will be asked for again\n"),
                // Refused, or the stream has ended meanwhile.
                Ok(Heard::Refused) | Err(_) => busy(),
            }
        }
        .boxed()
    }
}

fn plain(status: StatusCode, words: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(words.as_bytes()));
    *response.status_mut() = status;
    response
}
