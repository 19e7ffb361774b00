//! The people of a contact centre.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;

use super::{JobCheck, Listing, LookupOptions, Priority};
use crate::{Agent, AgentGroup, AgentRef, Cursor, Error, GroupRef, Result};

/// Lists the people whose calls count.
#[async_trait]
pub trait AgentDirectory: Debug + Send + Sync + 'static {
    /// All agents that the query asks for. Some vendors list those who left as well, by their
    /// [`state`](crate::AgentState); with others they are missing from then on. [`roster`](crate::roster) makes one of both.
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent>;

    /// All groups of the kinds that the vendor has.
    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup>;

    /// The one agent meant; `None` when the vendor knows nobody like that. Where the vendor has no search,
    /// [`find_among`] looks through all.
    ///
    /// # Errors
    /// `is_config` when more than one may be meant.
    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>>;

    /// Whether this job can work, and what is missing if not.
    async fn check(&self) -> JobCheck;
}

/// The same job, shared.
#[async_trait]
impl<Job: AgentDirectory + ?Sized> AgentDirectory for Arc<Job> {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        (**self).list_agents(query)
    }

    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup> {
        (**self).list_groups(query)
    }

    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>> {
        (**self).find_agent(who, options).await
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

/// For connectors: the one agent of a whole list who is meant.
///
/// # Errors
/// `is_config` when more than one may be meant; those of the list.
pub async fn find_among(mut agents: Listing<Agent>, who: &AgentRef) -> Result<Option<Agent>> {
    let mut found = None;
    while let Some(page) = agents.try_next().await? {
        for agent in page.items.into_iter().filter(|agent| agent.who.may_be(who)) {
            if found.replace(agent).is_some() {
                return Err(Error::config("more than one agent may be meant").advise("name the agent by the id"));
            }
        }
    }
    Ok(found)
}

/// Which agents to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentQuery {
    /// Only members of these groups; all agents when empty.
    pub groups: Vec<GroupRef>,
    /// Where to go on.
    pub resume: Option<Cursor>,
    /// Who waits for it.
    pub priority: Priority,
}

impl AgentQuery {
    /// Every agent.
    pub fn all() -> Self {
        Self::default()
    }

    /// Members of this group, and of those named before.
    pub fn in_group(mut self, group: impl Into<GroupRef>) -> Self {
        self.groups.push(group.into());
        self
    }
}

/// Which groups to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupQuery {
    /// Where to go on.
    pub resume: Option<Cursor>,
    /// Who waits for it.
    pub priority: Priority,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Page;

    #[tokio::test]
    async fn who_may_be_two_is_nobody() {
        let [ann, bob] = ["ann", "bob"].map(|login| AgentRef::default().with_login(login));
        let list =
            |all: &[&AgentRef]| Page::new(all.iter().map(|who| Agent::new((*who).clone())).collect()).into_listing();
        let found = find_among(list(&[&bob, &ann]), &ann).await.unwrap().unwrap();
        assert_eq!(found.who, ann);
        assert_eq!(find_among(list(&[&bob]), &ann).await.unwrap(), None);
        assert!(find_among(list(&[&ann, &bob, &ann]), &ann).await.unwrap_err().is_config());
    }
}
