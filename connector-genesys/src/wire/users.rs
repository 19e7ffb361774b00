//! People.

use connector_core::{EmailAddress, Login, PersonName};
use serde::Deserialize;

use super::{Ref, loose};

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
    #[serde(deserialize_with = "loose::object")]
    pub(crate) division: Option<Ref>,
    /// Only where they were asked for.
    #[serde(deserialize_with = "loose::each")]
    pub(crate) groups: Vec<Ref>,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) team: Option<Ref>,
}
