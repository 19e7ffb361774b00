//! Who may connect: a handshake is signed with a secret of ours, fresh, and comes once.

mod nonces;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::inbound::secret_eq;
use connector_core::{Context, Error};
use futures_util::future::join_all;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use tracing::field::display;

use self::nonces::{Nonce, Nonces};
use super::keys::Resolved;
use super::options::AudioOptions;
use super::refused::Refused;
use super::signature::{Parameters, Signature, Subject};

/// The header with the API key.
const KEY: &str = "x-api-key";

/// The header with the id of the organisation.
const ORGANIZATION: &str = "audiohook-organization-id";

/// The header with the id of the session.
const SESSION: &str = "audiohook-session-id";

/// The header with an id for logs.
const CORRELATION: &str = "audiohook-correlation-id";

/// How far the vendor's clock and ours may be apart: as in the vendor's own verifier.
const SKEW: TimeDelta = TimeDelta::seconds(3);

/// How long a signature is good after it was made, with the skew: as in the vendor's own verifier. So it is taken from
/// three seconds before its time until seven after.
const LIFETIME: TimeDelta = TimeDelta::seconds(10);

/// The port that is left out of what is signed: that of `wss`.
const USUAL_PORT: &str = ":443";

/// The secret that a key without one is tried with, for the sake of the time it takes. Nothing comes of it.
const NO_SECRET: &[u8] = &[0];

/// Lets in who may send the sound of calls.
pub(crate) struct Door {
    cx: Context,
    options: AudioOptions,
    nonces: Mutex<Nonces>,
    /// How many signatures were computed.
    #[cfg(test)]
    computed: std::sync::atomic::AtomicUsize,
}

/// What a handshake says of itself. The ids are UUIDs in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// The organisation that it says it is of. Its first message has to say the same.
    pub(crate) organization: String,
    /// What all of its messages are of.
    pub(crate) session: String,
    /// For logs: the vendor's support asks for it.
    pub(crate) correlation: String,
}

impl Handshake {
    /// That of these headers, whoever sent them.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let id = |name| uuid(single(headers, name)?);
        let (organization, session, correlation) = (id(ORGANIZATION)?, id(SESSION)?, id(CORRELATION)?);
        Some(Self { organization, session, correlation })
    }
}

impl Door {
    /// With these options, which are valid.
    pub(crate) fn new(options: &AudioOptions, cx: &Context) -> Self {
        Self {
            cx: cx.clone(),
            options: options.clone(),
            nonces: Mutex::default(),
            #[cfg(test)]
            computed: 0.into(),
        }
    }

    /// Whether whoever asks with this head may come in, by the nonce that lets them [`enter`](Self::enter); `None` where
    /// they need not sign. Says in the log why not. A key that cannot be read opens nothing.
    pub(crate) async fn check(&self, head: &Parts) -> Result<Option<Nonce>, Refused> {
        // The clock of the moment at which it came: secrets may take a while.
        let now = self.cx.clock().now();
        let keys = join_all(self.options.keys.iter().map(|key| key.resolve(&self.cx))).await;
        let (keys, unread): (Vec<_>, Vec<_>) = keys.into_iter().partition(Result::is_ok);
        let keys: Vec<_> = keys.into_iter().flatten().collect();
        let unread = unread.into_iter().find_map(Result::err);
        let judged = self.judge(head, &keys, now);
        self.tell(judged.as_ref().err(), unread.as_ref());
        judged
    }

