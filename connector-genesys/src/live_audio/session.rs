//! One session, from the first word of the vendor to the last: a state machine without clock, wire or I/O.
//!
//! | state | what it waits for |
//! |---|---|
//! | preparing | `open`, which is answered at once: `opened` |
//! | open | sound, and words about it; where it is paused, no sound |
//! | leaving | `close`: we have sent `disconnect`, since we stop or the vendor did not keep to the protocol |
//! | closed | that the vendor closes the socket: `close` was answered by `closed` |
//! | over | nothing |
//!
//! What comes where it has no place is passed over and counted, as long as the numbers of the messages are right.

mod effect;
mod note;
mod stream;
mod tally;
mod timeline;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{LiveEnd, Raw, RawFormat};

pub(crate) use self::effect::{Beginning, Effect};
pub(crate) use self::note::Note;
use self::stream::Stream;
pub(crate) use self::tally::Tally;
use super::media;
use super::message::{Farewell, Heard, Open, Said, Saying, Why};
use super::options::ByteOrder;
use super::pace::Pace;
use super::stream_time::StreamTime;

/// How long the vendor may take to answer a farewell. Ours, the vendor documents none.
const CLOSE_WITHIN: TimeDelta = TimeDelta::seconds(5);

/// How long the vendor may take to close the socket of a session that is over. Ours as well.
const GONE_WITHIN: TimeDelta = TimeDelta::seconds(5);

/// What a session is to keep to.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The organisation of the handshake.
    pub(crate) organization: String,
    /// The session of the handshake.
    pub(crate) session: String,
    /// The order of bytes of L16, where it is known.
    pub(crate) l16: Option<ByteOrder>,
    /// After so long without a word or sound it is over.
    pub(crate) silence: TimeDelta,
    /// Whether the first message is kept.
    pub(crate) keeps_raw: bool,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    /// The vendor says something.
    Text(&'a str),
    /// The vendor sends sound.
    Binary(Bytes),
    /// The vendor has closed the socket.
    Closed,
    /// The socket broke off.
    Broken,
    /// Time has passed.
    Tick,
    /// Nobody listens any more.
    Deserted,
    /// The program stops.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preparing,
    Open,
    Leaving { until: DateTime<Utc> },
    Closed { until: DateTime<Utc> },
    Over,
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    rules: Rules,
    state: State,
    /// The number of our last message.
    sent: u64,
    /// The number of the vendor's last message.
    seen: u64,
    heard_at: DateTime<Utc>,
    pace: Pace,
    stream: Option<Stream>,
    tally: Tally,
}

impl Session {
    /// One whose socket was opened now.
    pub(crate) fn new(rules: Rules, now: DateTime<Utc>) -> Self {
        let (state, pace, tally) = (State::Preparing, Pace::new(now), Tally::default());
        Self { rules, state, sent: 0, seen: 0, heard_at: now, pace, stream: None, tally }
    }

    /// Takes in what happened at `now`, and says what is to be done about it.
    pub(crate) fn step(&mut self, now: DateTime<Utc>, input: Input<'_>, out: &mut Vec<Effect>) {
        if self.state == State::Over {
            return;
        }
        match input {
            Input::Text(text) => {
                self.heard_at = now;
                self.hear(text, now, out);
            }
            Input::Binary(bytes) => {
                self.heard_at = now;
                self.sound(&bytes, now, out);
            }
            Input::Closed | Input::Broken => self.gone(now, out),
            Input::Tick => self.tick(now, out),
            Input::Deserted | Input::Stop => self.leave(Farewell::Completed, None, now, out),
        }
    }

    /// When there is something to do, if nothing happens until then; `None` once it is over.
    pub(crate) fn due(&self) -> Option<DateTime<Utc>> {
        match self.state {
            State::Preparing | State::Open => Some(self.heard_at + self.rules.silence),
            State::Leaving { until } | State::Closed { until } => Some(until),
            State::Over => None,
        }
    }

