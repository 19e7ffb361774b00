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
    let ids = calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref()?.id.clone());
    learn(shared, ids.collect(), priority).await;
    calls.iter_mut().for_each(|call| fill(shared, call));
}

/// Asks for those of these people who are not known.
pub(crate) async fn learn(shared: &Shared, mut ids: BTreeSet<String>, priority: Priority) {
    ids.retain(|id| shared.people.get(id).is_none());
    let listed = if ids.len() > FEW { learn_all(shared, priority).await } else { Ok(()) };
    if let Err(error) = listed {
        tracing::warn!(origin = %shared.connection.cx.origin(), %error, "the people of calls cannot be read");
        return;
    }
    for id in ids.iter().filter(|id| shared.people.get(id).is_none()) {
        shared.people.who(id, one(shared, id, priority)).await;
    }
}

/// Adds to the people of a call what is known of them.
pub(crate) fn fill(shared: &Shared, call: &mut Conversation) {
    call.legs.iter_mut().filter_map(|leg| leg.agent.as_mut()).for_each(|who| complete(shared, who));
}

/// Adds to a person what is known.
pub(crate) fn complete(shared: &Shared, who: &mut AgentRef) {
    if let Some(known) = who.id.as_deref().and_then(|id| shared.people.get(id)) {
        *who = AgentRef { name: who.name.take().or(known.name.clone()), ..known };
    }
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
