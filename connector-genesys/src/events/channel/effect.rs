//! What is to be done about channels.

use chrono::{DateTime, Utc};
use connector_core::{Error, Item, SourceStatus};

use crate::api::channels::Unheard;
use crate::wire::channels::Channel;

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Find out who is to be heard.
    Look,
    /// Create a channel.
    Create(u64),
    /// Open a socket.
    Connect { socket: u64, channel: Channel },
    /// Let this channel hear these people and nobody else.
    Subscribe { request: u64, channel: Channel, agents: Vec<String> },
    /// Ask a socket whether it is alive.
    Ping(u64),
    /// Close a socket.
    Close(u64),
    /// Give the topics of a channel back; its sockets are closed one by one.
    Drop(Channel),
    /// Ask what a conversation looks like.
    Confirm(String),
    /// Ask who has this id.
    Resolve(String),
    /// Hand this on. Until it is accepted, everything older than the cursor is safe.
    Deliver { number: u64, items: Vec<Item>, cursor: DateTime<Utc> },
    /// Say how it goes.
    Status(SourceStatus),
    /// Tell the operator that some topics are not heard.
    Unheard(Unheard),
    /// Tell the operator that a call may not be asked about.
    Hidden(Error),
    /// End, with this.
    Fail(Error),
}
