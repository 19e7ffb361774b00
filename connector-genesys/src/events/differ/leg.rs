//! One agent's part in a call: what is new in it, each time it is seen.

use chrono::{DateTime, Utc};
use connector_core::{AgentRef, CallEventKind, Stamp};

use super::snapshot::{Party, Phase};

/// The vendor's words for what the vocabulary has none for.
pub(crate) const MUTED: &str = "muted";
pub(crate) const UNMUTED: &str = "unmuted";

/// One thing that happened to a leg.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) kind: CallEventKind,
    pub(super) at: Stamp,
    pub(super) mark: Mark,
}

/// Which occurrence of its kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The only one of the leg: it needs no time, so that a corrected time is no second event.
    Only,
    /// The one that began then.
    Since(DateTime<Utc>),
    /// The one with this number, where the vendor names no time. After a restart they are counted anew.
    Nth(u32),
}

/// What is known of a leg.
#[derive(Debug, Default)]
pub(super) struct Leg {
    pub(super) agent: AgentRef,
    pub(super) is_answered: bool,
    pub(super) is_over: bool,
    has_rung: bool,
    is_wrapped_up: bool,
    hold: Option<Mark>,
    /// When the newest hold began: what is not newer was told before.
    newest_hold: Option<DateTime<Utc>>,
    holds: u32,
    muted: Switch,
    paused: Switch,
}

/// Something that goes on and off, without times.
#[derive(Debug, Default)]
struct Switch {
    is_on: bool,
    times: u32,
}

impl Switch {
    /// Whether it has been turned, and for the how manieth time. What is not said turns nothing.
    fn turn(&mut self, is_on: Option<bool>) -> Option<(bool, Mark)> {
        let is_on = is_on.filter(|is_on| *is_on != self.is_on)?;
        (self.is_on, self.times) = (is_on, self.times + u32::from(is_on));
        Some((is_on, Mark::Nth(self.times)))
    }
}

impl Leg {
    /// What is new in it. A leg that is over never comes back: whoever says so speaks of the past.
    pub(super) fn see(&mut self, party: &Party, now: DateTime<Utc>) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.agent == AgentRef::default() {
            self.agent = party.agent.clone();
        }
        if !self.is_over {
            self.begin(party, now, &mut steps);
            if party.is_over() {
                self.end(party.ended.map_or(Stamp::received(now), Stamp::vendor), party.has_passed_on, &mut steps);
            } else if party.is_answered() {
                self.hold(party, now, &mut steps);
                self.switches(party, now, &mut steps);
            }
        }
        if self.is_over {
            self.wrap_up(party, now, &mut steps);
        }
        steps
    }

    fn begin(&mut self, party: &Party, now: DateTime<Utc>, steps: &mut Vec<Step>) {
        if self.is_answered {
            return;
        }
        if party.is_answered() {
            self.is_answered = true;
            steps.push(only(CallEventKind::Answered, party.answered, now));
        } else if party.phase == Phase::Ringing && !party.is_over() && !self.has_rung {
            self.has_rung = true;
            steps.push(only(CallEventKind::Ringing, party.started, now));
        }
    }

    fn hold(&mut self, party: &Party, now: DateTime<Utc>, steps: &mut Vec<Step>) {
        match (party.is_holding, self.hold, party.holding_since) {
            (Some(true), _, Some(since)) if self.newest_hold >= Some(since) => {}
            (Some(true), Some(Mark::Nth(_)), since) => self.newest_hold = since.or(self.newest_hold),
            (Some(true), Some(_), None) => {}
            (Some(true), before, since) => {
                // A new one while one goes on: its end was not heard.
                steps.extend(before.map(|mark| Step { kind: CallEventKind::Resumed, at: Stamp::received(now), mark }));
                self.holds += u32::from(since.is_none());
                let mark = since.map_or(Mark::Nth(self.holds), Mark::Since);
                let at = since.map_or(Stamp::received(now), Stamp::vendor);
                steps.push(Step { kind: CallEventKind::Held, at, mark });
                (self.hold, self.newest_hold) = (Some(mark), since.or(self.newest_hold));
            }
            (Some(false), Some(mark), _) => {
                self.hold = None;
                steps.push(Step { kind: CallEventKind::Resumed, at: Stamp::received(now), mark });
            }
            (Some(false), None, _) | (None, ..) => {}
        }
    }

    fn switches(&mut self, party: &Party, now: DateTime<Utc>, steps: &mut Vec<Step>) {
        use CallEventKind::{Other, RecordingPaused, RecordingResumed};
        let at = Stamp::received(now);
        if let Some((is_on, mark)) = self.muted.turn(party.is_muted) {
            let kind = Other(if is_on { MUTED } else { UNMUTED }.into());
            steps.push(Step { kind, at, mark });
        }
        if let Some((is_on, mark)) = self.paused.turn(party.is_paused) {
            steps.push(Step { kind: if is_on { RecordingPaused } else { RecordingResumed }, at, mark });
        }
    }

    /// Whoever never answered did not have the call: nothing of it ends.
    fn end(&mut self, at: Stamp, has_passed_on: bool, steps: &mut Vec<Step>) {
        self.is_over = true;
        if self.is_answered {
            let passed_on = has_passed_on.then_some(CallEventKind::Transferred);
            let kinds = passed_on.into_iter().chain([CallEventKind::LegEnded]);
            steps.extend(kinds.map(|kind| Step { kind, at, mark: Mark::Only }));
        }
    }

    /// It ended with the call, unheard.
    pub(super) fn close(&mut self, at: Stamp) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.is_over {
            self.end(at, false, &mut steps);
        }
        steps
    }

    fn wrap_up(&mut self, party: &Party, now: DateTime<Utc>, steps: &mut Vec<Step>) {
        if let Some(done) = party.wrap_up
            && self.is_answered
            && !self.is_wrapped_up
        {
            self.is_wrapped_up = true;
            steps.push(only(CallEventKind::WrapUpEnded, done.at, now));
        }
    }
}

fn only(kind: CallEventKind, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Step {
    Step { kind, at: at.map_or(Stamp::received(now), Stamp::vendor), mark: Mark::Only }
}
