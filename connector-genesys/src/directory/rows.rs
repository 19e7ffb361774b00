//! Rows of lists, one by one: a bad row costs the row.

use connector_core::http::PageOf;
use connector_core::{Agent, AgentGroup, GroupKind, Priority, Rejected, Result};
use serde_json::value::RawValue;

use crate::people::{agent, group};
use crate::transport::Api;
use crate::wire::groups::{Group, QueueMember};
use crate::wire::list::Rows;
use crate::wire::row;
use crate::wire::users::User;

/// Rows that could be read, and those that could not.
pub(super) struct Read<T> {
    pub(super) items: Vec<T>,
    pub(super) rejected: Vec<Rejected>,
}

impl<T> Read<T> {
    pub(super) fn into_page<P>(self, next: Option<P>) -> PageOf<T, P> {
        PageOf::new(self.items, next).with_rejected(self.rejected)
    }
}

fn read_each<R, T>(rows: Rows<R>, what: &str, read: impl Fn(R) -> Option<T>) -> Read<T> {
    let mut found = Read { items: Vec::with_capacity(rows.len()), rejected: Vec::new() };
    for (number, row) in rows.into_iter().enumerate() {
        match row.and_then(&read) {
            Some(item) => found.items.push(item),
            None => {
                let what = format!("{what} {} of a page", number + 1);
                found.rejected.push(Rejected::new(what, "no_id", "it is no object with an id"));
            }
        }
    }
    found
}

/// People.
pub(super) fn agents(rows: Rows<User>) -> Read<Agent> {
    read_each(rows, "user", agent)
}

/// Groups of a kind.
pub(super) fn groups(kind: GroupKind, rows: Rows<Group>) -> Read<AgentGroup> {
    let what = match kind {
        GroupKind::Queue => "queue",
        GroupKind::Team => "team",
        _ => "group",
    };
    read_each(rows, what, |row| group(kind, row))
}

/// Members of a group of this kind. Those of whom only the id is told are asked for, all at once; whoever is not known then
/// either is a rejected row.
pub(super) async fn members(
    api: &Api,
    kind: GroupKind,
    rows: Rows<Box<RawValue>>,
    priority: Priority,
) -> Result<Read<Agent>> {
    let mut read = read_each(rows, "member", |raw| member(kind, &raw));
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
