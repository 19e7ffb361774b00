//! When to ask again for what is not there.

use std::time::Duration;

use connector_core::{Conversation, Outlook};

use super::NiceRecordings;

/// When to ask again for a recording that is not there: minutes, counted from the end of the call. Then once an hour.
/// How long the vendor takes is not documented.
const LADDER: [u64; 6] = [1, 2, 5, 10, 20, 40];
const HOURLY: Duration = Duration::from_secs(3600);

/// When to ask again where nobody knows when the call ended.
const SOMETIME: Duration = Duration::from_secs(600);

/// How long after the end of a call a leg may still be missing from recordings that are there. Not documented.
const GROWTH: Duration = Duration::from_secs(30 * 60);

/// How long to wait for a recording that was listed, and has no link now.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// What there is of a call so far.
pub(super) enum Extent {
    Nothing,
    /// Some legs are missing.
    Part,
    Whole,
}

impl NiceRecordings {
    /// Whether more may come. `wait` is what the vendor asks for.
    pub(super) fn outlook(&self, call: &Conversation, extent: Extent, wait: Option<Duration>) -> Outlook {
        let grace = match extent {
            Extent::Whole => return Outlook::Complete,
            Extent::Part => GROWTH.min(self.shared.connection.config.recording_patience),
            Extent::Nothing => self.shared.connection.config.recording_patience,
        };
        let end = call.ended.or(call.started).map(|stamp| stamp.at).or(call.this.around);
        let age = end.map(|end| (self.shared.connection.cx.clock().now() - end).to_std().unwrap_or_default());
        match (age, extent) {
            (Some(age), _) if age < grace => Outlook::More { retry_after: wait.unwrap_or(rung(age)) },
            (None, Extent::Nothing) => Outlook::More { retry_after: wait.unwrap_or(SOMETIME) },
            (_, Extent::Nothing) => Outlook::Never,
            _ => Outlook::Complete,
        }
    }
}

/// How long to wait, so long after the end of the call.
fn rung(age: Duration) -> Duration {
    let mut reached = Duration::ZERO;
    for minutes in LADDER {
        let wait = Duration::from_secs(minutes * 60);
        reached += wait;
        if age < reached {
            return wait;
        }
    }
    HOURLY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_with_the_age_of_the_call() {
        let minutes = |age: u64| rung(Duration::from_secs(age * 60)).as_secs() / 60;
        let waits: Vec<u64> = [0, 1, 3, 8, 18, 38, 78, 1000].map(minutes).to_vec();
        assert_eq!(waits, [1, 2, 5, 10, 20, 40, 60, 60]);
    }
}
