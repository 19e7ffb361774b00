//! Which groups are meant.

use connector_core::{AgentGroup, GroupRef, Priority, Result};

use super::rows;
use crate::transport::Api;

/// Where a person sees how groups are called.
const LOOK: &str = "see how it is called in ACD > Groups, or among the teams";

/// The groups that were meant. A name that fits two is an error, and so is one that fits none.
pub(super) async fn resolve(api: &Api, wanted: &[GroupRef], top: usize, priority: Priority) -> Result<Vec<AgentGroup>> {
    let mut all: Vec<AgentGroup> = rows::groups(&api.groups(priority).await?.rows).items;
    let mut skip = Some(0);
    while let Some(from) = skip {
        let found = api.teams(from, top, priority).await?;
        skip = found.next_skip(from, top);
        all.extend(rows::teams(&found.rows).items);
    }
    wanted.iter().map(|wanted| wanted.one_of(&all, LOOK).cloned()).collect()
}
