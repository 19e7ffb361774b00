//! Sessions and events of calls, in whichever order they come.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::time::after;
use crate::{AgentRef, CallEvent, CallEventKind, Stamp};

/// The limits of a [`Matcher`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatcherOptions {
    /// How long a session waits for its call to be answered, and how long a call is remembered after its end.
    pub patience: Duration,
    /// How long a call is remembered whose end is not told.
    pub longest_call: Duration,
    /// Sessions that wait, at most; the one that has waited longest makes room.
    pub sessions: usize,
    /// Calls that are remembered, at most; the one that would be forgotten next makes room.
    pub calls: usize,
}

/// 10 minutes, calls of 4 hours, 10,000 sessions and 100,000 calls.
impl Default for MatcherOptions {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(600),
            longest_call: Duration::from_secs(4 * 3600),
            sessions: 10_000,
            calls: 100_000,
        }
    }
}

impl MatcherOptions {
    /// The same options with this patience.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same options for so many sessions and calls; at least 1.
    pub fn with_limits(mut self, sessions: usize, calls: usize) -> Self {
        (self.sessions, self.calls) = (sessions.max(1), calls.max(1));
        self
    }
}

/// What a [`Matcher`] is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a, T> {
    /// A session began.
    Session {
        /// The id of its call.
        conversation: &'a str,
        /// Whatever is to be had back.
        session: T,
    },
    /// Something happened to a call.
    Event(&'a CallEvent),
    /// Time went by.
    Nothing,
}

/// What a [`Matcher`] says. Each session comes out once.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect<T> {
    /// An agent has the call.
    Matched {
        /// What was handed in.
        session: T,
        /// Who answered last, as far as was heard by now.
        agent: AgentRef,
        /// When that was.
        answered: Stamp,
    },
    /// Nobody was heard to answer in time, or there was no room to wait.
    Unmatched {
        /// What was handed in.
        session: T,
    },
}

/// Joins live sessions with the events of one source, for programs that have both. `T` is whatever is to be had back: a
/// [`LiveSession`](crate::LiveSession), or a key of one.
///
/// A session is matched as soon as an agent has answered its call, whether that is heard before it or after. It is a state
/// machine: it reads no clock, and [`due`](Self::due) says when it is to be told that time went by.
///
/// ```
/// use connector_core::matching::{Effect, Input, Matcher, MatcherOptions};
/// use connector_core::{AgentRef, CallEvent, CallEventKind, ConversationRef, EventKey, Stamp};
///
/// let now = "2026-10-19T08:00:00Z".parse().unwrap();
/// let (mut matcher, mut out) = (Matcher::new(MatcherOptions::default()), Vec::new());
/// matcher.step(now, Input::Session { conversation: "c-1", session: "s-1" }, &mut out);
/// assert!(out.is_empty());
///
/// let (key, call) = (EventKey::new("c-1 answered"), ConversationRef::new("c-1"));
/// let mut event = CallEvent::new(key, call, CallEventKind::Answered, Stamp::vendor(now));
/// event.agent = Some(AgentRef::default().with_id("a-1"));
/// matcher.step(now, Input::Event(&event), &mut out);
/// assert!(matches!(&out[..], [Effect::Matched { session: "s-1", agent, .. }] if agent.id.as_deref() == Some("a-1")));
/// ```
pub struct Matcher<T> {
    options: MatcherOptions,
    waiting: Waiting<T>,
    calls: Calls,
}

impl<T> Matcher<T> {
    /// Nothing has been heard yet.
    pub fn new(options: MatcherOptions) -> Self {
        Self { options, waiting: Waiting::default(), calls: Calls::default() }
    }

    /// Takes in what happened, and appends what is to be done about it. First of all, whatever is overdue by now.
    pub fn step(&mut self, now: DateTime<Utc>, input: Input<'_, T>, out: &mut Vec<Effect<T>>) {
        out.extend(self.waiting.overdue(now).map(|session| Effect::Unmatched { session }));
        self.calls.forget(now);
        match input {
            Input::Session { conversation, session } => match self.calls.known.get(conversation) {
                Some(call) => out.push(call.matched(session)),
                None => {
                    let until = after(now, self.options.patience);
                    out.extend(self.waiting.make_room(self.options.sessions));
                    self.waiting.add(conversation, until, session);
                }
            },
            Input::Event(event) => self.hear(now, event, out),
            Input::Nothing => {}
        }
    }

