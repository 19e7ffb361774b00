//! What Genesys Cloud sends, exactly as it does. All of it is optional, and nothing unknown is fatal.

pub(crate) mod analytics;
pub(crate) mod calls;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod detail;
pub(crate) mod errors;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod list;
pub(crate) mod purpose;
pub(crate) mod reason;
pub(crate) mod recordings;
#[cfg(all(test, feature = "testing"))]
mod tests;
pub(crate) mod topic;
pub(crate) mod users;

pub(crate) use connector_core::loose::{self, row};
use serde::Deserialize;

/// A reference to something by its id.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Ref {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
}
