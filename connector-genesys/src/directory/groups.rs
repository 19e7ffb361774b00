//! Which groups are meant.

use connector_core::{AgentGroup, GroupKind, GroupRef, Priority, Result};
use serde::{Deserialize, Serialize};

use super::{KINDS, rows};
use crate::transport::Api;

/// A group, as far as its members are asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) kind: GroupKind,
    pub(super) name: String,
}

/// The groups that were meant. A name that fits two is an error, and so is one that fits none. Only the kinds that may be
/// meant are asked for.
pub(super) async fn resolve(api: &Api, wanted: &[GroupRef], size: u32, priority: Priority) -> Result<Vec<Found>> {
    let is_wanted = |kind: &GroupKind| wanted.iter().any(|group| group.kind.is_none_or(|wanted| wanted == *kind));
    let mut all = Vec::new();
    for kind in KINDS.into_iter().filter(is_wanted) {
        all.extend(rows::groups(kind, api.all_groups(kind, size, priority).await?).items);
    }
    wanted.iter().map(|wanted| one_of(&all, wanted)).collect()
}

fn one_of(all: &[AgentGroup], wanted: &GroupRef) -> Result<Found> {
    let group = wanted.one_of(all, "see how it is called in Genesys Cloud; upper and lower case differ")?;
    Ok(Found { id: group.id.clone(), kind: group.kind, name: group.name.clone() })
}
