//! One person, by id, login or e-mail address.

use connector_core::{Agent, AgentRef, AgentState, EmailAddress, Error, Login, Priority, Result};

use crate::api::lists::At;
use crate::people::{self, agent, login_of};
use crate::shared::Shared;
use crate::wire::users::User;

/// The person meant. By login or address everybody is read, since a second one with it may be on the last page.
pub(super) async fn find(shared: &Shared, who: &AgentRef, priority: Priority) -> Result<Option<Agent>> {
    if let Some(id) = &who.id {
        let found = people::find(shared, id, priority).await?;
        return Ok(found.inspect(|agent| shared.people.learn(&agent.who)));
    }
    let names = [who.login.as_ref().map(Login::reveal), who.email.as_ref().map(EmailAddress::reveal)];
    let names: Vec<String> = names.into_iter().flatten().map(str::to_lowercase).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let (api, size) = (shared.connection.api().await?, shared.connection.config.page);
    let (mut meant, mut next) = (Vec::new(), Some(At::Page(1)));
    while let Some(at) = next {
        let found = api.users(&at, size, priority).await?;
        for user in found.rows.into_iter().flatten() {
            let fit = Fit::of(&user, &names);
            let Some(agent) = agent(user) else { continue };
            shared.people.learn(&agent.who);
            meant.extend(fit.map(|fit| (fit, agent)));
        }
        next = found.next;
    }
    the_one(meant).map_err(|error| error.during("find_agent").of(shared.connection.cx.origin()))
}

/// How well a person fits the names that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Some,
    All,
}

impl Fit {
    fn of(user: &User, names: &[String]) -> Option<Self> {
        let username = user.username.as_ref().map(|name| name.reveal().to_lowercase());
        let email = user.email.as_ref().map(|email| email.reveal().to_lowercase());
        let login = login_of(user).map(|login| login.reveal().to_lowercase());
        let has = |name: &&String| [&username, &email, &login].contains(&&Some((*name).clone()));
        match names.iter().filter(has).count() {
            0 => None,
            fitting if fitting == names.len() => Some(Self::All),
            _ => Some(Self::Some),
        }
    }
}

/// The one that fits best: of those who were not deleted, or else of those who were.
fn the_one(mut meant: Vec<(Fit, Agent)>) -> Result<Option<Agent>> {
    let rank = |(fit, agent): &(Fit, Agent)| (agent.state != AgentState::Deleted, *fit);
    let best = meant.iter().map(rank).max();
    meant.retain(|found| Some(rank(found)) == best);
    // A row may come on two pages while people come and go.
    let mut ids: Vec<String> = meant.iter().filter_map(|(_, agent)| agent.who.id.clone()).collect();
    ids.sort();
    ids.dedup();
    if ids.len() > 1 {
        let words = format!("{} people have this login or e-mail address: users {}", ids.len(), ids.join(", "));
        return Err(
            Error::config(words).advise("name the person by the id, or change one of the user names in Genesys Cloud")
        );
    }
    Ok(meant.pop().map(|(_, agent)| agent))
}
