//! What a Studio script tells: that a call ended. The payload is our own contract, and only a hint.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::inbound::{Admit, Held, Receiver, Registration, busy, refused, secret_is_one_of};
use connector_core::{Context, Error, Origin, Result, Secret};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::hints::{Heard, Hint, Inbox};
use crate::wire::studio::Pushed;

/// The header that a script sends its key in.
const HEADER: &str = "X-Ingest-Token";

/// The most that a script sends: a handful of ids.
const MOST_BYTES: usize = 16 << 10;

/// How long a request is answered within. A script waits up to 90 s.
const WITHIN: Duration = Duration::from_secs(60);

/// How many keys are good at once: the old one and the new one.
const MOST_KEYS: usize = 2;

/// The longest id of a contact that is taken.
const LONGEST_ID: usize = 40;

/// What stands behind the route in the address that a script calls.
pub const DOOR: &str = "ended";

/// How a Studio script says that a call ended: where it calls, and how it proves who it is.
///
/// The script uses the vendor's REST API action, which is documented at
/// <https://help.nice-incontact.com/content/studio/actionscx/rest_api/rest_api.htm>.
///
/// ```
/// use connector_core::Secret;
/// use connector_nice::PushOptions;
/// let push = PushOptions::new(Secret::environment("STUDIO_KEY")).with_route("8b1f0c6e5d7a42f9");
/// // While the script is given another key, both are good.
/// let push = push.with_key(Secret::file("/run/secrets/studio-key-new"));
/// assert_eq!((push.header.as_str(), push.keys.len()), ("X-Ingest-Token", 2));
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PushOptions {
    /// The part of the address that stands for this tenant: 1 to 128 letters, digits, `-` and `_`, not to be guessed.
    /// [`route_of`](connector_core::inbound::route_of) makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The header with the key.
    #[serde(default = "header")]
    pub header: String,
    /// The keys that are good: one, or two while one takes the place of the other. Read anew for each request.
    pub keys: Vec<Secret>,
}

fn header() -> String {
    HEADER.to_owned()
}

impl PushOptions {
    /// With this key, in the header `X-Ingest-Token`.
    pub fn new(key: Secret) -> Self {
        Self { route: None, header: header(), keys: vec![key] }
    }

    /// The same options, at this route.
    pub fn with_route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// The same options, with the key in another header.
    pub fn with_header(mut self, name: impl Into<String>) -> Self {
        self.header = name.into();
        self
    }

    /// The same options, where this key is good as well.
    pub fn with_key(mut self, key: Secret) -> Self {
        self.keys.push(key);
        self
    }

    /// Whether the options make sense.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.keys.is_empty() || self.keys.len() > MOST_KEYS {
            let advice = "give one key, or the old and the new one while it changes";
            return Err(Error::config(format!("push has {} keys", self.keys.len())).advise(advice));
        }
        self.name().map(drop)
    }

    fn name(&self) -> Result<HeaderName> {
        let wrong = |_| Error::config(format!("push.header {:?} is no name of a header", self.header));
        HeaderName::try_from(&self.header).map_err(|error| wrong(error).advise("write it like X-Ingest-Token"))
    }

    /// The address for scripts, below that of the hub.
    pub(crate) fn url(&self, base: &str) -> Option<String> {
        Some(format!("{}/{}/{DOOR}", base.trim_end_matches('/'), self.route.as_deref()?))
    }
}

/// Lets scripts call, where there are options for it and a hub to be called at.
pub(crate) fn open(
    options: Option<&PushOptions>,
    media_types: &[u32],
    cx: &Context,
    inbox: &Arc<Inbox>,
) -> Result<Option<Registration>> {
    let (Some(options), Some(hub)) = (options, cx.inbound()) else { return Ok(None) };
    let Some(route) = &options.route else {
        let error = Error::config("push has no route, so nobody can call it");
        return Err(error.of(cx.origin()).advise("give it a text of letters and digits that nobody guesses"));
    };
    let receiver = Script {
        cx: cx.clone(),
        header: options.name()?,
        keys: options.keys.clone(),
        media_types: media_types.to_vec(),
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
        let kind = pushed.media_type_id;
        let counts = self.media_types.is_empty()
            || kind.is_none_or(|kind| self.media_types.iter().any(|wanted| i64::from(*wanted) == kind));
        let contact = pushed.contact_id.or(pushed.master_contact_id)?;
        let is_id = contact.len() <= LONGEST_ID && contact.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_id.then_some(if counts { Told::Contact(contact) } else { Told::OtherKind })
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
