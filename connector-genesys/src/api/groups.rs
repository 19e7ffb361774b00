//! `/groups`, `/routing/queues`, `/teams`, and who is in them.

use connector_core::http::segment;
use connector_core::{Error, GroupKind, Priority, Result};
use serde_json::value::RawValue;

use super::lists::{At, Fetched, page};
use crate::transport::Api;
use crate::uses::{QUEUES, TEAMS};
use crate::wire::groups::Group;
use crate::wire::list::Rows;

/// Where a kind of group is found.
fn path(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Queue => "api/v2/routing/queues",
        GroupKind::Team => "api/v2/teams",
        _ => "api/v2/groups",
    }
}

/// Where lists of a kind of group begin, and those of its members.
pub(crate) fn first(kind: GroupKind) -> At {
    if kind == GroupKind::Team { At::After(None) } else { At::Page(1) }
}

/// The same error, with the permission that is missing for this kind.
fn named(error: Error, kind: GroupKind) -> Error {
    let permission = match kind {
        GroupKind::Queue => QUEUES,
        GroupKind::Team => TEAMS,
        _ => return error,
    };
    if error.is_forbidden() { error.advise(format!("give {permission} to a role of the OAuth client")) } else { error }
}

impl Api {
    /// Groups of a kind.
    pub(crate) async fn groups(
        &self,
        kind: GroupKind,
        at: &At,
        size: u32,
        priority: Priority,
    ) -> Result<Fetched<Group>> {
        let request = self.client.get(path(kind)).priority(priority).during("list_groups");
        page(request, at, size).await.map_err(|error| named(error, kind))
    }

    /// All groups of a kind, page by page.
    pub(crate) async fn all_groups(&self, kind: GroupKind, size: u32, priority: Priority) -> Result<Rows<Group>> {
        let (mut all, mut next) = (Vec::new(), Some(first(kind)));
        while let Some(at) = next {
            let found = self.groups(kind, &at, size, priority).await?;
            all.extend(found.rows);
            next = found.next;
        }
        Ok(all)
    }

    /// The members of a group, each as it came. Those of a team come whole only because they are asked for.
    pub(crate) async fn members(
        &self,
        (kind, id): (GroupKind, &str),
        at: &At,
        size: u32,
        priority: Priority,
    ) -> Result<Fetched<Box<RawValue>>> {
        let request = self.client.get(&format!("{}/{}/members", path(kind), segment(id)));
        let request = if kind == GroupKind::Team { request.query("expand", "entities") } else { request };
        page(request.priority(priority).during("list_agents"), at, size).await.map_err(|error| named(error, kind))
    }
}
