//! Whose calls are to be heard, and who an id is.

use async_trait::async_trait;
use connector_core::http::segment;
use connector_core::{AgentRef, Priority, Result, Watch};

use crate::channel::People;
use crate::transport::Api;
use crate::wire::Page;
use crate::wire::users::User;

/// More pages of people are not read: ten times as many as the channels of a client can hear.
const MOST_PAGES: u32 = 2_000;

/// Who is who in an organisation.
#[async_trait]
pub(crate) trait Directory: Send + Sync {
    /// All who work there.
    async fn everyone(&self) -> Result<Vec<AgentRef>>;

    /// The one with this id.
    async fn with_id(&self, id: &str) -> Result<Option<AgentRef>>;
}

/// The people to be heard. Whoever has no id there is left out, and looked for again in an hour.
pub(super) async fn of(watch: &Watch, directory: &dyn Directory) -> Result<People> {
    let Some(watched) = watch.people() else {
        return Ok(People { everyone: true, agents: directory.everyone().await? });
    };
    let (mut agents, strangers): (Vec<AgentRef>, Vec<AgentRef>) =
        watched.iter().cloned().partition(|who| who.id.is_some());
    if !strangers.is_empty() {
        let all = directory.everyone().await?;
        agents.extend(all.into_iter().filter(|known| strangers.iter().any(|who| who.may_be(known))));
    }
    Ok(People { everyone: false, agents })
}

/// The people as the API lists them.
pub(crate) struct Listed(pub(crate) Api, pub(crate) u32);

#[async_trait]
impl Directory for Listed {
    async fn everyone(&self) -> Result<Vec<AgentRef>> {
        let mut people = Vec::new();
        for number in 1..=MOST_PAGES {
            let request = self.0.client.get("api/v2/users").query("pageSize", self.1).query("pageNumber", number);
            let request = request.query("state", "active").priority(Priority::Live).during("list_agents");
            let page: Page<User> = request.send().await?.json()?;
            people.extend(page.entities.into_iter().filter_map(agent));
            let is_last = page.page_count.is_some_and(|count| i64::from(number) >= count);
            if page.next_uri.is_none() || is_last {
                break;
            }
        }
        Ok(people)
    }

    async fn with_id(&self, id: &str) -> Result<Option<AgentRef>> {
        let request = self.0.client.get(&format!("api/v2/users/{}", segment(id))).priority(Priority::Live);
        match request.during("find_agent").send().await {
            Ok(answer) => Ok(agent(answer.json()?)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A person, if there is an id. The login is what stands before the last `@` of the user name.
fn agent(user: User) -> Option<AgentRef> {
    let mut who = AgentRef::default().with_id(user.id?);
    let name = user.username.as_ref().map(|name| name.reveal()).or(user.email.as_ref().map(|email| email.reveal()));
    who.login = name.map(|name| name.rsplit_once('@').map_or(name, |(local, _)| local).into());
    who.email = user.email;
    Some(who)
}
