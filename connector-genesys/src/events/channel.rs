//! From what sockets, requests and the caller say to what is to be done: a state machine without clock, wire or I/O.
//!
//! The vendor tells of the calls of a person on a topic. A channel takes so many topics and has one socket; what happens
//! while none is open is lost. Here each person has a place on a channel; each channel is created, connected, told its
//! topics, watched, renewed before its end, and replaced when it is gone. A time in which a channel was not heard becomes a
//! [`Gap`], and so does what was handed on and not stored.

mod asks;
mod effect;
pub(crate) mod frame;
mod line;
mod outbox;
mod share;
mod spread;
mod turn;
mod watched;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{AgentRef, Error, Gap, Result, SourceStatus};
use fastrand::Rng;

use crate::api::channels::Unheard;
use crate::events::differ::reading::of_conversation;
use crate::events::differ::{self, Confirmed, Differ};
use crate::wire::conversations::Conversation;
use asks::Asks;
pub(crate) use effect::Effect;
pub(crate) use frame::{Frame, Heard};
pub(crate) use line::Made;
use outbox::Outbox;
use share::{ADDED, Share};
pub(crate) use spread::Bounds;
use turn::Turn;
pub(crate) use watched::People;
use watched::Watched;

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// Time has passed.
    Tick,
    /// The people to be heard have changed.
    Changed,
    /// Who is to be heard: the answer to [`Effect::Look`].
    Looked(Result<People>),
    /// The answer to [`Effect::Create`].
    Created { line: u64, made: Result<Made> },
    /// The token of a channel is not the one in use any more, and ends soon.
    Outdated(u64),
    /// [`Effect::Connect`] has opened a socket.
    Connected(u64),
    /// A socket did not open, or was closed.
    Closed { socket: u64, why: Error },
    /// The answer to [`Effect::Subscribe`].
    Subscribed { request: u64, told: Result<Unheard> },
    /// What came on all sockets since the last time.
    Heard(Vec<Heard>),
    /// So long more calls came than there was room for.
    Missed { from: DateTime<Utc>, to: DateTime<Utc> },
    /// The answer to [`Effect::Confirm`]; `None` when there is no such conversation.
    Confirmed { id: String, told: Result<Option<Conversation>> },
    /// The answer to [`Effect::Resolve`].
    Resolved { id: String, who: AgentRef },
    /// A delivery is safe.
    Accepted(u64),
    /// A delivery is lost.
    Refused(u64),
}

/// All channels of one client, the calls that they tell of, and what is to be handed on.
#[derive(Debug)]
pub(crate) struct Machine {
    bounds: Bounds,
    differ: Differ,
    watched: Watched,
    shares: Vec<Share>,
    asks: Asks,
    outbox: Outbox,
    rng: Rng,
    number: u64,
    /// From where on nothing was heard before it is known who is to be.
    start: Option<(DateTime<Utc>, &'static str)>,
    is_live: bool,
    /// Whether it has failed: nothing is done any more.
    is_over: bool,
}

impl Machine {
    /// Nothing was heard since `start`.
    pub(crate) fn new(bounds: Bounds, limits: differ::Limits, start: (DateTime<Utc>, &'static str), seed: u64) -> Self {
        Self {
            bounds,
            differ: Differ::new(limits),
            watched: Watched::new(start.0),
            shares: Vec::new(),
            asks: Asks::default(),
            outbox: Outbox::default(),
            rng: Rng::with_seed(seed),
            number: 0,
            start: Some(start),
            is_live: false,
            is_over: false,
        }
    }

    /// Takes in what happened at `now`, and says what is to be done about it.
    pub(crate) fn step(&mut self, now: DateTime<Utc>, input: Input, out: &mut Vec<Effect>) {
        if self.is_over {
            return;
        }
        let before = out.len();
        self.take(now, input, out);
        self.settle(now, out);
        // Trouble that costs nothing is over at once.
        self.is_live &= !out[before..].iter().any(|effect| matches!(effect, Effect::Status(_)));
        self.hand_on(now, out);
        self.is_over = out[before..].iter().any(|effect| matches!(effect, Effect::Fail(_)));
    }

    fn take(&mut self, now: DateTime<Utc>, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Tick => {}
            Input::Changed => self.watched.change(now),
            Input::Looked(told) => self.looked(told, now, out),
            Input::Created { line, made } => {
                self.on(|share| share.has_line(line), now, out, |share, turn| share.made(line, made, turn));
            }
            Input::Outdated(line) => {
                self.on(|share| share.has_line(line), now, out, |share, _| share.outdated(line, now));
            }
            Input::Connected(socket) => {
                self.on(|share| share.owns(socket), now, out, |share, turn| share.connected(socket, turn));
            }
            Input::Closed { socket, why } => {
                self.on(|share| share.owns(socket), now, out, |share, turn| share.closed(socket, why, turn));
            }
            Input::Subscribed { request, told } => self.subscribed(request, told, now, out),
            Input::Heard(heard) => heard.into_iter().for_each(|heard| self.hear(heard, now, out)),
            Input::Missed { from, to } => {
                self.outbox.gap(Gap { from, to, why: "more calls came than could wait".to_owned() });
            }
            Input::Confirmed { id, told } => self.confirmed(&id, told, now, out),
            Input::Resolved { id, who } => self.outbox.resolved(id, who),
            Input::Accepted(number) => self.outbox.accepted(number),
            Input::Refused(number) => self.outbox.refused(number, now),
        }
    }

