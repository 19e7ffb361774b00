//! People who take calls, and the groups they belong to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, Error, Login, PersonName, Result};

/// How one system speaks of a person: any of an id, a login, a name, an e-mail address.
///
/// Four of the five systems leave out the id or the login somewhere, so both are optional; a reference with neither
/// still says something ("somebody named …").
///
/// ```
/// use connector_core::AgentRef;
/// let heard = AgentRef::default().with_login("kay");
/// let known = AgentRef::default().with_id("17").with_login("Kay");
/// assert!(heard.may_be(&known));
/// assert_eq!(known.reveal(), "Kay");
/// assert_eq!(known.to_string(), "17"); // logins stay out of logs
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AgentRef {
    /// The vendor's stable id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the person logs in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// The person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The person's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
}

impl AgentRef {
    /// The same reference with an id.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same reference with a login.
    pub fn with_login(mut self, login: impl Into<Login>) -> Self {
        self.login = Some(login.into());
        self
    }

    /// The same reference with a name.
    pub fn with_name(mut self, name: impl Into<PersonName>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same reference with an e-mail address.
    pub fn with_email(mut self, email: impl Into<EmailAddress>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The most telling text there is: login, else name, else e-mail, else id. Personal: not for logs.
    pub fn reveal(&self) -> &str {
        let personal = [
            self.login.as_ref().map(Login::reveal),
            self.name.as_ref().map(PersonName::reveal),
            self.email.as_ref().map(EmailAddress::reveal),
            self.id.as_deref(),
        ];
        personal.into_iter().flatten().next().unwrap_or("somebody")
    }

    /// Whether both may mean one person: ids decide where both sides have one, else login or e-mail (letter case aside).
    pub fn may_be(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (&self.id, &other.id) {
            return a == b;
        }
        let handles = |of: &Self| {
            [of.login.as_ref().map(Login::reveal), of.email.as_ref().map(EmailAddress::reveal)]
                .into_iter()
                .flatten()
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
        };
        let theirs = handles(other);
        handles(self).iter().any(|handle| theirs.contains(handle))
    }
}

impl fmt::Display for AgentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id.as_deref().unwrap_or("•••"))
    }
}

/// Whether a person works there (still).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AgentState {
    /// Takes calls.
    Active,
    /// Switched off, may come back.
    Inactive,
    /// Removed; old calls still name the person.
    Deleted,
    /// The vendor did not say, or said something new.
    #[default]
    Unknown,
}

/// A person who takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// Id, login, name, e-mail.
    pub who: AgentRef,
    /// Other ids under which calls may name the same person.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether the person works there.
    #[serde(default)]
    pub state: AgentState,
    /// Names of the groups the person belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether the vendor records every call of this person; `None` where it does not say.
    #[serde(default)]
    pub always_recorded: Option<bool>,
}

impl Agent {
    /// An agent of whom nothing else is known yet.
    pub fn new(who: AgentRef) -> Self {
        Self { who, aliases: Vec::new(), state: AgentState::Unknown, groups: Vec::new(), always_recorded: None }
    }

    /// The same agent in one more group, by its name.
    pub fn with_group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }
}

/// What sort of group it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupKind {
    /// A named group.
    Group,
    /// A team with a lead.
    Team,
    /// A queue with members.
    Queue,
    /// People with a skill.
    Skill,
    /// A node of a hierarchy.
    Hierarchy,
    /// A division.
    Division,
}

/// A set of agents as the vendor keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentGroup {
    /// The vendor's id.
    pub id: String,
    /// What sort of group it is.
    pub kind: GroupKind,
    /// Its name.
    pub name: String,
    /// The id of the group above it.
    #[serde(default)]
    pub parent: Option<String>,
    /// Its members, where the vendor sends them along.
    #[serde(default)]
    pub members: Option<Vec<AgentRef>>,
}

impl AgentGroup {
    /// A group without parent or members.
    pub fn new(id: impl Into<String>, kind: GroupKind, name: impl Into<String>) -> Self {
        Self { id: id.into(), kind, name: name.into(), parent: None, members: None }
    }
}

/// How a caller names a group: by id, by name, or by a name within a kind.
///
/// A name that fits two groups is an error, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupRef {
    /// The vendor's id.
    pub id: Option<String>,
    /// The group's name, compared exactly.
    pub name: Option<String>,
    /// Only groups of this kind.
    pub kind: Option<GroupKind>,
}

impl GroupRef {
    /// For connectors: the one of these groups that is meant. `look` says where a person sees how groups are called.
    ///
    /// # Errors
    /// `is_config` when more than one fits, `is_not_found` when none does.
    pub fn one_of<'a>(&self, all: &'a [AgentGroup], look: &str) -> Result<&'a AgentGroup> {
        let fits = |group: &&AgentGroup| {
            self.id.as_ref().is_none_or(|id| *id == group.id)
                && self.name.as_ref().is_none_or(|name| *name == group.name)
                && self.kind.is_none_or(|kind| kind == group.kind)
                && (self.id.is_some() || self.name.is_some())
        };
        let shown = self.name.as_deref().or(self.id.as_deref()).unwrap_or_default();
        let mut fitting = all.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(group), None) => Ok(group),
            (Some(_), Some(_)) => Err(Error::config(format!("more than one group is called {shown:?}"))
                .advise("name it by its id, or say which kind of group is meant")),
            (None, _) => Err(Error::not_found(format!("there is no group {shown:?}")).advise(look)),
        }
    }
}

impl From<&str> for GroupRef {
    fn from(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_ids_are_different_people_even_with_one_login() {
        let old = AgentRef::default().with_id("1").with_login("kay");
        let new = AgentRef::default().with_id("2").with_login("kay");
        assert!(!old.may_be(&new));
    }

    #[test]
    fn a_group_that_is_meant_is_one_and_no_guess() {
        let group = |id: &str, kind, name: &str| AgentGroup::new(id, kind, name);
        let all = [
            group("1", GroupKind::Group, "Sales"),
            group("2", GroupKind::Team, "Sales"),
            group("3", GroupKind::Team, "Service"),
        ];
        let meant = |wanted: GroupRef| wanted.one_of(&all, "see the list").map(|group| group.id.clone());
        assert_eq!(meant("Service".into()).unwrap(), "3");
        assert_eq!(meant(GroupRef { kind: Some(GroupKind::Team), ..GroupRef::from("Sales") }).unwrap(), "2");
        assert_eq!(meant(GroupRef { id: Some("1".to_owned()), ..GroupRef::default() }).unwrap(), "1");
        assert!(meant("Sales".into()).unwrap_err().is_config());
        for nobody in
            ["sales".into(), GroupRef::default(), GroupRef { id: Some("3".to_owned()), ..GroupRef::from("Sales") }]
        {
            let error = meant(nobody).unwrap_err();
            assert!(error.is_not_found() && error.to_string().contains("see the list"), "{error}");
        }
    }

    #[test]
    fn a_login_may_be_an_email() {
        let by_login = AgentRef::default().with_login("Kay@example.com");
        let by_email = AgentRef::default().with_email("kay@example.com");
        assert!(by_login.may_be(&by_email));
        assert!(!AgentRef::default().may_be(&by_email));
    }
}
