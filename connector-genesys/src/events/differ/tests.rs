//! What is told of calls, whatever is heard of them and in whatever order.

mod ends;
mod model;
mod property;
mod reading;
mod steps;

use chrono::TimeDelta;
use connector_core::{CallEvent, CallEventKind, StampSource};

use super::snapshot::{Phase, WrapUp};
use super::*;

/// So many seconds into the test.
fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).expect("a time")
}

fn everybody(_: &AgentRef) -> bool {
    true
}

/// Agents whose ids begin with `a` are ours; those with `x` are somebody else's.
fn ours(agent: &AgentRef) -> bool {
    agent.id.as_deref().is_some_and(|id| id.starts_with('a'))
}

/// A participant that has just come in.
fn party(id: &str, role: Role) -> Party {
    Party {
        id: id.to_owned(),
        role,
        agent: AgentRef::default(),
        phase: Phase::Ringing,
        started: Some(at(0)),
        answered: None,
        ended: None,
        is_holding: Some(false),
        holding_since: None,
        is_muted: Some(false),
        is_paused: Some(false),
        has_passed_on: false,
        wrap_up: None,
    }
}

/// An agent's part, at this phase. It has the id of the agent and a number.
fn agent(who: &str, number: u32, phase: Phase) -> Party {
    let started = party(&format!("{who}-{number}"), Role::Agent);
    let ended = (phase == Phase::Over).then(|| at(60));
    let answered = (phase != Phase::Ringing).then(|| at(10));
    Party { agent: AgentRef::default().with_id(who), phase, answered, ended, ..started }
}

fn customer(phase: Phase) -> Party {
    let ended = (phase == Phase::Over).then(|| at(60));
    Party { phase, answered: Some(at(0)), ended, ..party("customer", Role::Customer) }
}

fn call(parties: impl IntoIterator<Item = Party>) -> Snapshot {
    Snapshot { conversation: "c-1".to_owned(), parties: parties.into_iter().collect() }
}

/// A differ, and what it has told so far.
#[derive(Default)]
struct Heard {
    differ: Differ,
    effects: Vec<Effect>,
}

impl Heard {
    fn with(limits: Limits) -> Self {
        Self { differ: Differ::new(limits), effects: Vec::new() }
    }

    /// What a state tells.
    fn see(&mut self, snapshot: &Snapshot, second: i64) -> Vec<String> {
        let mut out = Vec::new();
        self.differ.see(snapshot, &ours, at(second), &mut out);
        self.told(out)
    }

    fn tick(&mut self, second: i64) -> Vec<String> {
        let mut out = Vec::new();
        self.differ.tick(at(second), &mut out);
        self.told(out)
    }

    fn confirmed(&mut self, answer: Confirmed, second: i64) -> Vec<String> {
        let mut out = Vec::new();
        self.differ.confirmed("c-1", answer, at(second), &mut out);
        self.told(out)
    }

    fn told(&mut self, out: Vec<Effect>) -> Vec<String> {
        let told = out.iter().map(shown).collect();
        self.effects.extend(out);
        told
    }

    fn events(&self) -> Vec<&CallEvent> {
        self.effects.iter().filter_map(event).collect()
    }

    fn keys(&self) -> Vec<&str> {
        self.events().into_iter().map(|event| event.key.as_str()).collect()
    }
}

fn event(effect: &Effect) -> Option<&CallEvent> {
    match effect {
        Effect::Emit(event) => Some(event),
        Effect::Confirm(_) | Effect::Gap(_) => None,
    }
}

/// An effect in a word: `answered a-1`, `ended`, `confirm`.
fn shown(effect: &Effect) -> String {
    match effect {
        Effect::Emit(event) => match &event.conversation.leg {
            Some(leg) => format!("{} {leg}", event.kind),
            None => event.kind.to_string(),
        },
        Effect::Confirm(_) => "confirm".to_owned(),
        Effect::Gap(_) => "gap".to_owned(),
    }
}
