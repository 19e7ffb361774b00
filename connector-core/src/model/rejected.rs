//! What arrived and cannot be used.

use std::fmt;

use crate::{Raw, Receipt};

/// Something that arrived and cannot be used: a row, a record of a batch, a file. It costs itself and nothing else.
///
/// `Display` is one line that is fit for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// What it is, without personal text: "row 17", `20261019-150010_•••.json`.
    pub what: String,
    /// Why, for programs: `nested_field`.
    pub reason: String,
    /// Where in it: a field, a line.
    pub at: Option<String>,
    /// Why, for people, and what to do.
    pub detail: String,
    /// To be handed back once the rejection is stored.
    pub receipt: Option<Receipt>,
    /// What arrived.
    pub raw: Option<Raw>,
}

impl Rejected {
    /// A rejection with a reason for programs and one for people.
    pub fn new(what: impl Into<String>, reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), reason: reason.into(), at: None, detail: detail.into(), receipt: None, raw: None }
    }

    /// The same rejection, with the place in what arrived.
    pub fn with_at(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// The same rejection, to be settled.
    pub fn with_receipt(mut self, receipt: Receipt) -> Self {
        self.receipt = Some(receipt);
        self
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)?;
        if let Some(at) = &self.at {
            write!(f, " at {at}")?;
        }
        write!(f, " ({})", self.detail)
    }
}
