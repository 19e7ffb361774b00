//! Handshakes as AudioHook sends them, signed or not, and with any lie in them.
//!
//! A [`Client`] is a whole session, well behaved or not.
//!
//! They are written from the vendor's documentation and share nothing with what takes handshakes in. With it, a proxy can be
//! tested that stands in front of a program: what it changes, the program refuses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Clock;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

mod client;

pub use client::{CONVERSATION, Client, NOBODY};

/// The organisation, unless another one is named.
pub const ORGANIZATION: &str = "7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e";

/// How long a signature says that it is good, unless it says otherwise.
const LASTS: TimeDelta = TimeDelta::seconds(30);

/// What is covered, unless it is something else.
const COMPONENTS: [&str; 6] = [
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
];

/// A handshake: what Genesys Cloud sends to connect, without the headers of WebSocket itself.
///
/// ```
/// use connector_genesys::testing::audiohook::Handshake;
/// let handshake = Handshake::new("/hooks/8b1f0c6e5d7a42f9/audiohook", "hooks.example.com");
/// let headers = handshake.with_key("k-1", Some("c3ludGhldGlj")).headers();
/// assert_eq!(headers["x-api-key"], "k-1");
/// assert!(headers["signature-input"].to_str().unwrap().starts_with(r#"sig1=("@request-target" "@authority" "#));
/// ```
#[derive(Clone, Debug)]
pub struct Handshake {
    target: String,
    authority: String,
    key: String,
    secret: Option<Vec<u8>>,
    organization: String,
    session: String,
    correlation: String,
    nonce: String,
    created: DateTime<Utc>,
    lasts: TimeDelta,
    components: Vec<String>,
    parameters: Option<String>,
    /// Changed after it was signed.
    changed: Vec<(HeaderName, Option<HeaderValue>)>,
}

impl Handshake {
    /// A handshake for this path and query at this host, made now, with a session and a nonce of its own. It has the key
    /// `k-1` and is not signed.
    pub fn new(path_and_query: impl Into<String>, authority: impl Into<String>) -> Self {
        Self {
            target: path_and_query.into(),
            authority: authority.into(),
            key: "k-1".to_owned(),
            secret: None,
            organization: ORGANIZATION.to_owned(),
            session: id(),
            correlation: id(),
            nonce: STANDARD.encode(std::array::from_fn::<u8, 18, _>(|_| fastrand::u8(..))),
            created: Clock::default().now(),
            lasts: LASTS,
            components: COMPONENTS.map(str::to_owned).to_vec(),
            parameters: None,
            changed: Vec::new(),
        }
    }

    /// The same handshake with this API key, signed with this client secret if there is one.
    ///
    /// # Panics
    /// When the secret is not base64.
    pub fn with_key(mut self, key: impl Into<String>, secret: Option<&str>) -> Self {
        self.key = key.into();
        self.secret = secret.map(|secret| STANDARD.decode(secret).expect("a client secret is base64"));
        self
    }

    /// The same handshake of this organisation.
    pub fn with_organization(mut self, id: impl Into<String>) -> Self {
        self.organization = id.into();
        self
    }

    /// The same handshake for this session.
    pub fn with_session(mut self, id: impl Into<String>) -> Self {
        self.session = id.into();
        self
    }

    /// The same handshake with this id for logs.
    pub fn with_correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation = id.into();
        self
    }

    /// The same handshake with this nonce. Each has one of its own.
    pub fn with_nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = nonce.into();
        self
    }

    /// The same handshake, made at this time.
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        self.created = time;
        self
    }

    /// The same handshake, good for so long by its own words. What is negative has ended before it was made.
    pub fn lasting(mut self, time: TimeDelta) -> Self {
        self.lasts = time;
        self
    }

    /// The same handshake, covering these components: `@request-target`, `@authority`, and headers.
    pub fn covering(mut self, components: &[&str]) -> Self {
        self.components = components.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// The same handshake with these parameters of the signature, written out, such as `keyid="k-1";created=1790000000`.
    /// They are signed as they stand there.
    pub fn with_parameters(mut self, parameters: impl Into<String>) -> Self {
        self.parameters = Some(parameters.into());
        self
    }

    /// The same handshake with another value of a header, after it was signed.
    ///
    /// # Panics
    /// When no header has such a name or value.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.changed.push((name_of(name), Some(value_of(value))));
        self
    }

    /// The same handshake without a header, after it was signed.
    ///
    /// # Panics
    /// When no header has such a name.
    pub fn without_header(mut self, name: &str) -> Self {
        self.changed.push((name_of(name), None));
        self
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The id of its organisation.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The id of its session.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Its headers, `Host` among them.
    ///
    /// # Panics
    /// When no header has such a value as one that was given.
    pub fn headers(&self) -> HeaderMap {
        let mut headers: HeaderMap = self.plain().into_iter().map(|(name, value)| (name, value_of(value))).collect();
        if let Some(secret) = &self.secret {
            let input = self.input();
            let signature = sign(secret, &self.base(&input));
            headers.insert("signature-input", value_of(&format!("sig1={input}")));
            headers.insert("signature", value_of(&format!("sig1=:{signature}:")));
        }
        for (name, value) in &self.changed {
            match value {
                Some(value) => drop(headers.insert(name, value.clone())),
                None => drop(headers.remove(name)),
            }
        }
        headers
    }

    fn plain(&self) -> [(HeaderName, &str); 5] {
        [
            (header::HOST, &self.authority),
            (HeaderName::from_static("audiohook-organization-id"), &self.organization),
            (HeaderName::from_static("audiohook-session-id"), &self.session),
            (HeaderName::from_static("audiohook-correlation-id"), &self.correlation),
            (HeaderName::from_static("x-api-key"), &self.key),
        ]
    }

    /// What is covered, and what the signature says of itself.
    fn input(&self) -> String {
        let components: Vec<_> = self.components.iter().map(|name| format!("\"{name}\"")).collect();
        let parameters = self.parameters.clone().unwrap_or_else(|| {
            let (created, expires) = (self.created.timestamp(), (self.created + self.lasts).timestamp());
            format!(
                "keyid=\"{}\";nonce=\"{}\";alg=\"hmac-sha256\";created={created};expires={expires}",
                self.key, self.nonce
            )
        });
        format!("({});{parameters}", components.join(" "))
    }

    /// A component of which nothing is known has an empty value.
    fn base(&self, input: &str) -> String {
        let known = self.plain();
        let value = |name: &str| match name {
            "@request-target" => self.target.as_str(),
            "@authority" => self.authority.as_str(),
            name => known.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value),
        };
        let lines: Vec<_> = self.components.iter().map(|name| format!("\"{name}\": {}\n", value(name))).collect();
        format!("{}\"@signature-params\": {input}", lines.concat())
    }
}

/// The signature of a text, as it stands between the colons: for what a [`Handshake`] does not do.
///
/// ```
/// use connector_genesys::testing::audiohook::sign;
/// assert_eq!(sign(b"Jefe", "what do ya want for nothing?"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
/// ```
pub fn sign(secret: &[u8], base: &str) -> String {
    let key = if secret.len() > 64 { Sha256::digest(secret).to_vec() } else { secret.to_vec() };
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::digest([&pad(0x36)[..], base.as_bytes()].concat());
    STANDARD.encode(Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()))
}

/// A random UUID.
fn id() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{bits:032x}");
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

fn name_of(name: &str) -> HeaderName {
    name.parse().expect("it is the name of a header")
}

fn value_of(value: &str) -> HeaderValue {
    value.parse().expect("it is the value of a header")
}
