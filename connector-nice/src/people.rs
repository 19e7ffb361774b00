//! The people of calls: contacts name them by ids and names alone.

use std::collections::BTreeSet;

use connector_core::{AgentRef, Conversation, Priority, Result};

use crate::directory::agent;
use crate::pages::next_skip;
use crate::shared::Shared;
use crate::wire;

/// More unknown people than these are found by reading the whole list of agents.
const FEW: usize = 3;

/// Adds logins and e-mail addresses to the people of calls. Whoever is not known is asked for; without an answer, people keep
/// what the contacts say of them.
pub(crate) async fn name(shared: &Shared, calls: &mut [Conversation], priority: Priority) {
    let unknown: BTreeSet<String> = ids(calls).filter(|id| shared.people.get(id).is_none()).collect();
    let listed = if unknown.len() > FEW { learn_all(shared, priority).await } else { Ok(()) };
    if let Err(error) = listed {
        tracing::warn!(origin = %shared.connection.cx.origin(), %error, "the people of calls cannot be read");
    } else {
        for id in unknown.iter().filter(|id| shared.people.get(id).is_none()) {
            shared.people.who(id, one(shared, id, priority)).await;
        }
    }
    for who in calls.iter_mut().flat_map(|call| &mut call.legs).filter_map(|leg| leg.agent.as_mut()) {
        let Some(known) = who.id.as_deref().and_then(|id| shared.people.get(id)) else { continue };
        *who = AgentRef { name: who.name.take().or(known.name.clone()), ..known };
    }
}

fn ids(calls: &[Conversation]) -> impl Iterator<Item = String> {
    calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref()?.id.clone())
}

async fn one(shared: &Shared, id: &str, priority: Priority) -> Result<Option<AgentRef>> {
    let found = async { shared.connection.api().await?.agent(id, priority).await }.await;
    let found = found.inspect_err(|error| {
        tracing::warn!(origin = %shared.connection.cx.origin(), %error, "an agent of a call cannot be read");
    })?;
    let mut people = found.iter().filter_map(|raw| agent(wire::row(raw)?));
    Ok(people.find(|agent| agent.who.id.as_deref() == Some(id)).map(|agent| agent.who))
}

async fn learn_all(shared: &Shared, priority: Priority) -> Result<()> {
    let (api, top) = (shared.connection.api().await?, shared.connection.config.page);
    let mut skip = Some(0);
    while let Some(from) = skip {
        let found = api.agents(None, from, top, priority).await?;
        let people = found.rows.iter().filter_map(|raw| agent(wire::row(raw)?));
        people.for_each(|agent| shared.people.learn(&agent.who));
        skip = next_skip(&found, from, top);
    }
    Ok(())
}
