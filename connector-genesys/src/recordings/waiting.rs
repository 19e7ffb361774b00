//! When to ask again for what is not there.

use std::time::Duration;

use connector_core::{Conversation, Expected, Outlook};

use super::GenesysRecordings;

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
                let usual = Outlook::wait(&config.recording_waits, Some(age)).min(longest);
                Outlook::More { retry_after: wait.unwrap_or(usual) }
            }
            None => Outlook::More { retry_after: wait.unwrap_or(Outlook::wait(&[], None)) },
        }
    }

    /// How long to wait for a recording that was listed, and has no link now.
    pub(super) fn soon(&self) -> Duration {
        Outlook::wait(&self.shared.connection.config.recording_waits, Some(Duration::ZERO))
    }
}
