//! Who may send the sound of calls, where to, and how much of it is held.

use std::time::Duration;

use connector_core::{Context, Error, Result};
use http::uri::Authority;
use serde::{Deserialize, Serialize};

use super::keys::AudioKey;

/// How many keys are good at once: the old one and the new one.
const MOST_KEYS: usize = 2;

/// Bytes held of one session: a minute of stereo in µ-law.
const SESSION_MEMORY: usize = 1 << 20;

/// Bytes held of all sessions.
const MEMORY: usize = 64 << 20;

/// Sessions at a time.
const SESSIONS: usize = 2_000;

/// Four of the pings that the vendor sends every five seconds. That it always does is not documented.
const SILENCE: Duration = Duration::from_secs(20);

/// What stands behind the route in the address that Genesys Cloud connects to.
pub const DOOR: &str = "audiohook";

/// The order of the two bytes of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// The low byte first.
    Little,
    /// The high byte first.
    Big,
}

/// How Genesys Cloud sends the sound of calls, by its integration *AudioHook Monitor*: who may connect, and how much is
/// held.
///
/// ```
/// use connector_core::Secret;
/// use connector_genesys::{AudioKey, AudioOptions};
/// let key = |name: &str| AudioKey::new(Secret::environment(name), Secret::environment(format!("{name}_SECRET")));
/// let audio = AudioOptions::new(key("AUDIOHOOK")).with_route("8b1f0c6e5d7a42f9");
/// // While the integration is given another key, both are good.
/// let audio = audio.with_key(key("AUDIOHOOK_NEW"));
/// assert_eq!((audio.keys.len(), audio.sessions), (2, 2_000));
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AudioOptions {
    /// The part of the address that stands for this organisation: 1 to 128 letters, digits, `-` and `_`, not to be guessed.
    /// [`route_of`](connector_core::inbound::route_of) makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The keys that are good: one, or two while one takes the place of the other. Read anew for each connection.
    pub keys: Vec<AudioKey>,
    /// Whether who does not sign is let in with a key that has no client secret. Who knows the address and the key can then
    /// send any sound. With a key that has a secret, nobody is let in who does not sign.
    #[serde(default)]
    pub allow_unsigned: bool,
    /// The host, and the port unless it is 443, that Genesys Cloud connects to: for a proxy in front that sends on another
    /// `Host`. It is signed, so it has to be known. That the vendor signs what it connects to, and nothing else, is what its
    /// samples show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_authority: Option<String>,
    /// What a proxy in front has cut off the beginning of the path, such as `/genesys`. It is signed as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_prefix: Option<String>,
    /// The order of bytes in samples of 16 bits (L16). The vendor documents none: without it, they are never asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l16: Option<ByteOrder>,
    /// Bytes of sound held of one session.
    #[serde(default = "session_memory")]
    pub session_memory: usize,
    /// Bytes of sound held of all sessions of this source.
    #[serde(default = "memory")]
    pub memory: usize,
    /// The most sessions at a time.
    #[serde(default = "sessions")]
    pub sessions: usize,
    /// A session of which nothing is heard for so long is over.
    #[serde(default = "silence", with = "connector_core::length")]
    pub silence: Duration,
}

fn session_memory() -> usize {
    SESSION_MEMORY
}

fn memory() -> usize {
    MEMORY
}

fn sessions() -> usize {
    SESSIONS
}

fn silence() -> Duration {
    SILENCE
}

impl AudioOptions {
    /// The usual options, with this key.
    pub fn new(key: AudioKey) -> Self {
        Self {
            route: None,
            keys: vec![key],
            allow_unsigned: false,
            public_authority: None,
            public_prefix: None,
            l16: None,
            session_memory: session_memory(),
            memory: memory(),
            sessions: sessions(),
            silence: silence(),
        }
    }

    /// The same options, at this route.
    pub fn with_route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// The same options, where this key is good as well.
    pub fn with_key(mut self, key: AudioKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The same options, where keys without a client secret are good, or not.
    pub fn with_allow_unsigned(mut self, allowed: bool) -> Self {
        self.allow_unsigned = allowed;
        self
    }

    /// The same options, where the vendor connects to this host, and port.
    pub fn with_public_authority(mut self, authority: impl Into<String>) -> Self {
        self.public_authority = Some(authority.into());
        self
    }

    /// The same options, where a proxy cuts this off the path.
    pub fn with_public_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.public_prefix = Some(prefix.into());
        self
    }

