//! The limits of what is followed.

use chrono::TimeDelta;

/// How much is followed, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many calls are followed at once. Further ones are left to a comparison of the history.
    pub(crate) calls: usize,
    /// So many legs of a call are followed.
    pub(crate) legs: usize,
    /// A call of which nobody says that it ended is taken to be over so long after it was first heard of.
    pub(crate) max_call: TimeDelta,
    /// So long a call that is over is remembered, for its wrap-up and for messages that come late.
    pub(crate) memory: TimeDelta,
    /// How soon the vendor is asked again whether a call is over; then twice as long, and so on up to the last.
    pub(crate) first_wait: TimeDelta,
    pub(crate) last_wait: TimeDelta,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 20_000,
            legs: 500,
            max_call: TimeDelta::hours(12),
            memory: TimeDelta::minutes(30),
            first_wait: TimeDelta::seconds(5),
            last_wait: TimeDelta::minutes(5),
        }
    }
}
