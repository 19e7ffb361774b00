//! Channels, their subscriptions, and what a channel says of itself.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::loose;

/// A channel. Whoever has its address hears everything, so that its `Debug` shows none of it.
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Channel {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) connect_uri: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) expires: Option<DateTime<Utc>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel(until {:?})", self.expires)
    }
}

/// What became of a topic that was subscribed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Subscribed {
    /// `Permitted`, `Rejected`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state: Option<String>,
    /// As an administrator finds them.
    #[serde(deserialize_with = "loose::texts")]
    pub(crate) missing_permissions: Vec<String>,
}

impl Subscribed {
    /// A state that is not known yet refuses nothing.
    pub(crate) fn is_rejected(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("rejected"))
    }
}

/// What happened to a channel.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct System {
    /// `another_channel_subscribed`, `user_tokens_revoked`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) reason: Option<String>,
}

impl System {
    /// Whether another program of the same client took its place: a new channel would take it back, for ever.
    pub(crate) fn is_evicted(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| reason.eq_ignore_ascii_case("another_channel_subscribed"))
    }
}
