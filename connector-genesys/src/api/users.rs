//! `/users`.

use connector_core::{Priority, Result};

use super::lists::{At, Fetched, page};
use crate::transport::Api;
use crate::wire::users::User;

impl Api {
    /// People, whether or not they work there (still).
    pub(crate) async fn users(&self, at: &At, size: u32, priority: Priority) -> Result<Fetched<User>> {
        page(self.client.get("api/v2/users").query("state", "any").priority(priority).during("list_agents"), at, size)
            .await
    }

    /// Those of these people whom the organisation knows, a hundred at most. That it tells of people who have left as well
    /// when they are named is not documented.
    pub(crate) async fn users_by_id(&self, ids: &[&str], priority: Priority) -> Result<Fetched<User>> {
        let ids: Vec<&str> = ids.iter().copied().filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            return Ok(Fetched { rows: Vec::new(), next: None });
        }
        let request = self.client.get("api/v2/users").query("state", "any").priority(priority).during("find_agent");
        let size = ids.len() as u32;
        page(ids.into_iter().fold(request, |request, id| request.query("id", id)), &At::Page(1), size).await
    }
}