    /// When there is something to do, if nothing happens until then.
    pub(crate) fn due(&self) -> Option<DateTime<Utc>> {
        let shares = self.shares.iter().filter_map(Share::due);
        let others = [self.differ.due(), self.asks.due(), self.outbox.due(self.is_live), self.watched.due()];
        shares.chain(others.into_iter().flatten()).min()
    }

    /// Lets something happen to the share that it concerns, if that is still there.
    fn on(
        &mut self,
        concerns: impl Fn(&Share) -> bool,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
        happens: impl FnOnce(&mut Share, &mut Turn<'_>),
    ) {
        let Some(place) = self.shares.iter().position(concerns) else { return };
        let mut turn = Turn::new(now, out, &mut self.number, &mut self.rng);
        happens(&mut self.shares[place], &mut turn);
        let (gaps, is_back) = turn.end();
        gaps.into_iter().for_each(|gap| self.outbox.gap(gap));
        if is_back {
            let agents = self.shares[place].agents();
            let concerns = |agent: &AgentRef| agent.id.as_ref().is_some_and(|id| agents.contains(id));
            let mut told = Vec::new();
            self.differ.ask_all(&concerns, &mut told);
            self.tell(told, now, out);
        }
    }

    fn looked(&mut self, told: Result<People>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        match told {
            Ok(people) => {
                self.outbox.know(people.agents.iter().cloned());
                let since = self.watched.know(people, now);
                self.spread(since, now, out);
            }
            Err(error) if error.is_retryable() => {
                let wait = Turn::new(now, out, &mut self.number, &mut self.rng).after(self.watched.attempts(), &error);
                self.watched.failed(now + wait);
            }
            Err(error) => out.push(Effect::Fail(error)),
        }
    }

    /// Gives everybody who is to be heard a place on a channel. Whoever has none yet is wanted since `wanted_since`.
    fn spread(&mut self, wanted_since: DateTime<Utc>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let wanted = self.watched.wanted(self.shares.iter().map(Share::agents), &self.differ.busy(), now);
        let since = self.start.take().unwrap_or((wanted_since, ADDED));
        let mut turn = Turn::new(now, out, &mut self.number, &mut self.rng);
        if since.1 != ADDED && wanted.is_empty() {
            turn.gaps.push(Gap { from: since.0, to: now, why: since.1.to_owned() });
        }
        let done = spread::spread(&mut self.shares, &wanted, self.bounds, since, &mut turn);
        let (gaps, _) = turn.end();
        gaps.into_iter().for_each(|gap| self.outbox.gap(gap));
        if let Err(error) = done {
            out.push(Effect::Fail(error));
        }
    }

    fn subscribed(&mut self, request: u64, told: Result<Unheard>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let Some(share) = self.shares.iter().find(|share| share.asked(request)) else { return };
        let all = share.agents().len();
        let taken = told.and_then(|unheard| match unheard.topics {
            0 => Ok(()),
            some if some < all => {
                out.push(Effect::Unheard(unheard));
                Ok(())
            }
            _ => Err(forbidden(&unheard)),
        });
        self.on(|share| share.asked(request), now, out, |share, turn| share.subscribed(request, taken, turn));
    }

    fn hear(&mut self, heard: Heard, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let Heard { socket, at, frame } = heard;
        if let Some(share) = self.shares.iter_mut().find(|share| share.owns(socket)) {
            share.hear(socket, at);
        }
        let concerns = |share: &Share| share.owns(socket);
        match frame {
            Frame::Alive => {}
            Frame::State(snapshot) => {
                let mut told = Vec::new();
                self.differ.see(&snapshot, &self.watched.covers(), at, &mut told);
                self.tell(told, now, out);
            }
            Frame::Closing => self.on(concerns, now, out, |share, _| share.closing(socket, now)),
            Frame::Void => self.on(concerns, now, out, |share, turn| share.void(socket, turn)),
            Frame::Evicted => self.on(concerns, now, out, |share, turn| share.evicted(socket, turn)),
        }
    }

    fn confirmed(&mut self, id: &str, told: Result<Option<Conversation>>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let mut effects = Vec::new();
        match told {
            // It was asked about because it went on. What has ended meanwhile is known.
            Ok(_) if !self.differ.is_open(id) => self.asks.done(id),
            Ok(record) => {
                self.asks.done(id);
                let answer = record.as_ref().map_or(Confirmed::Unknown, |record| match record.end_time {
                    Some(end) => Confirmed::Over(Some(end)),
                    None => Confirmed::Going,
                });
                let snapshot = record.and_then(of_conversation).filter(|snapshot| snapshot.conversation == id);
                if let Some(snapshot) = snapshot {
                    self.differ.see(&snapshot, &self.watched.covers(), now, &mut effects);
                }
                self.differ.confirmed(id, answer, now, &mut effects);
            }
            Err(error) if error.is_forbidden() => {
                self.asks.done(id);
                self.differ.confirmed(id, Confirmed::Hidden, now, &mut effects);
                out.push(Effect::Hidden(error));
            }
            Err(error) if error.is_unauthorized() || error.is_config() => out.push(Effect::Fail(error)),
            Err(error) => {
                let wait = error.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok());
                self.asks.failed(id, wait, now);
            }
        }
        self.tell(effects, now, out);
    }

