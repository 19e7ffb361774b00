//! What a contact goes through while it goes on: a state machine without a clock and without a wire.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use connector_core::{AgentRef, CallEvent, CallEventKind, ConversationRef, EventKey, Stamp};

use crate::wire::states::Description;

/// So many contacts are followed at once; beyond that a new one is only heard of at its end.
const MOST: usize = 10_000;

/// What an agent's contact is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Ringing,
    Talking,
    Held,
    Over,
    /// Something else, which changes nothing.
    Other,
}

/// Words of a state's description begin like this. The first that is found counts.
///
/// States are named by the tenant, and their ids differ. Only `Released` is known to be final everywhere; the other words
/// are those that the vendor's agent sessions use for the same, so a tenant with other words is told less.
const WORDS: [(&str, Phase); 11] = [
    ("releas", Phase::Over),
    ("disconnect", Phase::Over),
    ("abandon", Phase::Over),
    ("hold", Phase::Held),
    ("held", Phase::Held),
    ("ring", Phase::Ringing),
    ("dial", Phase::Ringing),
    ("incoming", Phase::Ringing),
    ("active", Phase::Talking),
    ("joined", Phase::Talking),
    ("talk", Phase::Talking),
];

impl Phase {
    /// By the words of a description.
    pub(super) fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let found = WORDS.iter().find(|(stem, _)| words.iter().any(|word| word.starts_with(stem)));
        found.map_or(Self::Other, |(_, phase)| *phase)
    }

    /// By the first of these texts that says something.
    fn of_any<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        texts.into_iter().flatten().map(Self::of).find(|phase| *phase != Self::Other).unwrap_or(Self::Other)
    }
}

/// The states of one tenant, by their ids.
#[derive(Debug, Default)]
pub(super) struct States(HashMap<String, Phase>);

impl States {
    pub(super) fn read(described: impl IntoIterator<Item = Description>) -> Self {
        let phase = |state: Description| {
            let phase = Phase::of_any([state.description.as_deref(), state.category.as_deref()]);
            Some((state.id?, phase))
        };
        Self(described.into_iter().filter_map(phase).collect())
    }

    /// By the id of the state; by what the contact itself says of it where the id is not described.
    pub(super) fn phase(&self, id: Option<&str>, name: Option<&str>, category: Option<&str>) -> Phase {
        let described = id.and_then(|id| self.0.get(id)).copied();
        described.filter(|phase| *phase != Phase::Other).unwrap_or_else(|| Phase::of_any([name, category]))
    }
}

/// A contact as it was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) contact: String,
    pub(super) master: String,
    pub(super) agent: AgentRef,
    pub(super) phase: Phase,
    /// Since when it is as it is.
    pub(super) since: Option<DateTime<Utc>>,
    /// When its agent got it.
    pub(super) answered: Option<DateTime<Utc>>,
}

/// How far each contact has come.
#[derive(Debug, Default)]
pub(super) struct Courses(HashMap<String, Course>);

#[derive(Debug)]
struct Course {
    phase: Phase,
    since: Option<DateTime<Utc>>,
    is_missing: bool,
}

impl Courses {
    /// What is new with a contact. Something older than what was seen before is nothing new.
    pub(super) fn see(&mut self, seen: &Seen, now: DateTime<Utc>) -> Vec<CallEvent> {
        if seen.phase == Phase::Other || (self.0.len() >= MOST && !self.0.contains_key(&seen.contact)) {
            return Vec::new();
        }
        let fresh = Course { phase: Phase::Other, since: None, is_missing: false };
        let course = self.0.entry(seen.contact.clone()).or_insert(fresh);
        course.is_missing = false;
        if seen.since.is_some() && seen.since < course.since {
            return Vec::new();
        }
        let (steps, phase) = steps(course.phase, seen.phase);
        (course.phase, course.since) = (phase, seen.since.or(course.since));
        steps.iter().map(|kind| event(kind, seen, now)).collect()
    }

    /// The contacts that go on no more, now that all that do were seen; each is told once. It is only a hint: a contact may
    /// be missing because pages moved.
    pub(super) fn missing(&mut self, found: &HashSet<String>) -> Vec<String> {
        let gone = self.0.iter_mut().filter(|(contact, course)| !course.is_missing && !found.contains(*contact));
        gone.map(|(contact, course)| {
            course.is_missing = true;
            contact.clone()
        })
        .collect()
    }

    /// Follows no contact any more that is known to be over.
    pub(super) fn forget(&mut self, is_over: impl Fn(&str) -> bool) {
        self.0.retain(|contact, _| !is_over(contact));
    }
}

/// What happens between two phases, and where that leads.
fn steps(before: Phase, now: Phase) -> (&'static [CallEventKind], Phase) {
    use CallEventKind::{Answered, Held, Resumed, Ringing};
    match (before, now) {
        (Phase::Over, _) => (&[], Phase::Over),
        (Phase::Other, Phase::Ringing) => (&[Ringing], now),
        (Phase::Other | Phase::Ringing, Phase::Talking) => (&[Answered], now),
        (Phase::Other | Phase::Ringing, Phase::Held) => (&[Answered, Held], now),
        (Phase::Talking, Phase::Held) => (&[Held], now),
        (Phase::Held, Phase::Talking) => (&[Resumed], now),
        (_, Phase::Over) => (&[], now),
        // It rings once.
        (_, Phase::Ringing | Phase::Talking | Phase::Held | Phase::Other) => (&[], before),
    }
}

fn event(kind: &CallEventKind, seen: &Seen, now: DateTime<Utc>) -> CallEvent {
    let since = seen.since.map(Stamp::vendor);
    let at = match kind {
        CallEventKind::Answered => seen.answered.map(Stamp::vendor).or(since),
        _ => since,
    };
    let at = at.unwrap_or(Stamp::received(now));
    // A contact rings and is answered once; each hold has a key of its own, which a restart does not change.
    let key = match kind {
        CallEventKind::Ringing | CallEventKind::Answered => format!("{}:{kind}", seen.contact),
        _ => format!("{}:{kind}:{}", seen.contact, at.at.timestamp_millis()),
    };
    let conversation = ConversationRef::new(&seen.master).with_leg(&seen.contact);
    let mut event = CallEvent::new(EventKey::new(key), conversation, kind.clone(), at);
    event.agent = Some(seen.agent.clone());
    event
}

#[cfg(test)]
mod tests;
