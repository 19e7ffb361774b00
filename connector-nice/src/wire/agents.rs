//! People, groups and teams.

use serde::Deserialize;

use super::{Rows, loose};

/// A person who takes calls.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Agent {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) agent_id: Option<String>,
    #[serde(alias = "UserName", deserialize_with = "loose::text")]
    pub(crate) user_name: Option<String>,
    #[serde(alias = "FirstName", deserialize_with = "loose::text")]
    pub(crate) first_name: Option<String>,
    #[serde(alias = "LastName", deserialize_with = "loose::text")]
    pub(crate) last_name: Option<String>,
    #[serde(alias = "EmailAddress", deserialize_with = "loose::text")]
    pub(crate) email_address: Option<String>,
    /// The id in the platform's directory, in the form of a UUID.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) user_id: Option<String>,
    /// The same under its other name; an answer may hold both.
    #[serde(rename = "userID", deserialize_with = "loose::text")]
    pub(crate) user_id_upper: Option<String>,
    #[serde(alias = "IsActive", deserialize_with = "loose::flag")]
    pub(crate) is_active: Option<bool>,
    #[serde(alias = "TeamName", deserialize_with = "loose::text")]
    pub(crate) team_name: Option<String>,
}

/// A group.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Group {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) group_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) group_name: Option<String>,
}

/// A team, with its members where they were asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Team {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) team_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) team_name: Option<String>,
    #[serde(deserialize_with = "loose::rows")]
    pub(crate) agents: Rows,
}