    /// Passes on what the calls say.
    fn tell(&mut self, effects: Vec<differ::Effect>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        for effect in effects {
            match effect {
                differ::Effect::Emit(event) => self.outbox.event(*event, now, out),
                differ::Effect::Confirm(id) => self.asks.ask(id, out),
                differ::Effect::Gap(gap) => self.outbox.gap(gap),
            }
        }
    }

    /// Does what is due.
    fn settle(&mut self, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.watched.look(now) {
            out.push(Effect::Look);
        }
        if self.watched.is_lingering_over(now) {
            self.spread(now, now, out);
        }
        let mut lines = self.shares.iter().map(Share::lines).sum::<usize>();
        let mut turn = Turn::new(now, out, &mut self.number, &mut self.rng);
        for share in &mut self.shares {
            let before = share.lines();
            share.tick(lines < self.bounds.channels, &mut turn);
            lines = lines - before + share.lines();
        }
        let (gaps, _) = turn.end();
        gaps.into_iter().for_each(|gap| self.outbox.gap(gap));
        let mut told = Vec::new();
        self.differ.tick(now, &mut told);
        self.tell(told, now, out);
        let differ = &self.differ;
        self.asks.tick(now, |id| differ.is_open(id), out);
    }

    /// Hands on what is ready.
    fn hand_on(&mut self, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let is_live = self.watched.is_known() && self.shares.iter().all(Share::hears);
        if is_live && !self.is_live {
            out.push(Effect::Status(SourceStatus::Live));
        }
        self.is_live = is_live;
        let unheard = self.shares.iter().filter_map(Share::unheard_since);
        let start = self.start.map(|(since, _)| since);
        let low = unheard.chain(start).chain(self.differ.low_water()).fold(now, DateTime::min);
        let number = &mut self.number;
        let mut next = || {
            *number += 1;
            *number
        };
        self.outbox.flush(low, is_live, now, &mut next, out);
    }
}

fn forbidden(unheard: &Unheard) -> Error {
    let missing: Vec<&str> = unheard.missing.iter().map(String::as_str).collect();
    let named = if missing.is_empty() { "none is named".to_owned() } else { missing.join(", ") };
    Error::forbidden(format!("every topic was refused; missing permissions: {named}"))
        .advise("give the role of the OAuth client these permissions, in the divisions of the people")
}

#[cfg(all(test, feature = "testing"))]
mod tests;
