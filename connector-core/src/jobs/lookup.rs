//! Answers that are neither "here it is" nor trouble.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The answer to "give me this one".
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
