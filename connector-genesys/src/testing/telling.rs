//! What happens in the day's calls, told on its topics when it is due.

use chrono::{DateTime, Utc};
use connector_core::testing::FaultPlan;
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
    calls: std::collections::BTreeMap<usize, DateTime<Utc>>,
}

impl Told {
    /// Nothing of what happened until this instant is told any more.
    pub(super) fn until(at: DateTime<Utc>) -> Self {
        Self { from: Some(at), calls: Default::default() }
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
    let body = snapshot(org, &state.settings, call, at);
    for topic in topics(org, &state.settings, call, at) {
        let topic = topic.name(org);
        while state.settings.bad_messages > 0 {
            state.settings.bad_messages -= 1;
            state.channels.say(&topic, &json!({ "id": [], "participants": "nobody" }));
        }
        let void = state.channels.tell(&News { topic: &topic, body: &body }, faults, &state.settings);
        state.tokens.retain(|token, _| !void.contains(token));
        if !void.is_empty() {
            state.prune_channels();
        }
    }
}
