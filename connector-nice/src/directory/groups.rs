//! Which groups are meant.

use connector_core::{AgentGroup, GroupKind, GroupRef, Priority, Result};
use serde::{Deserialize, Serialize};

use super::rows;
use crate::transport::Api;

/// A group or team, as far as its members are asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) kind: GroupKind,
    pub(super) name: String,
}

/// The groups that were meant. A name that fits two is an error, and so is one that fits none.
pub(super) async fn resolve(api: &Api, wanted: &[GroupRef], top: usize, priority: Priority) -> Result<Vec<Found>> {
    let mut all: Vec<AgentGroup> = rows::groups(&api.groups(priority).await?.rows).items;
    let mut skip = Some(0);
    while let Some(from) = skip {
        let found = api.teams(from, top, priority).await?;
        skip = found.next_skip(from, top);
        all.extend(rows::teams(&found.rows).items);
    }
    wanted.iter().map(|wanted| one_of(&all, wanted)).collect()
}

fn one_of(all: &[AgentGroup], wanted: &GroupRef) -> Result<Found> {
    let group = wanted.one_of(all, "see how it is called in ACD > Groups, or among the teams")?;
    Ok(Found { id: group.id.clone(), kind: group.kind, name: group.name.clone() })
}
