//! One channel of the vendor with its socket: from its creation to the moment at which its topics are heard.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Error;

use super::effect::Effect;
use super::turn::Turn;
use crate::wire::channels::Channel;

/// After so much silence a socket is pinged. The vendor sends something about every 30 s, which is not documented.
const PING_AFTER: TimeDelta = TimeDelta::seconds(75);

/// A socket that does not answer a ping for so long is given up. Not documented either.
const PONG_WITHIN: TimeDelta = TimeDelta::seconds(15);

/// A channel is renewed so long before its end, so that the new one is heard before the old one goes. A client has its next
/// token five minutes before the end of the one before.
const RENEW_BEFORE: TimeDelta = TimeDelta::minutes(4);

/// A new channel.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) channel: Channel,
    /// When it ends, unless its token does before.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is to be created, at this time.
    Unmade(DateTime<Utc>),
    /// The vendor was asked for it.
    Making,
    /// A socket is to be opened, at this time.
    Unconnected(DateTime<Utc>),
    /// A socket is being opened.
    Connecting,
    /// A socket is open.
    Connected,
}

/// What has become of it.
#[derive(Debug)]
pub(super) enum Fate {
    /// It goes on, or is tried again by itself.
    Stays,
    /// It is of no use any more: another one is needed.
    Void,
    /// Nothing that is tried again helps.
    Fails(Error),
}

#[derive(Debug)]
pub(super) struct Line {
    /// Our own number of it: the vendor's is as good as its address.
    pub(super) number: u64,
    channel: Option<Channel>,
    /// When to make another one in its place.
    pub(super) renew_at: Option<DateTime<Utc>>,
    stage: Stage,
    socket: Option<u64>,
    /// The socket that is to take the place of one that will be closed: when to open it, or which one it is.
    successor: Option<Successor>,
    /// The one before, which is read on until the new one has its topics: something may be on its way.
    former: Option<u64>,
    heard: DateTime<Utc>,
    pinged: Option<DateTime<Utc>>,
    topics: Topics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Successor {
    Due(DateTime<Utc>),
    Opening(u64),
}

/// Which version of its topics the vendor has.
#[derive(Debug, Default)]
struct Topics {
    /// Our number of the request that is on its way, and the version in it.
    sent: Option<(u64, u64)>,
    taken: Option<u64>,
    /// Not to be sent before this time.
    due: Option<DateTime<Utc>>,
}

impl Line {
    pub(super) fn new(number: u64, due: DateTime<Utc>) -> Self {
        Self {
            number,
            channel: None,
            renew_at: None,
            stage: Stage::Unmade(due),
            socket: None,
            successor: None,
            former: None,
            heard: due,
            pinged: None,
            topics: Topics::default(),
        }
    }

    /// Whether what happens to its people is heard.
    pub(super) fn hears(&self) -> bool {
        self.stage == Stage::Connected && self.topics.taken.is_some()
    }

    /// Whether the vendor has this version of its topics.
    pub(super) fn has(&self, version: u64) -> bool {
        self.hears() && self.topics.taken >= Some(version)
    }

    pub(super) fn owns(&self, socket: u64) -> bool {
        self.socket == Some(socket) || self.successor == Some(Successor::Opening(socket))
    }

    /// Whether it waits for the answer to this request.
    pub(super) fn asked(&self, request: u64) -> bool {
        self.topics.sent.is_some_and(|(sent, _)| sent == request)
    }

    /// Something came, at this time.
    pub(super) fn hear(&mut self, at: DateTime<Utc>) {
        self.heard = self.heard.max(at);
        self.pinged = None;
    }

    /// Lets go of it: its sockets are closed and its topics given back.
    pub(super) fn let_go(self, turn: &mut Turn<'_>) {
        let sockets = self.former.into_iter().chain(self.socket).chain(match self.successor {
            Some(Successor::Opening(socket)) => Some(socket),
            Some(Successor::Due(_)) | None => None,
        });
        turn.out.extend(sockets.map(Effect::Close).chain(self.channel.map(Effect::Drop)));
    }

    pub(super) fn made(&mut self, made: connector_core::Result<Made>, turn: &mut Turn<'_>) -> Fate {
        if self.stage != Stage::Making {
            return Fate::Stays;
        }
        match made {
            Ok(Made { channel, until }) => {
                let margin = until.map(|until| RENEW_BEFORE.min((until - turn.now).max(TimeDelta::zero()) / 3));
                self.renew_at = until.zip(margin).map(|(until, margin)| until - margin);
                self.channel = Some(channel);
                self.stage = Stage::Unconnected(turn.now);
                Fate::Stays
            }
            Err(error) if error.is_retryable() => {
                self.stage = Stage::Unmade(turn.now + turn.trouble(&error));
                Fate::Stays
            }
            Err(error) => Fate::Fails(error),
        }
    }

    pub(super) fn connected(&mut self, socket: u64, turn: &mut Turn<'_>) {
        if let Some(old) = self.socket.filter(|old| *old != socket) {
            turn.out.extend(self.former.replace(old).map(Effect::Close));
        }
        (self.socket, self.successor, self.stage) = (Some(socket), None, Stage::Connected);
        self.hear(turn.now);
        // Whether a channel keeps its topics is not certain, so that they are sent after each connection.
        self.topics.sent = None;
        self.topics.due = None;
        if self.topics.taken.is_some() {
            // The old socket heard to the end: only what is new has to be taken.
            self.topics.taken = Some(0);
        }
    }

