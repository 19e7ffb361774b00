//! Answers that are neither "here it is" nor trouble.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Priority;

/// The answer to "give me this one".
///
/// ```
/// use std::time::Duration;
/// use connector_core::{Gone, Lookup};
///
/// fn told(answer: Lookup<&str>) -> String {
///     match answer {
///         Lookup::Ready(call) => format!("here it is: {call}"),
///         Lookup::NotReady { retry_after } => format!("again in {} s", retry_after.as_secs()),
///         Lookup::Gone(why) => format!("not to be had: {why}"),
///     }
/// }
///
/// assert_eq!(told(Lookup::NotReady { retry_after: Duration::from_secs(30) }), "again in 30 s");
/// assert_eq!(told(Lookup::Gone(Gone::Deleted)), "not to be had: deleted");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// Here it is.
    Ready(T),
    /// It will be there later.
    NotReady {
        /// How long to wait before asking again.
        retry_after: Duration,
    },
    /// It is not there and will not be.
    Gone(Gone),
}

impl<T> Lookup<T> {
    /// The same answer, with what is there turned into something else.
    ///
    /// ```
    /// use connector_core::{Gone, Lookup};
    /// assert_eq!(Lookup::Ready(7).map(|seconds| seconds * 1000), Lookup::Ready(7000));
    /// assert_eq!(Lookup::<u32>::Gone(Gone::Deleted).map(|seconds| seconds * 1000), Lookup::Gone(Gone::Deleted));
    /// ```
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Lookup<U> {
        match self {
            Self::Ready(found) => Lookup::Ready(into(found)),
            Self::NotReady { retry_after } => Lookup::NotReady { retry_after },
            Self::Gone(why) => Lookup::Gone(why),
        }
    }
}

/// Why something is not there. An answer, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gone {
    /// The vendor knows no such thing.
    Unknown,
    /// Nobody recorded it.
    NeverRecorded,
    /// It was there and was deleted.
    Deleted,
    /// It lies in an archive, from where it has to be restored first.
    Archived,
    /// The vendor tried to make it and failed.
    Failed,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown there",
            Self::NeverRecorded => "never recorded",
            Self::Deleted => "deleted",
            Self::Archived => "archived",
            Self::Failed => "failed on the vendor's side",
        })
    }
}

/// How to look one thing up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LookupOptions {
    /// Who waits for it.
    pub priority: Priority,
}
