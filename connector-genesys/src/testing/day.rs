//! The day that a fake plays, and how far it has come: what every room reads.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use connector_core::testing::{DayTime, ScenarioCall};

use super::org::Org;
use super::settings::Settings;

/// The day that a fake plays, and how far it has come.
pub(super) struct Day {
    pub(super) org: Arc<Org>,
    pub(super) settings: Settings,
    pub(super) time: DayTime,
    /// How many of its calls there are so far.
    pub(super) calls: usize,
}

impl Day {
    pub(super) fn new(org: Arc<Org>) -> Self {
        Self { org, settings: Settings::default(), time: DayTime::Over, calls: usize::MAX }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.time.now(&self.org.scenario)
    }

    /// The calls that there are so far, with their index in the scenario.
    pub(super) fn calls(&self) -> impl Iterator<Item = (usize, &ScenarioCall)> {
        self.org.scenario.calls.iter().enumerate().take(self.calls)
    }

    /// What the scenario tells of a call.
    pub(super) fn told(&self, call: usize) -> &ScenarioCall {
        &self.org.scenario.calls[call]
    }

    /// A call that has begun, by the id of its conversation.
    pub(super) fn call(&self, conversation: &str) -> Option<usize> {
        let now = self.now();
        self.calls().find(|(_, told)| told.id == conversation && told.started <= now).map(|(call, _)| call)
    }
}
