//! One clock for everything, so that a test that pauses tokio's time pauses all of it.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// By how much the machine's clock may be off before this one is set after it. Whatever reads both of them takes some time
/// in between.
const STEP: TimeDelta = TimeDelta::seconds(1);

/// Tells the time: the wall clock at the moment it was made, plus what has passed on tokio's clock since.
///
/// Under `tokio::time::pause()` it stands still and jumps with `advance`. That of the machine is set when the machine's is,
/// by more than a second: after the machine has slept, or was told the right time. Else it never runs backwards. Clones
/// agree.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use connector_core::Clock;
/// let clock = Clock::starting_at("2026-10-19T14:02:53Z".parse().unwrap());
/// tokio::time::advance(std::time::Duration::from_secs(7)).await;
/// assert_eq!(clock.now().to_rfc3339(), "2026-10-19T14:03:00+00:00");
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: DateTime<Utc>,
    origin: Instant,
    /// When that was on the clock that nobody pauses; `None` where the wall clock means nothing.
    machine: Option<std::time::Instant>,
}

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clocks are read")]
    pub fn system() -> Self {
        Self { machine: Some(std::time::Instant::now()), ..Self::starting_at(Utc::now()) }
    }

    /// A clock that shows `time` now. For tests and for replaying a day.
    pub fn starting_at(time: DateTime<Utc>) -> Self {
        Self { started: time, origin: Instant::now(), machine: None }
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        later(self.started, self.origin.elapsed()) + self.set_by()
    }

    /// By how much the machine's clock was set since.
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clocks are read")]
    fn set_by(&self) -> TimeDelta {
        self.machine.map_or(TimeDelta::zero(), |machine| step(Utc::now() - later(self.started, machine.elapsed())))
    }
}

fn later(time: DateTime<Utc>, passed: std::time::Duration) -> DateTime<Utc> {
    time + TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX)
}

/// What differs by chance is nothing.
fn step(difference: TimeDelta) -> TimeDelta {
    if difference.abs() > STEP { difference } else { TimeDelta::zero() }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_is_set_with_that_of_the_machine() {
        let slept = TimeDelta::hours(3);
        let machine = Clock::system();
        // As if the wall clock had gone on for three hours in which nothing else did.
        let after_sleep = Clock { started: machine.started - slept, ..machine };
        assert!((after_sleep.now() - machine.now()).abs() < STEP);
        let set_back = Clock { started: machine.started + slept, ..machine };
        assert!((set_back.now() - machine.now()).abs() < STEP);
        // One that was told what time it is keeps to that.
        let told = Clock { machine: None, ..after_sleep };
        assert_eq!(machine.now() - told.now(), slept);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(machine.now() - machine.started, TimeDelta::seconds(7), "and what differs by chance is nothing");
    }

    #[test]
    fn what_differs_by_more_than_a_second_was_set() {
        for (millis, set) in [(0, 0), (1_000, 0), (-1_000, 0), (1_001, 1_001), (-1_001, -1_001)] {
            assert_eq!(step(TimeDelta::milliseconds(millis)), TimeDelta::milliseconds(set));
        }
    }
}
