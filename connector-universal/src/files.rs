//! Dropped files, in the version in which they were seen.

use chrono::{DateTime, Utc};
use connector_core::{Error, Receipt, Result};
use connector_folder::{FolderPath, Version};
use serde::{Deserialize, Serialize};

/// A file in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    #[serde(rename = "p")]
    pub(crate) path: FolderPath,
    #[serde(rename = "v")]
    pub(crate) version: Version,
}

/// A file that lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: FolderPath,
    pub(crate) version: Version,
    /// When this version was seen first.
    pub(crate) first_seen: DateTime<Utc>,
    /// Whether this version is whole; `false` while it may still grow.
    pub(crate) whole: bool,
    /// Whether it was unchanged for the whole settle time, rather than whole by word alone.
    pub(crate) quiet: bool,
}

impl File {
    pub(crate) fn mark(&self) -> Mark {
        Mark { path: self.path.clone(), version: self.version.clone() }
    }
}

/// The files that a receipt stands for.
pub(crate) fn receipt(marks: &[Mark]) -> Receipt {
    Receipt::new(serde_json::to_string(marks).expect("paths and versions can be written as JSON"))
}

/// The files that a receipt stands for.
pub(crate) fn files_of(receipt: &Receipt) -> Result<Vec<Mark>> {
    serde_json::from_str(receipt.as_str())
        .map_err(|error| Error::invalid("a receipt that this connector did not make").caused_by(error))
}
