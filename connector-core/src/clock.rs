//! One clock for everything, so that a test that pauses tokio's time pauses all of it.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Tells the time: the wall clock at the moment it was made, plus what has passed on tokio's clock since.
///
/// It never runs backwards, and under `tokio::time::pause()` it stands still and jumps with `advance`. Clones agree.
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
}

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    pub fn system() -> Self {
        Self::starting_at(Utc::now())
    }

    /// A clock that shows `time` now. For tests and for replaying a day.
    pub fn starting_at(time: DateTime<Utc>) -> Self {
        Self { started: time, origin: Instant::now() }
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.started + TimeDelta::from_std(self.origin.elapsed()).unwrap_or(TimeDelta::MAX)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
