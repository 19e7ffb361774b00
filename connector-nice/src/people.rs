//! Who people are: from the vendor's agents, groups and teams to ours, and who is behind the ids and names of contacts.

use std::collections::BTreeSet;
use std::future::ready;

use connector_core::{Agent, AgentGroup, AgentRef, AgentState, Conversation, GroupKind, Priority, Result};

use crate::conversation::full_name;
use crate::shared::Shared;
use crate::wire::agents::{Agent as WireAgent, Group, Team};
use crate::wire::{self, Rows};

/// More unknown people than these are found by reading the whole list of agents.
const FEW: usize = 3;

/// An agent, if it has an id. It comes with the name of its team.
pub(crate) fn agent(row: WireAgent) -> Option<Agent> {
    let mut who = AgentRef::default().with_id(row.agent_id?);
    who.login = row.user_name.map(Into::into);
    who.name = full_name(row.first_name.as_deref(), row.last_name.as_deref()).map(Into::into);
    who.email = row.email_address.map(Into::into);
    let mut agent = Agent::new(who);
    agent.aliases = row.user_id.or(row.user_id_upper).into_iter().collect();
    agent.state = match row.is_active {
        Some(true) => AgentState::Active,
        Some(false) => AgentState::Inactive,
        None => AgentState::Unknown,
    };
    agent.groups = row.team_name.into_iter().collect();
    Some(agent)
}

/// A group, if it has an id. One without a name is called by its id.
pub(crate) fn group(row: Group) -> Option<AgentGroup> {
    Some(named(row.group_id?, GroupKind::Group, row.group_name))
}

/// A team, if it has an id. One without a name is called by its id.
pub(crate) fn team(row: Team) -> Option<AgentGroup> {
    Some(named(row.team_id?, GroupKind::Team, row.team_name))
}

fn named(id: String, kind: GroupKind, name: Option<String>) -> AgentGroup {
    let name = name.unwrap_or_else(|| id.clone());
    AgentGroup::new(id, kind, name)
}

/// Adds logins and e-mail addresses to the people of calls. Whoever is not known is asked for; where that is not permitted,
/// or nobody knows them, people keep what the contacts say of them.
///
/// # Errors
/// Those of a request, but for `is_forbidden`.
pub(crate) async fn name(shared: &Shared, calls: &mut [Conversation], priority: Priority) -> Result<()> {
    let ids = calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref()?.id.clone());
    learn(shared, ids.collect(), priority).await?;
    calls.iter_mut().for_each(|call| shared.people.complete_all(call));
    Ok(())
}

/// Asks for those of these people who are not known. Whoever is not found is not asked for again for some minutes.
///
/// # Errors
/// As [`name`].
pub(crate) async fn learn(shared: &Shared, mut ids: BTreeSet<String>, priority: Priority) -> Result<()> {
    ids.retain(|id| !shared.people.is_settled(id));
    match ask(shared, &ids, priority).await {
        Err(error) if error.is_forbidden() => {
            tracing::warn!(origin = %shared.connection.cx.origin(), %error, "the people of calls may not be read");
        }
        asked => asked?,
    }
    for id in &ids {
        shared.people.who(id, ready(Ok(None))).await;
    }
    Ok(())
}

async fn ask(shared: &Shared, ids: &BTreeSet<String>, priority: Priority) -> Result<()> {
    if ids.len() > FEW {
        learn_all(shared, priority).await?;
    }
    for id in ids.iter().filter(|id| !shared.people.is_settled(id)) {
        let found = shared.connection.api().await?.agent(id, priority).await?;
        remember(shared, &found);
    }
    Ok(())
}

/// Reads everybody.
pub(crate) async fn learn_all(shared: &Shared, priority: Priority) -> Result<()> {
    let (api, top) = (shared.connection.api().await?, shared.connection.config.page);
    let mut skip = Some(0);
    while let Some(from) = skip {
        let found = api.agents(None, from, top, priority).await?;
        remember(shared, &found.rows);
        skip = found.next_distinct_skip(from, top);
    }
    Ok(())
}

fn remember(shared: &Shared, rows: &Rows) {
    let people = rows.iter().filter_map(|raw| agent(wire::row(raw)?));
    people.for_each(|agent| shared.people.learn(&agent.who));
}
