//! One person, by id, login or e-mail address.

use connector_core::{Agent, AgentRef, Priority, Result};

use crate::people::agent;
use crate::shared::Shared;
use crate::wire::{self, Rows};

/// The person meant.
pub(super) async fn find(shared: &Shared, who: &AgentRef, priority: Priority) -> Result<Option<Agent>> {
    let (api, top) = (shared.connection.api().await?, shared.connection.config.page);
    let known = |rows: &Rows| {
        let mut read = rows.iter().filter_map(|raw| agent(wire::row(raw)?));
        read.find(|agent| agent.who.may_be(who))
    };
    if let Some(id) = &who.id {
        return Ok(known(&api.agent(id, priority).await?));
    }
    let texts = [who.login.as_ref().map(|login| login.reveal()), who.email.as_ref().map(|email| email.reveal())];
    for text in texts.into_iter().flatten() {
        let mut skip = Some(0);
        while let Some(from) = skip {
            let found = api.agents(Some(text), from, top, priority).await?;
            if let Some(agent) = known(&found.rows) {
                return Ok(Some(agent));
            }
            skip = found.next_skip(from, top);
        }
    }
    Ok(None)
}
