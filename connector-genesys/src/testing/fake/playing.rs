//! What time it is, and how it passes.

use std::time::Duration;

use chrono::TimeDelta;
use connector_core::Clock;
use connector_core::testing::{DayTime, Passing};
use tokio::time::sleep;

use super::super::telling::Told;
use super::*;

impl Fake {
    /// Lets it be this time in the contact centre, until something else is said. What happened before is not told.
    pub fn at(&self, time: DateTime<Utc>) {
        self.centre.set(DayTime::At(time), usize::MAX, time);
    }

    /// Lets the day unfold by this clock, which its channels keep to as well. What happens is told when it does; what
    /// happened before is not.
    pub fn follow(&self, clock: Clock) {
        self.centre.state().channels.clock = clock;
        self.centre.set(DayTime::Passing(Passing::new(clock)), usize::MAX, clock.now());
    }

    /// Lets channels keep to this clock, that of whoever asks. It is the machine's until something else is said.
    pub fn keep_to(&self, clock: Clock) {
        self.centre.state().channels.clock = clock;
    }

    /// Plays the day until so many of its calls are over and told, going on where it was; whatever else there is does not
    /// happen. It takes as long as the day does on tokio's clock, or less with [`speed`](Settings::speed). In between time
    /// stands still, and nothing is held back.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// use connector_core::testing::{FaultPlan, Scenario};
    /// use connector_genesys::testing::Fake;
    ///
    /// let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    /// fake.play(1).await;
    /// assert!(fake.now() >= fake.scenario().calls[0].ended());
    /// assert!(fake.now() < fake.scenario().calls[1].started);
    /// # }
    /// ```
    pub async fn play(&self, calls: usize) {
        let starts = self.centre.org.scenario.starts;
        if !self.centre.state().is_played {
            self.centre.set(DayTime::At(starts), 0, starts - TimeDelta::milliseconds(1));
            self.centre.state().is_played = true;
        }
        let _standing = Standing(&self.centre);
        self.centre.go_on(calls);
        while let Some(wait) = self.centre.left() {
            sleep(wait).await;
            self.centre.catch_up();
        }
        self.centre.state().channels.catch_up();
    }

    /// The time in the contact centre.
    pub fn now(&self) -> DateTime<Utc> {
        self.centre.state().day.now()
    }
}

/// Lets time stand still again, also when a play is given up.
struct Standing<'a>(&'a Centre);

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.day.time = DayTime::At(state.day.now());
    }
}

impl Centre {
    /// Sets the time, and how many calls of the day there are. What happened until `told` is told no more.
    fn set(&self, time: DayTime, calls: usize, told: DateTime<Utc>) {
        let mut state = self.state();
        (state.day.time, state.day.calls) = (time, calls);
        (state.told, state.is_played) = (Told::until(told), false);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Lets time pass, and so many calls happen.
    fn go_on(&self, calls: usize) {
        let mut state = self.state();
        let now = Clock::starting_at(state.day.now());
        state.day.time = DayTime::Passing(Passing::new(now).faster(state.day.settings.speed));
        state.day.calls = state.day.calls.max(calls);
        drop(state);
        self.catch_up();
        self.changed.notify_waiters();
    }

    /// How long until something is told, or until the last of the calls has come into the history.
    fn left(&self) -> Option<Duration> {
        let state = self.state();
        let day = &state.day;
        let late = day.settings.listed_after.max(day.settings.recorded_after).max(TimeDelta::zero());
        let last = day.calls().map(|(_, told)| told.done() + late).max();
        let next = state.told.next(day).map(|(at, _)| at).or(last)?;
        match day.time {
            DayTime::Passing(passing) if passing.now() < next => Some(passing.wait(next)),
            _ => None,
        }
    }
}