    /// Lets them in, unless they were here before.
    pub(crate) fn enter(&self, nonce: Option<Nonce>) -> Result<(), Refused> {
        let Some(nonce) = nonce else { return Ok(()) };
        let now = self.cx.clock().now();
        let taken = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).take(nonce, now);
        self.tell(taken.as_ref().err(), None);
        taken
    }

    fn judge(&self, head: &Parts, keys: &[Resolved], now: DateTime<Utc>) -> Result<Option<Nonce>, Refused> {
        let key = single(&head.headers, KEY).ok_or(Refused::NoKey)?.as_bytes();
        Handshake::of(&head.headers).ok_or(Refused::Ids)?;
        match Signature::of(&head.headers)? {
            Some(signature) => self.verify(&signature, head, key, keys, now).map(Some),
            None => self.unsigned(key, keys).map(|()| None),
        }
    }

    fn verify(
        &self,
        signature: &Signature,
        head: &Parts,
        key: &[u8],
        keys: &[Resolved],
        now: DateTime<Utc>,
    ) -> Result<Nonce, Refused> {
        let parameters = signature.parameters();
        if parameters.key.as_bytes() != key {
            return Err(Refused::OtherKey);
        }
        is_of_now(parameters, now)?;
        let (target, authority) = (self.target(head), self.authority(head).ok_or(Refused::Host)?);
        let base = signature.base(&Subject { target: &target, authority: &authority, headers: &head.headers })?;
        self.is_ours(signature, &base, key, keys)?;
        Ok(Nonce::of(key, &parameters.nonce))
    }

    /// Tries the secrets of all keys, whichever it is: how long that takes tells nobody whether a key is known.
    fn is_ours(&self, signature: &Signature, base: &[u8], key: &[u8], keys: &[Resolved]) -> Result<(), Refused> {
        let (mut is_known, mut is_good) = (false, false);
        for ours in keys {
            #[cfg(test)]
            self.computed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let secret = ours.secret.as_ref().map_or(NO_SECRET, |secret| secret.expose_secret());
            let is_it = secret_eq(key, &ours.key);
            let is_made_of = signature.is_made_of(base, secret);
            is_known |= is_it;
            is_good |= is_it & is_made_of & ours.secret.is_some();
        }
        match (is_known, is_good) {
            (_, true) => Ok(()),
            (true, false) => Err(Refused::WrongSignature),
            (false, false) => Err(Refused::UnknownKey),
        }
    }

    /// Whether somebody with this key need not sign. A key that has a secret beside one that has none has a secret.
    fn unsigned(&self, key: &[u8], keys: &[Resolved]) -> Result<(), Refused> {
        let (mut without, mut with) = (false, false);
        for ours in keys {
            let is_it = secret_eq(key, &ours.key);
            without |= is_it & ours.secret.is_none();
            with |= is_it & ours.secret.is_some();
        }
        match (without, with) {
            (true, false) if self.options.allow_unsigned => Ok(()),
            (false, false) => Err(Refused::UnknownKey),
            _ => Err(Refused::Unsigned),
        }
    }

    /// Path and query as the vendor sent them.
    fn target(&self, head: &Parts) -> String {
        let received = head.uri.path_and_query().map_or("", |target| target.as_str());
        format!("{}{received}", self.options.public_prefix.as_deref().unwrap_or_default())
    }

    /// The host that the vendor connected to, and the port where it is not the usual one.
    fn authority(&self, head: &Parts) -> Option<String> {
        let authority = match (&self.options.public_authority, head.uri.authority()) {
            (Some(public), _) => public.as_str(),
            (None, Some(asked)) => asked.as_str(),
            (None, None) => single(&head.headers, HOST.as_str())?.to_str().ok()?,
        };
        let authority = authority.trim().to_ascii_lowercase();
        Some(authority.strip_suffix(USUAL_PORT).unwrap_or(&authority).to_owned())
    }

    /// One line, at most, and nothing in it of what was sent.
    fn tell(&self, refused: Option<&Refused>, unread: Option<&Error>) {
        let (origin, unread) = (self.cx.origin(), unread.map(display));
        match refused {
            Some(reason) => tracing::warn!(%origin, %reason, unread, "a connection with sound was refused"),
            None if unread.is_some() => tracing::warn!(%origin, unread, "a key for sound cannot be read"),
            None => {}
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Door({})", self.cx.origin())
    }
}

fn is_of_now(parameters: &Parameters, now: DateTime<Utc>) -> Result<(), Refused> {
    // Seconds of at most 15 digits: in milliseconds far below the end of an i64.
    let later = (now + SKEW).timestamp_millis();
    let (created, lifetime) = (parameters.created * 1_000, LIFETIME.num_milliseconds());
    if created > later {
        return Err(Refused::Future);
    }
    if created + lifetime < later || parameters.expires.is_some_and(|expires| expires * 1_000 < later) {
        return Err(Refused::Expired);
    }
    Ok(())
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// A UUID in small letters.
fn uuid(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let is_in_place = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (text.len() == 36 && text.bytes().enumerate().all(is_in_place)).then(|| text.to_ascii_lowercase())
}

#[cfg(all(test, feature = "testing"))]
mod tests;
