//! The signature of a request: what it covers, what it says of itself, and the text that is signed.
//!
//! It is that of draft-ietf-httpbis-message-signatures-11, which the vendor follows, and not that of RFC 9421: there is a
//! `@request-target` of path and query. No clock and no keys are here.

mod fields;

use std::collections::BTreeSet;
use std::hint::black_box;

use connector_core::inbound::hmac_sha256;
use http::{HeaderMap, HeaderName};

use self::fields::{InnerList, Quoted, Value};
use super::refused::Refused;

/// The header with what is covered.
const INPUT: &str = "signature-input";

/// The header with the signature.
const SIGNATURE: &str = "signature";

/// The longest value of either header that is read, in bytes. The vendor's have less than 500; its limit is not known.
const LONGEST: usize = 4 << 10;

/// The shortest nonce, in letters.
const SHORTEST_NONCE: usize = 22;

/// The one algorithm.
const ALGORITHM: &str = "hmac-sha256";

/// What has to be covered.
const REQUIRED: [&str; 6] = [
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
];

/// A signature as it came. It is well formed and covers what it has to; whether it is good is yet to be seen.
pub(super) struct Signature {
    list: InnerList,
    parameters: Parameters,
    hash: Vec<u8>,
}

/// What a signature says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) key: String,
    pub(super) nonce: String,
    /// In seconds since 1970, as all times here.
    pub(super) created: i64,
    pub(super) expires: Option<i64>,
}

/// What a signature can be about.
pub(super) struct Subject<'a> {
    /// Path and query.
    pub(super) target: &'a str,
    /// Host, and the port where it is not the usual one.
    pub(super) authority: &'a str,
    pub(super) headers: &'a HeaderMap,
}

impl Signature {
    /// The signature in these headers: the first one, where there are several. `None` when there is none at all.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refused> {
        let (input, signature) = match (joined(headers, INPUT), joined(headers, SIGNATURE)) {
            (None, None) => return Ok(None),
            (Some(input), Some(signature)) => (text(input)?, text(signature)?),
            _ => return Err(Refused::HalfSigned),
        };
        let lists = fields::inner_lists(&input).ok_or(Refused::Unreadable)?;
        let mut hashes = fields::byte_sequences(&signature).ok_or(Refused::Unreadable)?;
        let (label, list) = lists.into_iter().next().ok_or(Refused::Unreadable)?;
        let at = hashes.iter().position(|(known, _)| *known == label).ok_or(Refused::HalfSigned)?;
        let (_, hash) = hashes.swap_remove(at);
        covers_what_it_must(&list.items)?;
        let parameters = Parameters::of(&list.parameters)?;
        Ok(Some(Self { list, parameters, hash }))
    }

    pub(super) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The text that is signed, in the order in which the components are named.
    pub(super) fn base(&self, subject: &Subject<'_>) -> Result<Vec<u8>, Refused> {
        let mut base = Vec::new();
        for name in &self.list.items {
            let value = subject.value(name).ok_or(Refused::Component)?;
            base.extend_from_slice(format!("{}: ", Quoted(name)).as_bytes());
            base.extend_from_slice(&value);
            base.push(b'\n');
        }
        base.extend_from_slice(format!("\"@signature-params\": {}", self.list).as_bytes());
        Ok(base)
    }

    /// Whether it was made of this text with this secret. How long that takes tells nothing of the signature.
    pub(super) fn is_made_of(&self, base: &[u8], secret: &[u8]) -> bool {
        let expected = hmac_sha256(secret, &[base]);
        let differs = |all, (given, expected): (&u8, &u8)| black_box(all | (given ^ expected));
        self.hash.len() == expected.len() && self.hash.iter().zip(&expected).fold(0, differs) == 0
    }
}

impl Subject<'_> {
    /// The value of a component. A name that is no header's in small letters has none.
    fn value(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "@request-target" => Some(self.target.as_bytes().to_vec()),
            "@authority" => Some(self.authority.as_bytes().to_vec()),
            // Its own value would have to be known before it is made.
            SIGNATURE => None,
            name => joined(self.headers, HeaderName::from_lowercase(name.as_bytes()).ok()?),
        }
    }
}

impl Parameters {
    fn of(given: &[(String, Value)]) -> Result<Self, Refused> {
        let (mut key, mut nonce, mut created, mut expires) = (None, None, None, None);
        for (name, value) in given {
            match (name.as_str(), value) {
                ("keyid", Value::Text(text)) => key = Some(text.clone()),
                ("nonce", Value::Text(text)) => nonce = Some(text.clone()),
                ("created", Value::Integer(seconds)) => created = Some(*seconds),
                ("expires", Value::Integer(seconds)) => expires = Some(*seconds),
                ("alg", Value::Text(text)) if text == ALGORITHM => {}
                ("alg", Value::Text(_)) => return Err(Refused::Algorithm),
                _ => return Err(Refused::Parameter),
            }
        }
        let (Some(key), Some(nonce), Some(created)) = (key, nonce, created) else { return Err(Refused::Parameter) };
        if nonce.len() < SHORTEST_NONCE {
            return Err(Refused::Nonce);
        }
        Ok(Self { key, nonce, created, expires })
    }
}

fn covers_what_it_must(names: &[String]) -> Result<(), Refused> {
    let covered: BTreeSet<_> = names.iter().map(String::as_str).collect();
    if covered.len() < names.len() {
        return Err(Refused::Component);
    }
    if REQUIRED.iter().all(|name| covered.contains(name)) { Ok(()) } else { Err(Refused::Uncovered) }
}

/// The value of a header, where lines of the same name are one list. (A line that is folded never gets this far.)
fn joined(headers: &HeaderMap, name: impl http::header::AsHeaderName) -> Option<Vec<u8>> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| line.as_bytes().trim_ascii()).collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

fn text(value: Vec<u8>) -> Result<String, Refused> {
    let value = (value.len() <= LONGEST).then_some(value).ok_or(Refused::Unreadable)?;
    String::from_utf8(value).map_err(|_| Refused::Unreadable)
}

#[cfg(test)]
mod tests;
