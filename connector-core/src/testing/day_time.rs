//! What time it is while a fake plays a day.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Scenario;
use crate::Clock;

/// What time it is in a contact centre that plays a [`Scenario`].
#[derive(Clone, Copy, Debug, Default)]
pub enum DayTime {
    /// The day is over.
    #[default]
    Over,
    /// It stands still.
    At(DateTime<Utc>),
    /// It passes.
    Passing(Passing),
}

impl DayTime {
    /// The time on this day.
    pub fn now(&self, day: &Scenario) -> DateTime<Utc> {
        match self {
            Self::Over => day.evening(),
            Self::At(time) => *time,
            Self::Passing(passing) => passing.now(),
        }
    }
}

/// Time that passes, by a clock or so many times faster.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use std::time::Duration;
/// use connector_core::Clock;
/// use connector_core::testing::Passing;
///
/// let nine = "2026-10-19T09:00:00Z".parse().unwrap();
/// let day = Passing::new(Clock::starting_at(nine)).faster(60);
/// tokio::time::advance(Duration::from_secs(2)).await;
/// assert_eq!(day.now().to_rfc3339(), "2026-10-19T09:02:00+00:00");
/// assert_eq!(day.wait(nine + Duration::from_secs(180)), Duration::from_secs(1));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Passing {
    clock: Clock,
    from: DateTime<Utc>,
    speed: u32,
}

impl Passing {
    /// As it does on this clock.
    pub fn new(clock: Clock) -> Self {
        Self { clock, from: clock.now(), speed: 1 }
    }

    /// So many times faster from the beginning.
    pub fn faster(self, speed: u32) -> Self {
        Self { speed: speed.max(1), ..self }
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        let passed = (self.clock.now() - self.from).to_std().unwrap_or_default();
        self.from + TimeDelta::from_std(passed.saturating_mul(self.speed)).unwrap_or_default()
    }

    /// How long it takes until then.
    pub fn wait(&self, at: DateTime<Utc>) -> Duration {
        let left = (at - self.now()).to_std().unwrap_or_default();
        // Rounded up, so that it is then afterwards.
        (left + Duration::from_nanos(u64::from(self.speed) - 1)) / self.speed
    }
}
