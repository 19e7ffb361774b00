//! What one step of a channel has at hand.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{Error, Gap, SourceStatus};
use fastrand::Rng;

use super::effect::Effect;

/// Waits before something is tried again: the first, and the longest. Each is half as long again at random, so that the
/// channels of a program do not all come at once.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(1);
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);

pub(super) struct Turn<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) out: &'a mut Vec<Effect>,
    pub(super) gaps: Vec<Gap>,
    /// How often it was tried in vain so far.
    pub(super) attempts: u32,
    /// Whether something went wrong.
    pub(super) is_troubled: bool,
    /// Whether somebody is heard again who was perhaps not heard.
    pub(super) is_back: bool,
    number: &'a mut u64,
    rng: &'a mut Rng,
}

impl<'a> Turn<'a> {
    pub(super) fn new(now: DateTime<Utc>, out: &'a mut Vec<Effect>, number: &'a mut u64, rng: &'a mut Rng) -> Self {
        Self { now, out, gaps: Vec::new(), attempts: 0, is_troubled: false, is_back: false, number, rng }
    }

    /// What was not heard, and whether somebody is heard again.
    pub(super) fn end(self) -> (Vec<Gap>, bool) {
        (self.gaps, self.is_back)
    }

    /// A number that nothing else has.
    pub(super) fn number(&mut self) -> u64 {
        *self.number += 1;
        *self.number
    }

    /// Says what went wrong. The time until it is tried again.
    pub(super) fn trouble(&mut self, why: &Error) -> TimeDelta {
        self.is_troubled = true;
        self.after(self.attempts, why)
    }

    /// The same after so many attempts.
    pub(super) fn after(&mut self, attempts: u32, why: &Error) -> TimeDelta {
        let step = (FIRST_WAIT * 2_i32.saturating_pow(attempts.min(6))).min(LONGEST_WAIT);
        let jitter = TimeDelta::milliseconds(self.rng.i64(0..=step.num_milliseconds() / 2));
        let asked = why.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
        let wait = (step + jitter).min(LONGEST_WAIT).max(asked);
        self.out.push(Effect::Status(if why.is_rate_limited() {
            SourceStatus::Throttled { until: self.now + wait }
        } else {
            SourceStatus::Reconnecting { why: why.to_string() }
        }));
        wait
    }
}
