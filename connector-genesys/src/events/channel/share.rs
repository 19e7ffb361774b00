//! Some of the people, heard by one channel: by two while one takes the other's place.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{Error, Gap, Result};

use super::effect::Effect;
use super::line::{Fate, Line, Made};
use super::turn::Turn;

/// Who was heard for so long has no trouble any more: the next wait is a short one again.
const CALM_AFTER: TimeDelta = TimeDelta::seconds(60);

/// Where all channels are in use, the next one is made so long after an old one was given up: the vendor takes one away of
/// those that nobody is connected to.
const PARTING: TimeDelta = TimeDelta::seconds(2);

/// Why somebody who is new was not heard from the first moment on.
pub(super) const ADDED: &str = "people were added";

/// Since when nobody of a share is heard, and why.
#[derive(Clone, Copy, Debug)]
struct Deaf {
    since: DateTime<Utc>,
    why: &'static str,
}

#[derive(Debug)]
pub(super) struct Share {
    agents: BTreeSet<String>,
    /// Which version of `agents` it is.
    version: u64,
    /// The one that is heard, and then the one that is to take its place.
    lines: Vec<Line>,
    /// When something was heard last.
    heard: DateTime<Utc>,
    deaf: Option<Deaf>,
    /// Since when somebody is in it whom the vendor was not told of.
    short: Option<DateTime<Utc>>,
    /// What happened last to its channel.
    why: &'static str,
    hears_since: DateTime<Utc>,
    attempts: u32,
}

impl Share {
    /// A share with nobody in it, of which nothing was heard since then.
    pub(super) fn new(since: DateTime<Utc>, why: &'static str, turn: &mut Turn<'_>) -> Self {
        Self {
            agents: BTreeSet::new(),
            version: 1,
            lines: vec![Line::new(turn.number(), turn.now)],
            heard: since,
            deaf: Some(Deaf { since, why }),
            short: None,
            why,
            hears_since: turn.now,
            attempts: 0,
        }
    }

    pub(super) fn agents(&self) -> &BTreeSet<String> {
        &self.agents
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// Takes these people in, who were not heard since then.
    pub(super) fn add(&mut self, agents: impl IntoIterator<Item = String>, since: DateTime<Utc>) {
        let before = self.agents.len();
        self.agents.extend(agents);
        if self.agents.len() > before {
            self.version += 1;
            self.short = self.short.into_iter().chain([since]).min();
        }
    }

    /// Leaves these people out.
    pub(super) fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        let before = self.agents.len();
        self.agents.retain(|agent| stays(agent));
        self.version += u64::from(self.agents.len() < before);
    }

    /// Ends it, with what was not heard until then.
    pub(super) fn end(self, turn: &mut Turn<'_>) {
        turn.gaps.extend(self.deaf.map(|deaf| gap(deaf.since, turn.now, deaf.why)));
        self.lines.into_iter().for_each(|line| line.let_go(turn));
    }

    pub(super) fn has_line(&self, number: u64) -> bool {
        self.lines.iter().any(|line| line.number == number)
    }

    pub(super) fn owns(&self, socket: u64) -> bool {
        self.lines.iter().any(|line| line.owns(socket))
    }

    pub(super) fn asked(&self, request: u64) -> bool {
        self.lines.iter().any(|line| line.asked(request))
    }

    pub(super) fn made(&mut self, number: u64, made: Result<Made>, turn: &mut Turn<'_>) {
        self.with(
            |line| line.number == number,
            turn,
            "a channel could not be made",
            |line, turn| line.made(made, turn),
        );
    }

    /// One of its lines is to be renewed.
    pub(super) fn outdated(&mut self, number: u64, now: DateTime<Utc>) {
        let line = self.lines.iter_mut().find(|line| line.number == number);
        line.into_iter().for_each(|line| line.renew_at = Some(now));
    }

    pub(super) fn connected(&mut self, socket: u64, turn: &mut Turn<'_>) {
        self.with(
            |line| line.owns(socket),
            turn,
            "a socket was closed",
            |line, turn| {
                line.connected(socket, turn);
                Fate::Stays
            },
        );
    }

    pub(super) fn closed(&mut self, socket: u64, why: Error, turn: &mut Turn<'_>) {
        self.with(|line| line.owns(socket), turn, "a socket was closed", |line, turn| line.closed(socket, why, turn));
    }

    pub(super) fn subscribed(&mut self, request: u64, taken: Result<()>, turn: &mut Turn<'_>) {
        self.with(
            |line| line.asked(request),
            turn,
            "a channel was gone",
            |line, turn| line.subscribed(request, taken, turn),
        );
    }

    /// Something came on one of its sockets.
    pub(super) fn hear(&mut self, socket: u64, at: DateTime<Utc>) {
        let Some(line) = self.lines.iter_mut().find(|line| line.owns(socket)) else { return };
        line.hear(at);
        if line.hears() {
            self.heard = self.heard.max(at);
        }
    }

    /// The server will close a socket.
    pub(super) fn closing(&mut self, socket: u64, now: DateTime<Utc>) {
        self.lines.iter_mut().for_each(|line| line.closing(socket, now));
    }

