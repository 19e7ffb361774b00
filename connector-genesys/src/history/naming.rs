//! The people of calls: the history names them by ids alone.

use std::collections::BTreeSet;

use connector_core::{AgentRef, Conversation, Priority};

use crate::people::agent;
use crate::shared::Shared;

/// How many people are asked for at once.
const AT_ONCE: usize = 100;

/// Adds logins to the people of a page. Whoever is not known is asked for, all at once, unless they were `asked` for before.
/// Without an answer they keep their ids.
pub(super) async fn name(
    shared: &Shared,
    calls: &mut [Conversation],
    asked: &mut BTreeSet<String>,
    priority: Priority,
) {
    let is_unknown = |id: &String| shared.people.get(id).is_none_or(|who| who.login.is_none());
    let unknown: BTreeSet<String> = ids(calls).filter(|id| is_unknown(id) && asked.insert(id.clone())).collect();
    let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
    for some in unknown.chunks(AT_ONCE) {
        if let Err(error) = learn(shared, some, priority).await {
            tracing::warn!("who {} users are could not be asked: {error}", some.len());
        }
    }
    fill(shared, calls);
}

async fn learn(shared: &Shared, ids: &[&str], priority: Priority) -> connector_core::Result<()> {
    let found = shared.connection.api().await?.users_by_id(ids, priority).await?;
    let people = found.rows.into_iter().flatten().filter_map(agent);
    people.for_each(|agent| shared.people.learn(&agent.who));
    Ok(())
}

/// Adds logins to the people of one call.
pub(super) async fn name_one(shared: &Shared, call: &mut Conversation) {
    let ids: BTreeSet<String> = ids(std::slice::from_ref(call)).collect();
    for id in &ids {
        shared.who(id).await;
    }
    fill(shared, std::slice::from_mut(call));
}

fn ids(calls: &[Conversation]) -> impl Iterator<Item = String> {
    calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref()?.id.clone())
}

fn fill(shared: &Shared, calls: &mut [Conversation]) {
    for who in calls.iter_mut().flat_map(|call| &mut call.legs).filter_map(|leg| leg.agent.as_mut()) {
        let Some(known) = who.id.as_deref().and_then(|id| shared.people.get(id)) else { continue };
        *who = AgentRef { name: known.name.clone().or(who.name.take()), ..known };
    }
}
