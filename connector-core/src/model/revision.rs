//! Which of two versions of the same facts is the newer one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A version of a leg's metadata: when it was made and what it said.
///
/// Late, early and repeated metadata become harmless: a store keeps a version only if it
/// [supersedes](Revision::supersedes) what is there.
///
/// ```
/// use connector_core::Revision;
/// let at = |text: &str| text.parse().unwrap();
/// let first = Revision::new(at("2026-10-19T18:03:00Z"), "aa");
/// let again = Revision::new(at("2026-10-19T18:15:00Z"), "aa"); // fetched later, says the same
/// let newer = Revision::new(at("2026-10-19T18:15:00Z"), "bb");
/// assert!(newer.supersedes(&first) && !first.supersedes(&newer) && !again.supersedes(&first));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revision {
    /// When the vendor changed it, or when we fetched or first saw it.
    pub at: DateTime<Utc>,
    /// A hash of what it said.
    pub fingerprint: String,
}

impl Revision {
    /// A version made at a time.
    pub fn new(at: DateTime<Utc>, fingerprint: impl Into<String>) -> Self {
        Self { at, fingerprint: fingerprint.into() }
    }

    /// Whether this one is to replace the other: it says something else, and is later.
    ///
    /// Two that were made at once and differ are ordered by fingerprint, so that every order of arrival ends alike.
    pub fn supersedes(&self, other: &Self) -> bool {
        self.fingerprint != other.fingerprint && (self.at, &self.fingerprint) > (other.at, &other.fingerprint)
    }
}
