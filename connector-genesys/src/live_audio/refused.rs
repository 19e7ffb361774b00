//! Why somebody is not let in: for our log alone. Whoever is refused is told nothing.

use std::fmt;

/// Why a handshake was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It has no API key, or several.
    NoKey,
    /// Its organisation, session or correlation is no UUID.
    Ids,
    /// It names no host, or several.
    Host,
    /// It has one of the two headers of a signature.
    HalfSigned,
    /// The headers of its signature cannot be read, or are too long.
    Unreadable,
    /// Its signature leaves out what it has to cover.
    Uncovered,
    /// Its signature covers what nobody can look up, or the same twice.
    Component,
    /// A parameter of its signature is unknown, of another type, or missing.
    Parameter,
    /// It is signed in another way.
    Algorithm,
    /// Its nonce is too short.
    Nonce,
    /// It is signed for another key.
    OtherKey,
    /// Its signature comes from the future.
    Future,
    /// Its signature is too old.
    Expired,
    /// Its key is not ours, or cannot be read at the moment.
    UnknownKey,
    /// Its signature is wrong, or its key has no secret.
    WrongSignature,
    /// It is not signed, and has to be.
    Unsigned,
    /// It was here before.
    Replayed,
    /// So many came in lately that a replay would not be noticed.
    TooMany,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "no single API key",
            Self::Ids => "ids that are no UUIDs",
            Self::Host => "no single host",
            Self::HalfSigned => "half a signature",
            Self::Unreadable => "unreadable signature",
            Self::Uncovered => "signature without a required component",
            Self::Component => "signature of an unknown component",
            Self::Parameter => "wrong parameters of the signature",
            Self::Algorithm => "other algorithm",
            Self::Nonce => "short nonce",
            Self::OtherKey => "signature for another key",
            Self::Future => "signature from the future",
            Self::Expired => "expired signature",
            Self::UnknownKey => "unknown key",
            Self::WrongSignature => "wrong signature",
            Self::Unsigned => "unsigned",
            Self::Replayed => "replayed",
            Self::TooMany => "too many at once",
        })
    }
}
