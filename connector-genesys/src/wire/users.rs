//! People.

use connector_core::{EmailAddress, Login, PersonName};
use serde::Deserialize;

use super::loose;

/// A person who can log in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct User {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) name: Option<PersonName>,
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) email: Option<EmailAddress>,
    /// Often, but not always, the e-mail address.
    #[serde(deserialize_with = "loose::personal")]
    pub(crate) username: Option<Login>,
    /// `active`, `inactive`, `deleted`.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state: Option<String>,
}
