//! Jobs that search the history in the background.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::loose;

/// A job that was taken on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Submitted {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) job_id: Option<String>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Progress {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state: Option<String>,
    /// Why it failed.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) error_message: Option<String>,
}

/// Up to when the archive that jobs search is complete.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Availability {
    #[serde(deserialize_with = "loose::time")]
    pub(crate) data_availability_date: Option<DateTime<Utc>>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    /// It waits or runs; so does a state that is not known yet.
    Going,
    Done,
    Failed,
    /// What it found is not kept any more.
    Expired,
}

impl Progress {
    pub(crate) fn state(&self) -> JobState {
        match self.state.as_deref().map(str::to_ascii_uppercase).as_deref() {
            Some("FULFILLED") => JobState::Done,
            Some("FAILED" | "CANCELLED") => JobState::Failed,
            Some("EXPIRED") => JobState::Expired,
            _ => JobState::Going,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_not_known_is_waited_for() {
        for (text, state) in [
            (Some("QUEUED"), JobState::Going),
            (Some("Fulfilled"), JobState::Done),
            (Some("CANCELLED"), JobState::Failed),
            (Some("EXPIRED"), JobState::Expired),
            (Some("SOMETHING_NEW"), JobState::Going),
            (None, JobState::Going),
        ] {
            let progress = Progress { state: text.map(str::to_owned), ..Progress::default() };
            assert_eq!(progress.state(), state, "{text:?}");
        }
    }
}
