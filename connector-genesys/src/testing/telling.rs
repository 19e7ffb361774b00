//! What happens in the day's calls, told on its topics when it is due.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use connector_core::testing::http::Tokens;
use connector_core::testing::{DayTime, Fault, FaultPlan};
use serde_json::json;

use super::channels::{Channels, News};
use super::day::Day;
use super::snapshot::{instants, snapshot, topics};

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

    /// What is told next: when, and of which call.
    pub(super) fn next(&self, day: &Day) -> Option<(DateTime<Utc>, usize)> {
        let mut next: Option<(DateTime<Utc>, usize)> = None;
        for (call, of_call) in day.calls() {
            let told = self.of(call);
            if next.is_some_and(|(at, _)| at < of_call.started) {
                break;
            }
            if told.is_none_or(|told| told < of_call.done()) {
                let due = instants(day, call).into_iter().find(|at| told.is_none_or(|told| told < *at));
                let due = due.map(|at| (at, call));
                next = next.into_iter().chain(due).min();
            }
        }
        next
    }

    /// Tells everything that has happened by now.
    pub(super) fn catch_up(&mut self, day: &mut Day, channels: &mut Channels, tokens: &mut Tokens, faults: &FaultPlan) {
        // Only a day that passes has news.
        let DayTime::Passing(passing) = day.time else { return };
        while let Some((at, call)) = self.next(day).filter(|(at, _)| *at <= passing.now()) {
            channels.prune(tokens, &day.settings);
            if !self.calls.contains_key(&call) && faults.fire(Fault::LostEvent) {
                self.doomed.insert(call);
            }
            if tell(call, at, self.doomed.contains(&call), day, channels, tokens, faults) {
                self.heard.insert(call);
            }
            self.calls.insert(call, at);
        }
    }
}

/// Tells a call as it is at an instant, on all topics that tell of it. Whether somebody heard it.
fn tell(
    call: usize,
    at: DateTime<Utc>,
    is_doomed: bool,
    day: &mut Day,
    channels: &mut Channels,
    tokens: &mut Tokens,
    faults: &FaultPlan,
) -> bool {
    let body = snapshot(day, call, at);
    let mut is_heard = false;
    for topic in topics(day, call, at) {
        let topic = topic.name(&day.org);
        for _ in 0..std::mem::take(&mut day.settings.bad_messages) {
            channels.say(&topic, &json!({ "id": [], "participants": "nobody" }));
        }
        if is_doomed {
            channels.lose(&topic);
            continue;
        }
        let (was_heard, void) = channels.tell(&News { topic: &topic, body: &body }, faults, &day.settings);
        is_heard |= was_heard;
        if !void.is_empty() {
            void.iter().for_each(|token| tokens.end(token));
            channels.prune(tokens, &day.settings);
        }
    }
    is_heard
}
