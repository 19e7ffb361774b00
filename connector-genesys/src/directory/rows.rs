//! Rows of lists, one by one: a bad row costs the row.

use connector_core::http::Rows as Read;
use connector_core::{Agent, AgentGroup, GroupKind, Priority, Rejected, Result};
use serde_json::value::RawValue;

use crate::people::{agent, group};
use crate::transport::Api;
use crate::wire::groups::{Group, QueueMember};
use crate::wire::list::Rows;
use crate::wire::row;
use crate::wire::users::User;

/// People.
pub(super) fn agents(rows: Rows<User>) -> Read<Agent> {
    Read::read("user", rows, |row| agent(row?))
}

/// Groups of a kind.
pub(super) fn groups(kind: GroupKind, rows: Rows<Group>) -> Read<AgentGroup> {
    let what = match kind {
        GroupKind::Queue => "queue",
        GroupKind::Team => "team",
        _ => "group",
    };
    Read::read(what, rows, |row| group(kind, row?))
}

/// Members of a group of this kind. Those of whom only the id is told are asked for, all at once; whoever is not known then
/// either is a rejected row.
pub(super) async fn members(
    api: &Api,
    kind: GroupKind,
    rows: Rows<Box<RawValue>>,
    priority: Priority,
) -> Result<Read<Agent>> {
    let mut read = Read::read("member", rows, |raw| member(kind, &raw?));
    let bare: Vec<&str> = read.items.iter().filter(|agent| agent.who.login.is_none()).filter_map(id).collect();
    if bare.is_empty() {
        return Ok(read);
    }
    let whole = agents(api.users_by_id(&bare, priority).await?.rows).items;
    let mut missing = Vec::new();
    for member in read.items.iter_mut().filter(|agent| agent.who.login.is_none()) {
        match whole.iter().find(|agent| agent.who.id == member.who.id) {
            Some(agent) => *member = agent.clone(),
            None => missing.push(member.who.clone()),
        }
    }
    read.items.retain(|agent| !missing.contains(&agent.who));
    read.rejected.extend(missing.iter().map(|who| {
        Rejected::new(
            format!("member {who}"),
            "unknown_user",
            "the OAuth client sees no such user; give it access to the user's division",
        )
    }));
    Ok(read)
}

fn id(agent: &Agent) -> Option<&str> {
    agent.who.id.as_deref()
}

/// A member: in queues it stands within the row, next to what the queue adds to it.
fn member(kind: GroupKind, raw: &RawValue) -> Option<Agent> {
    if kind != GroupKind::Queue {
        return agent(row(raw)?);
    }
    let member: QueueMember = row(raw)?;
    let whole = member.user.as_deref().and_then(row::<User>).and_then(agent);
    whole.or_else(|| agent(User { id: member.id, ..User::default() }))
}
