//! Who people are: from the vendor's users and groups to agents and theirs, and who is behind the ids that calls name.

use std::collections::BTreeSet;
use std::future::ready;

use connector_core::{
    Agent, AgentGroup, AgentRef, AgentState, Conversation, Error, GroupKind, Login, Priority, Result,
};

use crate::shared::Shared;
use crate::wire::groups::Group;
use crate::wire::users::User;

/// How many people are asked for at once.
const AT_ONCE: usize = 100;

/// An agent, if the user has an id.
pub(crate) fn agent(user: User) -> Option<Agent> {
    let login = login_of(&user);
    let mut who = AgentRef::default().with_id(user.id?);
    (who.login, who.name, who.email) = (login, user.name, user.email);
    let mut agent = Agent::new(who);
    agent.state = match user.state.map(|state| state.to_ascii_lowercase()).as_deref() {
        Some("active") => AgentState::Active,
        Some("inactive") => AgentState::Inactive,
        Some("deleted") => AgentState::Deleted,
        _ => AgentState::Unknown,
    };
    Some(agent)
}

/// What an agent is known by elsewhere: what stands before the last `@` of the user name, or of the e-mail address where
/// there is no user name.
pub(crate) fn login_of(user: &User) -> Option<Login> {
    let names = [user.username.as_ref().map(|name| name.reveal()), user.email.as_ref().map(|email| email.reveal())];
    names.into_iter().flatten().find_map(local_part).map(Login::from)
}

fn local_part(name: &str) -> Option<&str> {
    let local = name.rsplit_once('@').map_or(name, |(local, _)| local).trim();
    (!local.is_empty()).then_some(local)
}

/// A group of this kind, if it has an id. One without a name is called by its id.
pub(crate) fn group(kind: GroupKind, group: Group) -> Option<AgentGroup> {
    let id = group.id?;
    let name = group.name.unwrap_or_else(|| id.clone());
    Some(AgentGroup::new(id, kind, name))
}

/// The user with this id, whether or not the person works there (still).
pub(crate) async fn find(shared: &Shared, id: &str, priority: Priority) -> Result<Option<Agent>> {
    let found = shared.connection.api().await?.users_by_id(&[id], priority).await?;
    let mut people = found.rows.into_iter().flatten().filter_map(agent);
    Ok(people.find(|agent| agent.who.id.as_deref() == Some(id)))
}

/// The person behind an id, with login where the vendor tells it within some seconds.
pub(crate) async fn who(shared: &Shared, id: &str) -> AgentRef {
    let lookup = async {
        let found = find(shared, id, Priority::Live).await;
        found.inspect_err(|error| tracing::warn!("who user {id} is could not be asked: {error}"))
    };
    shared.people.who(id, async { Ok(lookup.await?.map(|agent| agent.who)) }).await
}

/// Adds logins to the people of one call.
pub(crate) async fn name_one(shared: &Shared, call: &mut Conversation) {
    let ids: BTreeSet<String> = ids(std::slice::from_ref(call)).collect();
    for id in &ids {
        who(shared, id).await;
    }
    shared.people.complete_all(call);
}

/// Adds logins to the people of many calls. Whoever is not known is asked for, a hundred at once. Without an answer they keep
/// their ids, and are not asked for again for a while.
pub(crate) async fn name(shared: &Shared, calls: &mut [Conversation], priority: Priority) {
    let unknown: BTreeSet<String> = ids(calls).filter(|id| !shared.people.is_settled(id)).collect();
    let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
    for some in unknown.chunks(AT_ONCE) {
        let asked = learn(shared, some, priority).await;
        if let Err(error) = &asked {
            tracing::warn!("who {} users are could not be asked: {error}", some.len());
        }
        for id in some {
            let answer = if asked.is_ok() { Ok(None) } else { Err(Error::transient("nobody could be asked")) };
            shared.people.who(id, ready(answer)).await;
        }
    }
    calls.iter_mut().for_each(|call| shared.people.complete_all(call));
}

async fn learn(shared: &Shared, ids: &[&str], priority: Priority) -> Result<()> {
    let found = shared.connection.api().await?.users_by_id(ids, priority).await?;
    let people = found.rows.into_iter().flatten().filter_map(agent);
    people.for_each(|agent| shared.people.learn(&agent.who));
    Ok(())
}

fn ids(calls: &[Conversation]) -> impl Iterator<Item = String> {
    calls.iter().flat_map(|call| &call.legs).filter_map(|leg| leg.agent.as_ref()?.id.clone())
}

#[cfg(all(test, feature = "testing"))]
#[path = "people/tests.rs"]
mod tests;
