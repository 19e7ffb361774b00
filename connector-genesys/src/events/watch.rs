//! Whose calls are to be heard.

use std::sync::Arc;

use connector_core::{AgentDirectory, AgentQuery, AgentRef, AgentState, Result, Watch};
use futures_util::TryStreamExt;

use super::channel::People;
use crate::directory::GenesysDirectory;
use crate::shared::Shared;

/// The people to be heard. Whoever is watched by login alone is looked for in the list of people; who is not found there, or
/// shares the login with somebody, is left out, and looked for again in an hour.
pub(super) async fn people(watch: &Watch, shared: &Arc<Shared>) -> Result<People> {
    let Some(watched) = watch.people() else {
        return Ok(People { everyone: true, agents: everyone(shared).await? });
    };
    watched.iter().for_each(|who| shared.people.learn(who));
    let (mut agents, strangers): (Vec<AgentRef>, Vec<AgentRef>) =
        watched.iter().cloned().partition(|who| who.id.is_some());
    if strangers.iter().any(|who| shared.people.meant_by(who).is_empty()) {
        // The list teaches who is who.
        everyone(shared).await?;
    }
    for who in &strangers {
        let mut meant = shared.people.meant_by(who);
        match meant.len() {
            0 => {}
            1 => agents.append(&mut meant),
            _ => {
                let ids: Vec<&str> = meant.iter().filter_map(|one| one.id.as_deref()).collect();
                let origin = shared.connection.cx.origin();
                tracing::warn!(%origin, ?ids, "people with one login are not heard: watch them by their ids");
            }
        }
    }
    Ok(People { everyone: false, agents })
}

/// All who work there.
async fn everyone(shared: &Arc<Shared>) -> Result<Vec<AgentRef>> {
    let mut pages = GenesysDirectory { shared: shared.clone() }.list_agents(AgentQuery::all());
    let mut people = Vec::new();
    while let Some(page) = pages.try_next().await? {
        let working = page.items.into_iter().filter(|agent| agent.state == AgentState::Active);
        people.extend(working.map(|agent| agent.who));
    }
    Ok(people)
}