    /// A socket was closed, or did not open.
    pub(super) fn closed(&mut self, socket: u64, why: Error, turn: &mut Turn<'_>) -> Fate {
        if self.successor == Some(Successor::Opening(socket)) {
            self.successor = None;
            return self.again(why, turn, |line, at| line.successor = Some(Successor::Due(at)));
        }
        if self.socket != Some(socket) {
            return Fate::Stays;
        }
        (self.socket, self.topics) = (None, Topics::default());
        if let Some(Successor::Opening(opening)) = self.successor.take() {
            (self.socket, self.stage) = (Some(opening), Stage::Connecting);
            return Fate::Stays;
        }
        self.again(why, turn, |line, at| line.stage = Stage::Unconnected(at))
    }

    /// Whether a socket that did not open, or was closed, is worth another one after a wait.
    fn again(&mut self, why: Error, turn: &mut Turn<'_>, retry: impl FnOnce(&mut Self, DateTime<Utc>)) -> Fate {
        let is_refused = why.status().is_some_and(|status| (400..500).contains(&status) && status != 408);
        if is_refused && !why.is_rate_limited() {
            return Fate::Void;
        }
        if why.is_config() || why.is_bug() || why.is_unauthorized() || why.is_forbidden() {
            return Fate::Fails(why);
        }
        let at = turn.now + turn.trouble(&why);
        retry(self, at);
        Fate::Stays
    }

    /// The server will close its socket: another one is opened before.
    pub(super) fn closing(&mut self, socket: u64, now: DateTime<Utc>) {
        if self.socket == Some(socket) && self.stage == Stage::Connected && self.successor.is_none() {
            self.successor = Some(Successor::Due(now));
        }
    }

    /// The vendor has answered a request with its topics.
    pub(super) fn subscribed(&mut self, request: u64, taken: connector_core::Result<()>, turn: &mut Turn<'_>) -> Fate {
        let Some((_, version)) = self.topics.sent.take_if(|(sent, _)| *sent == request) else { return Fate::Stays };
        match taken {
            Ok(()) => {
                turn.is_back |= self.topics.taken.unwrap_or_default() == 0;
                self.topics.taken = Some(version);
                turn.out.extend(self.former.take().map(Effect::Close));
                Fate::Stays
            }
            Err(error) if error.is_not_found() => Fate::Void,
            Err(error) if error.is_retryable() => {
                self.topics.due = Some(turn.now + turn.trouble(&error));
                Fate::Stays
            }
            Err(error) => Fate::Fails(error),
        }
    }

    /// Does what is due by now. `Some`: its socket is silent, and given up.
    pub(super) fn tick(
        &mut self,
        version: u64,
        agents: &BTreeSet<String>,
        turn: &mut Turn<'_>,
    ) -> Option<(u64, Error)> {
        let now = turn.now;
        match self.stage {
            Stage::Unmade(due) if due <= now => {
                self.stage = Stage::Making;
                turn.out.push(Effect::Create(self.number));
            }
            Stage::Unconnected(due) if due <= now => {
                self.stage = Stage::Connecting;
                self.socket = self.open(turn);
            }
            Stage::Connected => return self.keep(version, agents, turn),
            Stage::Unmade(_) | Stage::Making | Stage::Unconnected(_) | Stage::Connecting => {}
        }
        None
    }

    fn open(&self, turn: &mut Turn<'_>) -> Option<u64> {
        let channel = self.channel.clone()?;
        let socket = turn.number();
        turn.out.push(Effect::Connect { socket, channel });
        Some(socket)
    }

    /// Keeps an open socket going: its topics, its successor, and whether it is still alive.
    fn keep(&mut self, version: u64, agents: &BTreeSet<String>, turn: &mut Turn<'_>) -> Option<(u64, Error)> {
        let now = turn.now;
        let is_due = self.topics.due.is_none_or(|due| due <= now);
        if self.topics.sent.is_none()
            && self.topics.taken != Some(version)
            && is_due
            && let Some(channel) = &self.channel
        {
            let request = turn.number();
            self.topics.sent = Some((request, version));
            turn.out.push(Effect::Subscribe {
                request,
                channel: channel.clone(),
                agents: agents.iter().cloned().collect(),
            });
        }
        if let Some(Successor::Due(due)) = self.successor
            && due <= now
        {
            self.successor = self.open(turn).map(Successor::Opening);
        }
        let socket = self.socket?;
        match self.pinged {
            None if now - self.heard >= PING_AFTER => {
                self.pinged = Some(now);
                turn.out.push(Effect::Ping(socket));
                None
            }
            Some(pinged) if now - pinged >= PONG_WITHIN => {
                turn.out.push(Effect::Close(socket));
                Some((socket, Error::transient("nothing was heard on a socket, not even after a ping")))
            }
            None | Some(_) => None,
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn due(&self, version: u64) -> Option<DateTime<Utc>> {
        match self.stage {
            Stage::Unmade(due) | Stage::Unconnected(due) => Some(due),
            Stage::Making | Stage::Connecting => None,
            Stage::Connected => {
                let alive = self.pinged.map_or(self.heard + PING_AFTER, |pinged| pinged + PONG_WITHIN);
                let waits = self.topics.sent.is_none() && self.topics.taken != Some(version);
                let topics = self.topics.due.filter(|_| waits);
                let successor = match self.successor {
                    Some(Successor::Due(due)) => Some(due),
                    Some(Successor::Opening(_)) | None => None,
                };
                [Some(alive), topics, successor].into_iter().flatten().min()
            }
        }
    }
}
