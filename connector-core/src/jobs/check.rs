//! Whether the jobs of a connector can work.

use crate::Origin;

/// What every job of a connector said about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// Whose connector was asked.
    pub origin: Origin,
    /// The jobs by name, and what each said.
    pub jobs: Vec<(&'static str, JobCheck)>,
}

impl CheckReport {
    /// What the jobs of this source said.
    pub fn new(origin: Origin, jobs: Vec<(&'static str, JobCheck)>) -> Self {
        Self { origin, jobs }
    }

    /// Whether every job can work.
    pub fn is_ok(&self) -> bool {
        self.jobs.iter().all(|(_, check)| matches!(check, JobCheck::Ok))
    }
}

/// Whether a job can work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobCheck {
    /// It can.
    Ok,
    /// A permission or licence is missing, named as the vendor names it.
    Forbidden {
        /// What is missing.
        missing: String,
        /// What to do.
        advice: String,
    },
    /// It cannot work for another reason.
    Failed {
        /// What was said or seen.
        why: String,
        /// What to do.
        advice: String,
    },
}