    /// Its channel is of no use any more.
    pub(super) fn void(&mut self, socket: u64, turn: &mut Turn<'_>) {
        self.with(|line| line.owns(socket), turn, "a channel was ended by the vendor", |_, _| Fate::Void);
    }

    /// Another channel of the same client took this one's place. Where it was our own that is to follow it, all is well.
    pub(super) fn evicted(&mut self, socket: u64, turn: &mut Turn<'_>) {
        let has_heir = self.lines.len() > 1 && self.lines[0].owns(socket);
        self.with(
            |line| line.owns(socket),
            turn,
            "a channel was ended by the vendor",
            |_, _| {
                if has_heir { Fate::Void } else { Fate::Fails(evicted()) }
            },
        );
    }

    /// Lets something happen to one of its lines.
    fn with(
        &mut self,
        is_it: impl Fn(&Line) -> bool,
        turn: &mut Turn<'_>,
        why: &'static str,
        happens: impl FnOnce(&mut Line, &mut Turn<'_>) -> Fate,
    ) {
        let Some(place) = self.lines.iter().position(is_it) else { return };
        let is_calm = self.deaf.is_none() && turn.now - self.hears_since >= CALM_AFTER;
        let attempts = if is_calm { 0 } else { self.attempts };
        (turn.attempts, turn.is_troubled) = (attempts, false);
        let did_hear = self.lines[place].hears();
        match happens(&mut self.lines[place], turn) {
            Fate::Stays => {}
            Fate::Void => self.replace(place, turn),
            Fate::Fails(error) => turn.out.push(Effect::Fail(error)),
        }
        if did_hear && !self.lines.get(place).is_some_and(Line::hears) {
            self.why = why;
        }
        if turn.is_troubled {
            self.attempts = attempts.saturating_add(1);
        }
        self.settle(turn);
    }

    /// Another channel in the place of one that is of no use; where there is one already, that one.
    fn replace(&mut self, place: usize, turn: &mut Turn<'_>) {
        self.lines.remove(place).let_go(turn);
        if self.lines.is_empty() {
            let error = Error::transient("a channel is of no use any more, and another one is made");
            let due = turn.now + turn.trouble(&error);
            self.lines.push(Line::new(turn.number(), due));
        }
    }

    /// What is heard now, and what was not heard until now.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        if let Some(heir) = self.lines.iter().rposition(|line| line.has(self.version)) {
            self.lines.drain(..heir).for_each(|line| line.let_go(turn));
        }
        let is_whole = self.lines.iter().any(|line| line.has(self.version));
        match self.deaf {
            Some(deaf) if self.hears() => {
                turn.gaps.push(gap(deaf.since, turn.now, deaf.why));
                (self.deaf, self.heard, self.hears_since) = (None, turn.now, turn.now);
                self.short = self.short.filter(|_| !is_whole);
            }
            None if !self.hears() => self.deaf = Some(Deaf { since: self.heard, why: self.why }),
            Some(_) | None => {}
        }
        if is_whole && let Some(since) = self.short.take() {
            turn.gaps.push(gap(since, turn.now, ADDED));
        }
    }

    /// Whether its people are heard.
    pub(super) fn hears(&self) -> bool {
        self.lines.iter().any(Line::hears)
    }

    /// Since when somebody in it is not heard.
    pub(super) fn unheard_since(&self) -> Option<DateTime<Utc>> {
        self.deaf.map(|deaf| deaf.since).into_iter().chain(self.short).min()
    }

    /// Does what is due by now. `has_room`: a further channel would evict none of ours.
    pub(super) fn tick(&mut self, has_room: bool, turn: &mut Turn<'_>) {
        if let [line] = self.lines.as_slice()
            && line.renew_at.is_some_and(|at| at <= turn.now)
        {
            let (hears, due) = (line.hears(), if has_room { turn.now } else { turn.now + PARTING });
            self.lines.push(Line::new(turn.number(), due));
            if !(hears && has_room) {
                self.lines.remove(0).let_go(turn);
                self.why = "a channel was renewed";
            }
        }
        let mut silent = Vec::new();
        for line in &mut self.lines {
            silent.extend(line.tick(self.version, &self.agents, turn));
        }
        for (socket, error) in silent {
            self.with(
                |line| line.owns(socket),
                turn,
                "a socket was silent",
                |line, turn| line.closed(socket, error, turn),
            );
        }
        self.settle(turn);
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        let renewals = self.lines.iter().filter_map(|line| line.renew_at).filter(|_| self.lines.len() == 1);
        self.lines.iter().filter_map(|line| line.due(self.version)).chain(renewals).min()
    }
}

fn gap(from: DateTime<Utc>, to: DateTime<Utc>, why: &str) -> Gap {
    Gap { from, to, why: why.to_owned() }
}

fn evicted() -> Error {
    Error::already_subscribed("another program listens with the same OAuth client, and took the place of this one")
        .advise(
            "give each program an OAuth client of its own; where there is only this one, lower the setting channels",
        )
}
