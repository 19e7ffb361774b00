//! Rows of lists, one by one: a bad row costs the row.

use connector_core::http::PageOf;
use connector_core::{Agent, AgentGroup, GroupKind, Rejected};

use crate::people::agent;
use crate::wire::agents::{Group, Team};
use crate::wire::{self, Rows};

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

fn read_each<W: serde::de::DeserializeOwned, T>(rows: &Rows, what: &str, map: impl Fn(W) -> Option<T>) -> Read<T> {
    let mut read = Read { items: Vec::new(), rejected: Vec::new() };
    for (number, raw) in rows.iter().enumerate() {
        match wire::row::<W>(raw).and_then(&map) {
            Some(item) => read.items.push(item),
            None => {
                let what = format!("{what} {} of a page", number + 1);
                read.rejected.push(Rejected::new(what, "no_id", "it is no object with an id"));
            }
        }
    }
    read
}

/// People, of whom it may be known that they are in a group.
pub(super) fn agents(rows: &Rows, group: Option<&str>) -> Read<Agent> {
    let of_group = |row| {
        let mut agent = agent(row)?;
        if let Some(group) = group.filter(|group| agent.groups.iter().all(|known| known != group)) {
            agent.groups.insert(0, group.to_owned());
        }
        Some(agent)
    };
    read_each(rows, "agent", of_group)
}

/// Groups. One without a name is called by its id.
pub(super) fn groups(rows: &Rows) -> Read<AgentGroup> {
    read_each(rows, "group", |row: Group| Some(named(row.group_id?, GroupKind::Group, row.group_name)))
}

/// Teams. One without a name is called by its id.
pub(super) fn teams(rows: &Rows) -> Read<AgentGroup> {
    read_each(rows, "team", |row: Team| Some(named(row.team_id?, GroupKind::Team, row.team_name)))
}

fn named(id: String, kind: GroupKind, name: Option<String>) -> AgentGroup {
    let name = name.unwrap_or_else(|| id.clone());
    AgentGroup::new(id, kind, name)
}
