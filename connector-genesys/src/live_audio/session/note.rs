//! What an operator should know of a session.

use std::fmt;

/// What an operator should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The vendor tried out the connection.
    Probe,
    /// Only one of both was offered.
    Mono,
    /// No sound was offered that is known here.
    NoSound,
    /// The session is of no call.
    NoCall,
    /// It says that it is of another organisation than the one that was let in.
    OtherOrganization,
    /// The vendor did not keep to the protocol.
    Broke(&'static str),
    /// The vendor says that we did not.
    Blamed(Option<i64>),
    /// Nothing came for too long.
    Silent,
}

/// For an administrator.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probe => f.write_str("the vendor tried out the connection for sound"),
            Self::Mono => f.write_str(
                "only one of customer and agent is sent: switch \"Dual channel\" on for the recordings of the trunk",
            ),
            Self::NoSound => f.write_str("no sound was offered that is known here, so nothing is heard"),
            Self::NoCall => f.write_str("a session names no conversation, so nothing is heard"),
            Self::OtherOrganization => {
                f.write_str("a session says that it is of another organisation than its handshake")
            }
            Self::Broke(rule) => write!(f, "a session was given up: {rule}"),
            Self::Blamed(Some(code)) => write!(f, "the vendor reports error {code} in a session"),
            Self::Blamed(None) => f.write_str("the vendor reports an error in a session"),
            Self::Silent => f.write_str("nothing was heard of a session for too long"),
        }
    }
}
