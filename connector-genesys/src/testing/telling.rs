//! What happens in the day's calls, told on its topics when it is due.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use connector_core::testing::{Fault, FaultPlan};
use serde_json::json;

use super::channels::News;
use super::org::Org;
use super::snapshot::{instants, snapshot, topics};
use super::state::{State, Time};

/// How far the calls are told.
#[derive(Default)]
pub(super) struct Told {
    /// What happened until then is told, or never will be.
    from: Option<DateTime<Utc>>,
    /// The same for one call.
    calls: BTreeMap<usize, DateTime<Utc>>,
    /// Calls whose messages are all lost on their way, since that is planned.
    doomed: BTreeSet<usize>,
    /// Calls of which something was told to somebody.
    heard: BTreeSet<usize>,
}

impl Told {
    /// Nothing of what happened until this instant is told any more.
    pub(super) fn until(at: DateTime<Utc>) -> Self {
        Self { from: Some(at), ..Self::default() }
    }

    /// Whether nothing was told of a call.
    pub(super) fn is_unheard(&self, call: usize) -> bool {
        !self.heard.contains(&call)
    }

    fn of(&self, call: usize) -> Option<DateTime<Utc>> {
        self.calls.get(&call).copied().max(self.from)
    }
}

/// What is told next: when, and of which call.
pub(super) fn next(org: &Org, state: &State) -> Option<(DateTime<Utc>, usize)> {
    let mut next: Option<(DateTime<Utc>, usize)> = None;
    for (call, of_call) in org.scenario.calls.iter().enumerate().take(state.calls) {
        let told = state.told.of(call);
        if next.is_some_and(|(at, _)| at < of_call.started) {
            break;
        }
        if told.is_none_or(|told| told < org.done(call)) {
            let due = instants(org, &state.settings, call).into_iter().find(|at| told.is_none_or(|told| told < *at));
            let due = due.map(|at| (at, call));
            next = next.into_iter().chain(due).min();
        }
    }
    next
}

/// Tells everything that has happened by now.
pub(super) fn catch_up(org: &Org, faults: &FaultPlan, state: &mut State) {
    // Only a day that passes has news.
    let Time::Passing(run) = state.time else { return };
    while let Some((at, call)) = next(org, state).filter(|(at, _)| *at <= run.now()) {
        tell(call, at, org, faults, state);
        state.told.calls.insert(call, at);
    }
}

/// Tells a call as it is at an instant, on all topics that tell of it.
fn tell(call: usize, at: DateTime<Utc>, org: &Org, faults: &FaultPlan, state: &mut State) {
    state.prune_channels();
    if !state.told.calls.contains_key(&call) && faults.fire(Fault::LostEvent) {
        state.told.doomed.insert(call);
    }
    let is_doomed = state.told.doomed.contains(&call);
    let body = snapshot(org, &state.settings, call, at);
    for topic in topics(org, &state.settings, call, at) {
        let topic = topic.name(org);
        while state.settings.bad_messages > 0 {
            state.settings.bad_messages -= 1;
            state.channels.say(&topic, &json!({ "id": [], "participants": "nobody" }));
        }
        if is_doomed {
            state.channels.lose(&topic);
            continue;
        }
        let (was_heard, void) = state.channels.tell(&News { topic: &topic, body: &body }, faults, &state.settings);
        if was_heard {
            state.told.heard.insert(call);
        }
        state.tokens.retain(|token, _| !void.contains(token));
        if !void.is_empty() {
            state.prune_channels();
        }
    }
}
