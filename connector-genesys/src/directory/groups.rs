//! Which groups there are, and which are meant.

use connector_core::{AgentGroup, GroupKind, GroupRef, Priority, Result};

use super::rows;
use crate::transport::Api;

/// The kinds of groups that the vendor has, in the order in which they are listed.
pub(super) const KINDS: [GroupKind; 3] = [GroupKind::Group, GroupKind::Queue, GroupKind::Team];

/// Where a person sees how groups are called.
const LOOK: &str = "see how it is called in Genesys Cloud; upper and lower case differ";

/// The groups that were meant. A name that fits two is an error, and so is one that fits none. Only the kinds that may be
/// meant are asked for.
pub(super) async fn resolve(api: &Api, wanted: &[GroupRef], size: u32, priority: Priority) -> Result<Vec<AgentGroup>> {
    let is_wanted = |kind: &GroupKind| wanted.iter().any(|group| group.kind.is_none_or(|wanted| wanted == *kind));
    let mut all = Vec::new();
    for kind in KINDS.into_iter().filter(is_wanted) {
        all.extend(rows::groups(kind, api.all_groups(kind, size, priority).await?).items);
    }
    wanted.iter().map(|wanted| wanted.one_of(&all, LOOK).cloned()).collect()
}
