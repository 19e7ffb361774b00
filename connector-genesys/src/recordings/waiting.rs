//! When to ask again for what is not there.

use std::time::Duration;

use connector_core::{Conversation, Expected, Outlook};

use super::GenesysRecordings;

/// When to ask again where nobody knows when the call ended.
const SOMETIME: Duration = Duration::from_secs(600);

/// The longest wait for a recording that is listed: asking is what has it made ready, however long ago the call was.
const LISTED: Duration = Duration::from_secs(300);

/// What there is of a call so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Nothing,
    /// Some of what is listed cannot be fetched yet.
    Part,
    Whole,
}

impl GenesysRecordings {
    /// Whether more may come. `wait` is how long the vendor says that it takes.
    pub(super) fn outlook(&self, call: &Conversation, extent: Extent, wait: Option<Duration>) -> Outlook {
        let over = match extent {
            Extent::Whole => return Outlook::Complete,
            // By the vendor's own word no session was recorded.
            Extent::Nothing if call.expected == Expected::None => return Outlook::Never,
            Extent::Nothing => Outlook::Never,
            // The rest is taken for missing.
            Extent::Part => Outlook::Complete,
        };
        let config = &self.shared.connection.config;
        let end = call.ended.or(call.started).map(|stamp| stamp.at).or(call.this.around);
        let age = end.map(|end| (self.shared.connection.cx.clock().now() - end).to_std().unwrap_or_default());
        match age {
            Some(age) if age >= config.recording_patience => over,
            Some(age) => {
                let longest = if extent == Extent::Part { LISTED } else { Duration::MAX };
                let usual = rung(&config.recording_waits, age).min(longest);
                Outlook::More { retry_after: wait.unwrap_or(usual) }
            }
            None => Outlook::More { retry_after: wait.unwrap_or(SOMETIME) },
        }
    }

    /// How long to wait for a recording that was listed, and has no link now.
    pub(super) fn soon(&self) -> Duration {
        rung(&self.shared.connection.config.recording_waits, Duration::ZERO)
    }
}

/// How long to wait, so long after the end of the call: the first of these while that is how long ago it was, then the
/// second for as long as that, and so on; the last one from then on.
fn rung(waits: &[Duration], age: Duration) -> Duration {
    let mut reached = Duration::ZERO;
    let passed = |wait: &&Duration| {
        reached += **wait;
        age >= reached
    };
    let place = waits.iter().take_while(passed).count();
    waits.get(place).or(waits.last()).copied().unwrap_or(SOMETIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_with_the_age_of_the_call() {
        let waits = [30, 60, 120, 300].map(Duration::from_secs);
        let at = |age: u64| rung(&waits, Duration::from_secs(age)).as_secs();
        assert_eq!([0, 29, 30, 89, 90, 209, 210, 9_999].map(at), [30, 30, 60, 60, 120, 120, 300, 300]);
        assert_eq!(rung(&[], Duration::ZERO), SOMETIME);
    }
}
