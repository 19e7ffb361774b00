//! `/agents`, `/groups`, `/teams`.

use connector_core::http::segment;
use connector_core::{Priority, Result};

use super::lists::{list, list_if_any};
use crate::transport::Api;
use crate::wire::{self, Rows, agents::Team, list::List};

impl Api {
    /// Agents, a page of them; those that match a text when there is one.
    pub(crate) async fn agents(
        &self,
        search: Option<&str>,
        skip: usize,
        top: usize,
        priority: Priority,
    ) -> Result<List> {
        let request = self.acd("agents", priority).query("skip", skip).query("top", top).during("list_agents");
        list(search.into_iter().fold(request, |request, text| request.query("searchString", text)), "agents").await
    }

    /// One agent, by its id.
    pub(crate) async fn agent(&self, id: &str, priority: Priority) -> Result<Rows> {
        let request = self.acd(&format!("agents/{}", segment(id)), priority).during("find_agent");
        Ok(list_if_any(request, "agents").await?.rows)
    }

    /// All groups. The vendor documents no paging for them.
    pub(crate) async fn groups(&self, priority: Priority) -> Result<List> {
        list(self.acd("groups", priority).during("list_groups"), "groups").await
    }

    /// Teams, a page of them.
    pub(crate) async fn teams(&self, skip: usize, top: usize, priority: Priority) -> Result<List> {
        list(self.acd("teams", priority).query("skip", skip).query("top", top).during("list_groups"), "teams").await
    }

    /// The members of a group.
    pub(crate) async fn group_agents(&self, id: &str, priority: Priority) -> Result<List> {
        let path = format!("groups/{}/agents", segment(id));
        list(self.acd(&path, priority).query("assigned", true).during("list_agents"), "agents").await
    }

    /// The members of a team, which stand within the team.
    pub(crate) async fn team_agents(&self, id: &str, skip: usize, top: usize, priority: Priority) -> Result<List> {
        let path = format!("teams/{}/agents", segment(id));
        let request = self.acd(&path, priority).query("skip", skip).query("top", top).during("list_agents");
        let mut found = list(request, "teams").await?;
        let teams = std::mem::take(&mut found.rows);
        found.rows = teams.iter().flat_map(|team| wire::row::<Team>(team).unwrap_or_default().agents).collect();
        Ok(found)
    }
}
