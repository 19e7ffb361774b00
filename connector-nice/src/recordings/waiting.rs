//! When to ask again for what is not there.

use std::time::Duration;

use connector_core::{Conversation, Outlook};

use super::NiceRecordings;

/// How long after the end of a call a leg may still be missing from recordings that are there. Not documented.
const GROWTH: Duration = Duration::from_secs(30 * 60);

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
        let waits = &self.shared.connection.config.recording_waits;
        let end = call.ended.or(call.started).map(|stamp| stamp.at).or(call.this.around);
        let age = end.map(|end| (self.shared.connection.cx.clock().now() - end).to_std().unwrap_or_default());
        match (age, extent) {
            (Some(age), _) if age < grace => {
                Outlook::More { retry_after: wait.unwrap_or(Outlook::wait(waits, Some(age))) }
            }
            (None, Extent::Nothing) => Outlook::More { retry_after: wait.unwrap_or(Outlook::wait(&[], None)) },
            (_, Extent::Nothing) => Outlook::Never,
            _ => Outlook::Complete,
        }
    }

    /// How long to wait for a recording that was listed, and has no link now.
    pub(super) fn soon(&self) -> Duration {
        Outlook::wait(&self.shared.connection.config.recording_waits, Some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use connector_core::Secret;

    use super::*;

    #[test]
    fn the_waits_grow_with_the_age_of_the_call() {
        let config = crate::NiceConfig::regional("na1", (Secret::literal("id"), Secret::literal("w0rd")));
        let minutes =
            |age: u64| Outlook::wait(&config.recording_waits, Some(Duration::from_secs(age * 60))).as_secs() / 60;
        let waits: Vec<u64> = [0, 1, 3, 8, 18, 38, 78, 1000].map(minutes).to_vec();
        assert_eq!(waits, [1, 2, 5, 10, 20, 40, 60, 60]);
    }
}
