//! Rows of lists, one by one: a bad row costs the row.

use connector_core::http::Rows as Read;
use connector_core::{Agent, AgentGroup};

use crate::people::{agent, group, team};
use crate::wire::{Rows, row};

/// People, of whom it may be known that they are in a group.
pub(super) fn agents(rows: &Rows, group: Option<&str>) -> Read<Agent> {
    Read::read("agent", rows, |raw| {
        let mut agent = agent(row(raw)?)?;
        if let Some(group) = group.filter(|group| agent.groups.iter().all(|known| known != group)) {
            agent.groups.insert(0, group.to_owned());
        }
        Some(agent)
    })
}

/// Groups of the ACD.
pub(super) fn groups(rows: &Rows) -> Read<AgentGroup> {
    Read::read("group", rows, |raw| group(row(raw)?))
}

/// Its teams.
pub(super) fn teams(rows: &Rows) -> Read<AgentGroup> {
    Read::read("team", rows, |raw| team(row(raw)?))
}