    /// When it is to be stepped at the latest, though nothing happens. `None` while it waits for nothing.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        self.waiting.deadlines.first().map(|(until, ..)| *until)
    }

    /// How many sessions wait.
    pub fn waiting(&self) -> usize {
        self.waiting.deadlines.len()
    }

    fn hear(&mut self, now: DateTime<Utc>, event: &CallEvent, out: &mut Vec<Effect<T>>) {
        let id = event.conversation.id.as_str();
        match (&event.kind, &event.agent) {
            (CallEventKind::Answered, Some(agent)) => {
                let until = after(now, self.options.longest_call);
                let call = self.calls.answered(id, agent, event.at, until, self.options.calls);
                out.extend(self.waiting.take(id).into_iter().map(|session| call.matched(session)));
            }
            (CallEventKind::Ended | CallEventKind::Abandoned, _) => {
                self.calls.ended(id, after(now, self.options.patience));
            }
            _ => {}
        }
    }
}

/// Sessions whose call nobody was heard to answer.
struct Waiting<T> {
    of_call: HashMap<Arc<str>, Vec<(Deadline, T)>>,
    deadlines: BTreeSet<(DateTime<Utc>, u64, Arc<str>)>,
    count: u64,
}

/// Until when, and a number that makes it unlike others.
type Deadline = (DateTime<Utc>, u64);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { of_call: HashMap::new(), deadlines: BTreeSet::new(), count: 0 }
    }
}

impl<T> Waiting<T> {
    fn add(&mut self, call: &str, until: DateTime<Utc>, session: T) {
        self.count += 1;
        let (call, deadline) = (Arc::<str>::from(call), (until, self.count));
        self.deadlines.insert((deadline.0, deadline.1, call.clone()));
        self.of_call.entry(call).or_default().push((deadline, session));
    }

    /// All that wait for a call.
    fn take(&mut self, call: &str) -> Vec<T> {
        let Some((call, sessions)) = self.of_call.remove_entry(call) else { return Vec::new() };
        let sessions = sessions.into_iter().map(|(deadline, session)| {
            self.deadlines.remove(&(deadline.0, deadline.1, call.clone()));
            session
        });
        sessions.collect()
    }

    /// The one whose time is over first.
    fn pop(&mut self) -> Option<T> {
        let (until, number, call) = self.deadlines.pop_first()?;
        let sessions = self.of_call.get_mut(&call)?;
        let place = sessions.iter().position(|(deadline, _)| *deadline == (until, number))?;
        let (_, session) = sessions.remove(place);
        if sessions.is_empty() {
            self.of_call.remove(&call);
        }
        Some(session)
    }

    fn overdue(&mut self, now: DateTime<Utc>) -> impl Iterator<Item = T> {
        std::iter::from_fn(move || {
            self.deadlines.first().filter(|(until, ..)| *until <= now)?;
            self.pop()
        })
    }

    fn make_room(&mut self, most: usize) -> Option<Effect<T>> {
        let is_full = self.deadlines.len() >= most.max(1);
        is_full.then(|| self.pop()).flatten().map(|session| Effect::Unmatched { session })
    }
}

/// Calls that an agent has answered.
#[derive(Default)]
struct Calls {
    known: HashMap<Arc<str>, Call>,
    until: BTreeSet<(DateTime<Utc>, Arc<str>)>,
}

struct Call {
    agent: AgentRef,
    answered: Stamp,
    until: DateTime<Utc>,
    has_ended: bool,
}

impl Call {
    fn matched<T>(&self, session: T) -> Effect<T> {
        Effect::Matched { session, agent: self.agent.clone(), answered: self.answered }
    }
}

impl Calls {
    fn answered(&mut self, id: &str, agent: &AgentRef, at: Stamp, until: DateTime<Utc>, most: usize) -> &Call {
        if !self.known.contains_key(id) {
            self.make_room(most);
        }
        let id: Arc<str> = id.into();
        let new = || Call { agent: agent.clone(), answered: at, until, has_ended: false };
        let call = self.known.entry(id.clone()).or_insert_with(new);
        if at.at > call.answered.at {
            (call.agent, call.answered) = (agent.clone(), at);
        }
        if !call.has_ended {
            self.until.remove(&(call.until, id.clone()));
            self.until.insert((until, id));
            call.until = until;
        }
        call
    }

    /// An end that is told again changes nothing.
    fn ended(&mut self, id: &str, until: DateTime<Utc>) {
        let Some(call) = self.known.get_mut(id).filter(|call| !call.has_ended) else { return };
        call.has_ended = true;
        let id: Arc<str> = id.into();
        self.until.remove(&(call.until, id.clone()));
        self.until.insert((until, id));
        call.until = until;
    }

    fn make_room(&mut self, most: usize) {
        while self.known.len() >= most.max(1) {
            let Some((_, next)) = self.until.pop_first() else { return };
            self.known.remove(&next);
        }
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        while let Some((_, id)) = self.until.first().filter(|(until, _)| *until <= now) {
            self.known.remove(id);
            self.until.pop_first();
        }
    }
}

impl<T> fmt::Debug for Matcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({} sessions wait, {} calls are known)", self.waiting(), self.calls.known.len())
    }
}

#[cfg(test)]
mod tests;
