//! What is to come out of a source: the calls of the day, through what the source can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::testing::{Clip, Happening, Scenario, ScenarioCall};
use crate::{CallEvent, CallEventKind, EventKey, EventTraits, StampSource};

/// A call of the scenario that the system tells of, and how it does.
///
/// ```
/// use connector_core::testing::Scenario;
/// use connector_core::testing::conformance::ExpectedCall;
///
/// let scenario = Scenario::small(7);
/// let call = ExpectedCall::of(&scenario, 0, "contact-0");
/// assert_eq!(call.agents, [scenario.calls[0].legs()[0].agent]);
/// assert_eq!(call.recordings, [scenario.calls[0].audio]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpectedCall {
    /// The system's id of the conversation.
    pub conversation: String,
    /// Index of the call in [`Scenario::calls`].
    pub call: usize,
    /// Indices in [`Scenario::agents`] of those whose call it is, as the system sees it.
    pub agents: Vec<usize>,
    /// How its recordings sound.
    pub recordings: Vec<Clip>,
}

impl ExpectedCall {
    /// A call with everybody who had a leg in it, and its recording if it was recorded.
    pub fn of(scenario: &Scenario, call: usize, conversation: impl Into<String>) -> Self {
        let told = &scenario.calls[call];
        let agents = told.legs().iter().map(|leg| leg.agent).collect();
        let recordings = told.recorded.then_some(told.audio).into_iter().collect();
        Self { conversation: conversation.into(), call, agents, recordings }
    }

    /// All calls of a day, each under the id of the scenario.
    pub fn all(scenario: &Scenario) -> Vec<Self> {
        let calls = scenario.calls.iter().enumerate();
        calls.map(|(index, call)| Self::of(scenario, index, &call.id)).collect()
    }

    /// The same call, seen as that of these people alone.
    pub fn with_agents(mut self, agents: impl IntoIterator<Item = usize>) -> Self {
        self.agents = agents.into_iter().collect();
        self
    }
}

/// Something that has to be heard: of which call, what, and when, where a time can be told.
#[derive(Clone, Debug)]
struct Occurrence {
    conversation: String,
    kind: CallEventKind,
    at: Option<DateTime<Utc>>,
}

/// Everything that has to be heard of some calls.
#[derive(Clone, Debug)]
pub(super) struct Sought {
    occurrences: Vec<Occurrence>,
    resolution: Duration,
}

/// How what was heard differs from what was sought.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) missing: Vec<String>,
    pub(super) surplus: Vec<String>,
    pub(super) wrong: Vec<String>,
}

impl Sought {
    /// What a source with these traits has to tell of these calls.
    pub(super) fn new(scenario: &Scenario, expected: &[ExpectedCall], traits: &EventTraits) -> Self {
        let of_call = |call: &ExpectedCall| {
            let happened = scenario.calls.get(call.call).map(happened).unwrap_or_default();
            let timed = happened.into_iter().map(|(kind, at)| (kind, Some(at)));
            let available = call.recordings.iter().map(|_| (CallEventKind::RecordingAvailable, None));
            let conversation = call.conversation.clone();
            let told = timed.chain(available).filter(|(kind, _)| traits.kinds.contains(kind));
            told.map(|(kind, at)| Occurrence { conversation: conversation.clone(), kind, at }).collect::<Vec<_>>()
        };
        Self { occurrences: expected.iter().flat_map(of_call).collect(), resolution: traits.resolution }
    }

    pub(super) fn len(&self) -> usize {
        self.occurrences.len()
    }

    /// Whether there is as much of everything as there has to be.
    pub(super) fn all_in(&self, heard: &[CallEvent]) -> bool {
        self.difference(heard).missing.is_empty()
    }

    /// Compares what was heard, however often, with what was sought.
    pub(super) fn difference(&self, heard: &[CallEvent]) -> Difference {
        let mut sought: BTreeMap<(&str, &CallEventKind), Vec<Option<DateTime<Utc>>>> = BTreeMap::new();
        for occurrence in &self.occurrences {
            sought.entry((&occurrence.conversation, &occurrence.kind)).or_default().push(occurrence.at);
        }
        let distinct: BTreeMap<&EventKey, &CallEvent> = heard.iter().map(|event| (&event.key, event)).collect();
        let mut told: BTreeMap<(&str, &CallEventKind), Vec<&CallEvent>> = BTreeMap::new();
        for event in distinct.into_values() {
            told.entry((&event.conversation.id, &event.kind)).or_default().push(event);
        }
        let mut difference = Difference::default();
        for ((conversation, kind), mut times) in sought {
            let mut events = told.remove(&(conversation, kind)).unwrap_or_default();
            times.sort();
            events.sort_by_key(|event| event.at.at);
            let words = format!("{kind} of {conversation}");
            difference.missing.extend((events.len()..times.len()).map(|_| words.clone()));
            difference.surplus.extend((times.len()..events.len()).map(|_| words.clone()));
            let pairs = events.iter().zip(&times).filter(|_| events.len() == times.len());
            let off = pairs.filter(|(event, time)| time.is_some_and(|time| self.is_off(event, time)));
            difference.wrong.extend(off.map(|(event, _)| format!("{words} at {}", event.at)));
        }
        // Kinds that a scenario does not speak of, such as changes of metadata, may come at will.
        let conversations: BTreeSet<&str> = self.occurrences.iter().map(|one| one.conversation.as_str()).collect();
        let strange = told.into_iter().filter(|((conversation, _), _)| !conversations.contains(conversation));
        difference.surplus.extend(strange.map(|((conversation, kind), _)| format!("{kind} of {conversation}")));
        difference
    }

    /// Whether an event tells another time. The moment at which it was received proves nothing.
    fn is_off(&self, event: &CallEvent, time: DateTime<Utc>) -> bool {
        let apart = (event.at.at - time).abs().to_std().unwrap_or(Duration::MAX);
        event.at.source != StampSource::Received && apart > self.resolution
    }
}

/// What happened in a call, in the words of events.
fn happened(call: &ScenarioCall) -> Vec<(CallEventKind, DateTime<Utc>)> {
    use CallEventKind::{Answered, Ended, Held, LegEnded, Resumed, Ringing, Transferred, WrapUpEnded};
    let of_moment = |moment: &crate::testing::Moment| {
        let at = call.started + moment.at;
        match moment.what {
            Happening::Ring(_) => vec![(Ringing, at)],
            Happening::Answer(_) => vec![(Answered, at)],
            Happening::Hold => vec![(Held, at)],
            Happening::Resume => vec![(Resumed, at)],
            Happening::Transfer { .. } => vec![(LegEnded, at), (Transferred, at)],
            Happening::End { .. } => vec![(LegEnded, at), (Ended, at)],
            Happening::WrapUp(work) => vec![(WrapUpEnded, at + work)],
        }
    };
    call.timeline.iter().flat_map(of_moment).collect()
}
