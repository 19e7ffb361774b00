//! Whether the jobs of a connector can work.

use crate::{Error, Origin, Result};

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

impl JobCheck {
    /// For connectors: what a cheap question says of a job. `missing` is the permission that it takes, as an administrator
    /// finds it, and `advice` how to grant it.
    ///
    /// ```
    /// use connector_core::{Error, JobCheck};
    /// let judge = |asked| JobCheck::of(asked, "Recordings > View", "give it to a role of the client");
    /// assert_eq!(judge(Ok(())), JobCheck::Ok);
    /// assert!(matches!(judge(Err(Error::forbidden("no"))), JobCheck::Forbidden { missing, .. } if missing == "Recordings > View"));
    /// assert!(matches!(judge(Err(Error::transient("gone"))), JobCheck::Failed { why, .. } if why == "gone"));
    /// ```
    pub fn of(asked: Result<()>, missing: &str, advice: &str) -> Self {
        match asked {
            Ok(()) => Self::Ok,
            Err(error) if error.is_forbidden() => {
                let (why, _) = error.into_told();
                Self::Forbidden { missing: missing.to_owned(), advice: format!("{advice} ({why})") }
            }
            Err(error) => Self::failed(error, "see what the vendor said"),
        }
    }

    /// For connectors: it cannot work because of this. What to do is what the error advises, else this.
    ///
    /// ```
    /// use connector_core::{Error, JobCheck};
    /// let check = JobCheck::failed(Error::transient("nobody answers").advise("call them"), "look at the network");
    /// assert_eq!(check, JobCheck::Failed { why: "nobody answers".into(), advice: "call them".into() });
    /// ```
    pub fn failed(error: Error, otherwise: &str) -> Self {
        let (why, advice) = error.into_told();
        Self::Failed { why, advice: advice.unwrap_or_else(|| otherwise.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named_as_an_administrator_finds_it() {
        let refused = Error::forbidden("no").advise("ask");
        let JobCheck::Forbidden { missing, advice } = JobCheck::of(Err(refused), "recording:view", "give it to a role")
        else {
            panic!("it is forbidden")
        };
        assert_eq!((missing.as_str(), advice.as_str()), ("recording:view", "give it to a role (no)"));
    }

    #[test]
    fn what_an_error_advises_is_said_once() {
        let check = JobCheck::of(Err(Error::transient("away").advise("come again")), "", "");
        assert_eq!(check, JobCheck::Failed { why: "away".into(), advice: "come again".into() });
        assert_eq!(JobCheck::of(Ok(()), "", ""), JobCheck::Ok);
    }
}
