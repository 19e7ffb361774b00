//! What a message is about, by the name of its topic, and the envelope it comes in.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose;

/// A message of a channel, and what lies in a delivery by EventBridge. Its body is a copy, or lies in the message's text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message<Body = Box<RawValue>> {
    #[serde(default, deserialize_with = "loose::text")]
    pub(crate) topic_name: Option<String>,
    /// Of a type that the topic decides.
    pub(crate) event_body: Option<Body>,
}

/// A delivery by Amazon EventBridge: the same message in another envelope.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Delivery {
    /// The topic, with `{id}` in place of its ids.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) detail_type: Option<String>,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) detail: Option<Message>,
}

/// What a topic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic<'a> {
    /// Calls of a person or a queue, as [`Call`](super::calls::Call).
    Calls,
    /// Conversations of all media, as [`Conversation`](super::conversations::Conversation).
    Conversations,
    /// One thing that happened in a conversation, as [`Detail`](super::detail::Detail): `user.start`.
    Detail { what: &'a str },
    /// A recording can be fetched, as [`Transcoded`](super::detail::Transcoded).
    Transcoded,
    /// The channel is alive.
    Metadata,
    /// The server will close this socket, in about a minute.
    SocketClosing,
    /// The channel lost its topics, as [`System`](super::channels::System).
    NoLongerSubscribed,
    /// The token of the channel is void.
    TokenRevoked,
    /// Something else.
    Other,
}

impl<'a> Topic<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        if name == "channel.metadata" {
            return Self::Metadata;
        }
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            ["v2", "system", "socket_closing", ..] => Self::SocketClosing,
            ["v2", "system", "token_revoked", ..] => Self::TokenRevoked,
            ["v2", "system", "no_longer_subscribed", ..] => Self::NoLongerSubscribed,
            ["v2", "users", _, "conversations", "calls"] | ["v2", "routing", "queues", _, "conversations", "calls"] => {
                Self::Calls
            }
            ["v2", "users", _, "conversations"] | ["v2", "routing", "queues", _, "conversations"] => {
                Self::Conversations
            }
            ["v2", "users", _, "conversations", _, "recordings", _] => Self::Transcoded,
            ["v2", "detail", "events", "conversation", conversation, _, ..] => {
                let before = "v2.detail.events.conversation.".len() + conversation.len() + 1;
                Self::Detail { what: name.get(before..).unwrap_or_default() }
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_says_what_its_message_is() {
        for (name, topic) in [
            ("v2.users.a-1.conversations.calls", Topic::Calls),
            ("v2.routing.queues.q-1.conversations.calls", Topic::Calls),
            ("v2.users.a-1.conversations", Topic::Conversations),
            ("v2.users.a-1.conversations.chats", Topic::Other),
            ("v2.users.a-1.presence", Topic::Other),
            ("v2.users.a-1.conversations.c-1.recordings.r-1", Topic::Transcoded),
            ("v2.detail.events.conversation.c-1.wrapup", Topic::Detail { what: "wrapup" }),
            ("v2.detail.events.conversation.c-1.user.start", Topic::Detail { what: "user.start" }),
            ("channel.metadata", Topic::Metadata),
            ("v2.system.socket_closing", Topic::SocketClosing),
            ("v2.system.token_revoked.x", Topic::TokenRevoked),
            ("v2.system.no_longer_subscribed.streaming-5-1", Topic::NoLongerSubscribed),
            ("v2.system.no_longer_subscribed", Topic::NoLongerSubscribed),
            ("v3.users.a-1.conversations.calls", Topic::Other),
            ("", Topic::Other),
        ] {
            assert_eq!(Topic::of(name), topic);
        }
    }
}