    /// The same options, where samples of 16 bits are taken, in this order of bytes.
    pub fn with_l16(mut self, order: ByteOrder) -> Self {
        self.l16 = Some(order);
        self
    }

    /// The same options, holding so many bytes of one session, and of all.
    pub fn with_memory(mut self, of_session: usize, of_all: usize) -> Self {
        (self.session_memory, self.memory) = (of_session, of_all);
        self
    }

    /// The same options, with so many sessions at a time.
    pub fn with_sessions(mut self, sessions: usize) -> Self {
        self.sessions = sessions;
        self
    }

    /// The same options, giving a session up after so much silence.
    pub fn with_silence(mut self, longest: Duration) -> Self {
        self.silence = longest;
        self
    }

    /// The address for the integration, below that of the hub as the vendor sees it, such as
    /// `https://hooks.example.com/hooks`. `None` without a route.
    ///
    /// ```
    /// # use connector_core::Secret;
    /// # use connector_genesys::{AudioKey, AudioOptions};
    /// # let audio = AudioOptions::new(AudioKey::unsigned(Secret::literal("k")));
    /// let audio = audio.with_route("8b1f0c6e5d7a42f9");
    /// let url = audio.url("https://hooks.example.com/hooks");
    /// assert_eq!(url.as_deref(), Some("wss://hooks.example.com/hooks/8b1f0c6e5d7a42f9/audiohook"));
    /// ```
    pub fn url(&self, base: &str) -> Option<String> {
        let (scheme, rest) = match base.split_once("://") {
            Some(("http" | "ws", rest)) => ("ws", rest),
            Some((_, rest)) => ("wss", rest),
            None => ("wss", base),
        };
        Some(format!("{scheme}://{}/{}/{DOOR}", rest.trim_end_matches('/'), self.route.as_deref()?))
    }

    /// Whether the options make sense. What stands elsewhere than in them is not looked at.
    pub(crate) fn validate(&self) -> Result<()> {
        let wrong = |what: String, advice: &str| Err(Error::config(what).advise(advice));
        if self.keys.is_empty() || self.keys.len() > MOST_KEYS {
            let advice = "give one key, or the old and the new one while it changes";
            return wrong(format!("audio has {} keys", self.keys.len()), advice);
        }
        self.keys.iter().try_for_each(AudioKey::validate)?;
        if !self.allow_unsigned && self.keys.iter().any(|key| key.secret.is_none()) {
            let advice = "give the client secret of the integration; without one, who knows the key can send any sound, \
                          which allow_unsigned = true accepts";
            return wrong("a key of audio has no secret".to_owned(), advice);
        }
        if self.public_authority.as_deref().is_some_and(|host| !is_authority(host)) {
            return wrong("audio.public_authority is no host".to_owned(), "write it like hooks.example.com");
        }
        if self.public_prefix.as_deref().is_some_and(|prefix| !is_prefix(prefix)) {
            return wrong("audio.public_prefix is no beginning of a path".to_owned(), "write it like /genesys");
        }
        if self.session_memory == 0 || self.memory < self.session_memory {
            let advice = "session_memory is that of one session, memory that of all: 1 MiB and 64 MiB are usual";
            return wrong("audio.memory holds no session".to_owned(), advice);
        }
        if self.sessions == 0 || self.silence.is_zero() {
            return wrong("audio.sessions or audio.silence is 0".to_owned(), "2000 sessions and 20 s are usual");
        }
        Ok(())
    }

    /// Whether all keys can be read, and are what they have to be.
    ///
    /// # Errors
    /// Those of the first key that cannot be used.
    pub(crate) async fn check(&self, cx: &Context) -> Result<()> {
        for key in &self.keys {
            key.resolve(cx).await.map_err(|error| error.of(cx.origin()))?;
        }
        Ok(())
    }
}

fn is_authority(text: &str) -> bool {
    text.parse::<Authority>().is_ok_and(|authority| !authority.as_str().contains('@'))
}

fn is_prefix(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    text.len() > 1 && text.starts_with('/') && !text.ends_with('/') && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests;
