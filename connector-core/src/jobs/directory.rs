//! The people of a contact centre.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::{JobCheck, Listing, LookupOptions, Priority};
use crate::{Agent, AgentGroup, AgentRef, Cursor, GroupRef, Result};

/// Lists the people whose calls count.
#[async_trait]
pub trait AgentDirectory: Debug + Send + Sync + 'static {
    /// All agents that the query asks for.
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent>;

    /// All groups of the kinds that the vendor has.
    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup>;

    /// The one agent meant; `None` when the vendor knows nobody like that.
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
