//! What is remembered of the files of one stem.

use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use connector_folder::Note;
use serde::{Deserialize, Serialize};

use crate::files::Mark;

/// The memory of one stem. It is kept in the ledger under the stem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// When files that wait for their counterpart were seen first, where that matters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sights: Vec<Sight>,
    /// The recording and sidecar that were handed on and accepted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taken: Option<Taken>,
    /// Files that were rejected and may still lie there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rejected: Vec<Mark>,
    /// Whether it was said that the name cannot be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reported: bool,
}

/// When a file was seen first in a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sight {
    pub(crate) mark: Mark,
    pub(crate) at: DateTime<Utc>,
}

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) media: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sidecar: Option<TakenSidecar>,
    /// The time in the name, from which the window for updates is counted.
    pub(crate) call_at: DateTime<Utc>,
}

/// The sidecar that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakenSidecar {
    pub(crate) mark: Mark,
    pub(crate) hash: String,
}

impl Record {
    pub(crate) fn from_note(note: Option<&Note>) -> Result<Self> {
        let Some(note) = note else { return Ok(Self::default()) };
        serde_json::from_str(&note.text).map_err(|error| {
            Error::invalid("the ledger holds a note that cannot be read")
                .caused_by(error)
                .advise("was it made by a newer version?")
        })
    }

    pub(crate) fn to_note(&self, now: DateTime<Utc>) -> Note {
        let text = serde_json::to_string(self).expect("paths, versions and times can be written as JSON");
        Note { touched: now, text }
    }

    pub(crate) fn is_rejected(&self, mark: &Mark) -> bool {
        self.rejected.contains(mark)
    }

    /// Adds files to the rejected ones. Only those that are `there` are remembered.
    pub(crate) fn reject(&mut self, marks: &[Mark], there: &[Mark]) {
        self.rejected.retain(|known| there.contains(known) && !marks.contains(known));
        self.rejected.extend_from_slice(marks);
    }
}