    /// What was passed over so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    fn hear(&mut self, text: &str, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let Some(heard) = Heard::read(text) else { return self.broke("a message is no JSON object", now, out) };
        if matches!(heard.said, Said::Other) {
            // Its number may be of a kind that is not known here either: it is followed, not checked.
            self.seen = self.seen.max(heard.number.unwrap_or(0));
            self.tally.ignored += 1;
            return;
        }
        if let Err(rule) = self.check(&heard) {
            return self.broke(rule, now, out);
        }
        let position = heard.position;
        match heard.said {
            Said::Open(open) => self.open(&open, position, text, now, out),
            Said::Close(why) => self.close(why, position, now, out),
            said if self.state == State::Preparing || self.is_closed() => self.early_or_late(&said, now, out),
            Said::Ping => self.answer(Saying::Pong, now, out),
            Said::Paused => self.tell(out, |stream, out| stream.pause(position, now, out)),
            Said::Resumed(gap) => self.tell(out, |stream, out| stream.resume(gap, position, now, out)),
            Said::Discarded(gap) => self.tell(out, |stream, out| stream.lose(gap, position, now, out)),
            Said::Update => self.answer(Saying::Updated, now, out),
            Said::Error(code) => out.push(Effect::Note(Note::Blamed(code))),
            Said::Other => {}
        }
        if let Some(stream) = &mut self.stream {
            stream.compare(position, now, out);
        }
    }

    /// Whether a message is the next one of this session. After a farewell every number will do.
    fn check(&mut self, heard: &Heard) -> Result<(), &'static str> {
        if !self.is_going() {
            self.seen = self.seen.max(heard.number.unwrap_or(0));
            return Ok(());
        }
        let is_ours = |id: &String| id.eq_ignore_ascii_case(&self.rules.session);
        let id = heard.id.as_ref().filter(|id| is_ours(id)).ok_or("a message is of another session")?;
        if heard.number != Some(self.seen + 1) {
            return Err("a message has a wrong number");
        }
        if heard.seen.is_some_and(|seen| seen > self.sent) {
            return Err("a message has seen what was not sent");
        }
        self.rules.session.clone_from(id);
        self.seen += 1;
        Ok(())
    }

    fn open(
        &mut self,
        open: &Open,
        position: Option<StreamTime>,
        text: &str,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
    ) {
        if self.state != State::Preparing {
            self.tally.ignored += 1;
            return;
        }
        let is_ours = |told: &String| told.eq_ignore_ascii_case(&self.rules.organization);
        if !open.organization.as_ref().is_some_and(is_ours) {
            self.leave(Farewell::Unauthorized, None, now, out);
            return out.push(Effect::Note(Note::OtherOrganization));
        }
        let call = open.call();
        let chosen = media::choose(&open.media, self.rules.l16).filter(|_| call.is_some());
        self.say(Saying::Opened(chosen.as_ref().map(|chosen| &*chosen.offer)), now, out);
        self.state = State::Open;
        match (call, chosen) {
            (Some(call), Some(chosen)) => {
                out.extend(chosen.is_mono().then_some(Effect::Note(Note::Mono)));
                let raw = self.rules.keeps_raw.then(|| Raw::new(RawFormat::Json, text.to_owned()));
                out.push(Effect::Begin(Box::new(Beginning::of(call, open, &chosen, now, raw))));
                self.stream = Some(Stream::new(chosen, now, position.unwrap_or_default()));
            }
            (Some(_), None) => out.push(Effect::Note(Note::NoSound)),
            (None, _) => out.push(Effect::Note(if open.is_probe() { Note::Probe } else { Note::NoCall })),
        }
    }

    fn sound(&mut self, bytes: &Bytes, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        match &mut self.stream {
            Some(stream) => stream.sound(bytes, &mut self.tally, out),
            None if self.state == State::Preparing => self.broke("sound came before the session was open", now, out),
            None => self.tally.unheard += 1,
        }
    }

    /// The session ends in order.
    fn close(&mut self, why: Why, position: Option<StreamTime>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.is_closed() {
            self.tally.ignored += 1;
            return;
        }
        let how = match why {
            Why::End => LiveEnd::Finished,
            Why::Other if self.is_going() => LiveEnd::BrokenOff,
            Why::Other => LiveEnd::Stopped,
        };
        self.end(position, how, now, out);
        self.say(Saying::Closed, now, out);
        self.state = State::Closed { until: now + GONE_WITHIN };
    }

    /// Before `open` and after `close` only a ping has an answer, and only before.
    fn early_or_late(&mut self, said: &Said, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        match said {
            Said::Ping if self.state == State::Preparing => self.answer(Saying::Pong, now, out),
            Said::Error(code) => out.push(Effect::Note(Note::Blamed(*code))),
            _ => self.tally.ignored += 1,
        }
    }

    /// Words about the sound. Where they have no place they are passed over.
    fn tell(&mut self, out: &mut Vec<Effect>, takes: impl FnOnce(&mut Stream, &mut Vec<Effect>) -> bool) {
        let is_taken = self.stream.as_mut().is_some_and(|stream| takes(stream, out));
        self.tally.ignored += u64::from(!is_taken);
    }

    /// The vendor did not keep to the protocol: what it sends from here on cannot be trusted.
    fn broke(&mut self, rule: &'static str, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if !self.is_going() {
            self.tally.ignored += 1;
            return;
        }
        self.leave(Farewell::Error, Some(rule), now, out);
        self.end(None, LiveEnd::Stopped, now, out);
        out.push(Effect::Note(Note::Broke(rule)));
    }

    fn leave(&mut self, why: Farewell, info: Option<&'static str>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.is_going() {
            self.say(Saying::Disconnect(why, info), now, out);
            self.state = State::Leaving { until: now + CLOSE_WITHIN };
        }
    }

    fn tick(&mut self, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        if self.is_going() {
            out.push(Effect::Note(Note::Silent));
        }
        self.gone(now, out);
        out.push(Effect::Close);
    }

    /// Nothing more comes.
    fn gone(&mut self, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let how = if self.is_going() { LiveEnd::BrokenOff } else { LiveEnd::Stopped };
        self.end(None, how, now, out);
        self.state = State::Over;
    }

    fn end(&mut self, position: Option<StreamTime>, how: LiveEnd, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if let Some(stream) = self.stream.take() {
            stream.end(position, how, now, out);
        }
    }

    /// Whether neither side has said goodbye.
    fn is_going(&self) -> bool {
        matches!(self.state, State::Preparing | State::Open)
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// Says what need not be said, unless it would be too much.
    fn answer(&mut self, saying: Saying<'_>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.pace.may(now) {
            self.say(saying, now, out);
        } else {
            self.tally.unsaid += 1;
        }
    }

    fn say(&mut self, saying: Saying<'_>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        self.pace.spend(now);
        self.sent += 1;
        out.push(Effect::Send(saying.write(&self.rules.session, self.sent, self.seen)));
    }
}

#[cfg(test)]
#[path = "session/tests/mod.rs"]
mod tests;
