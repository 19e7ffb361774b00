//! What a message of a socket says, as far as it matters here.

use std::borrow::Borrow;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::events::differ::Snapshot;
use crate::events::differ::reading::{of_call, of_conversation};
use crate::wire;
use crate::wire::channels::System;
use crate::wire::topic::{Message, Topic};

/// A message, read. What is not known says only that the channel is alive.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// What a call looks like now.
    State(Snapshot),
    /// The server will close this socket soon.
    Closing,
    /// Another channel of the same client took this one's place.
    Evicted,
    /// The channel is of no use any more: its topics or its token are gone.
    Void,
    /// A heartbeat, the answer to a ping, or something that nobody here reads.
    Alive,
}

impl Frame {
    /// Reads a message of a socket. Whatever it is, it is no error.
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str::<Message<&RawValue>>(text).map_or(Self::Alive, Self::of)
    }

    fn of(message: Message<&RawValue>) -> Self {
        let name = message.topic_name.as_deref().unwrap_or_default();
        match Topic::of(name) {
            Topic::Calls => body(&message).and_then(of_call).map_or(Self::Alive, Self::State),
            Topic::Conversations => body(&message).and_then(of_conversation).map_or(Self::Alive, Self::State),
            Topic::SocketClosing => Self::Closing,
            Topic::TokenRevoked => Self::Void,
            Topic::NoLongerSubscribed => match body::<System>(&message) {
                Some(system) if system.is_evicted() => Self::Evicted,
                _ => Self::Void,
            },
            Topic::Metadata | Topic::Detail { .. } | Topic::Transcoded | Topic::Other => Self::Alive,
        }
    }
}

/// The body of a message, as this.
pub(crate) fn body<T: DeserializeOwned>(message: &Message<impl Borrow<RawValue>>) -> Option<T> {
    wire::row(message.event_body.as_ref()?.borrow())
}

/// A message, when it came, and on which socket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) socket: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) frame: Frame,
}
