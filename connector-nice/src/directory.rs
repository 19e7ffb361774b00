//! Who takes calls: agents, groups and teams.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::http::{PageOf, pages};
use connector_core::{
    Agent, AgentDirectory, AgentGroup, AgentQuery, AgentRef, AgentState, GroupKind, GroupQuery, GroupRef, JobCheck,
    Listing, LookupOptions, Priority, Rejected, Result,
};
use serde::{Deserialize, Serialize};

use crate::conversation::full_name;
use crate::shared::{Shared, judge};
use crate::transport::Api;
use crate::uses::EMPLOYEES;
use crate::wire::agents::{Agent as WireAgent, Group, Team};
use crate::wire::list::List;
use crate::wire::{self, Rows};

/// The people of a tenant. Groups are both the ACD's groups and its teams. Agents are listed whole each time: of what changed
/// since, nothing reliable is documented.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{AgentDirectory, AgentRef, Context, GroupKind, GroupQuery, ListingExt, LookupOptions};
/// use connector_nice::{NiceCxone, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// let people = NiceCxone::new(fake.config(), &Context::default())?.directory();
/// let groups: Vec<_> = people.list_groups(GroupQuery::default()).items(|row| eprintln!("{row}")).try_collect().await?;
/// assert!(groups.iter().any(|group| group.kind == GroupKind::Team));
///
/// let who = AgentRef::default().with_login("msandoval@example.com");
/// let found = people.find_agent(&who, LookupOptions::default()).await?.unwrap();
/// assert_eq!(found.who.id.as_deref(), Some("31000105"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// `is_not_found` and `is_config` for a group that nobody or more than one has; `is_forbidden` where the role lacks
/// *Employees*; those of a request.
#[derive(Clone)]
pub struct NiceDirectory {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for NiceDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NiceDirectory({})", self.shared.connection.cx.origin())
    }
}

/// A group or team, as far as its members are asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Found {
    id: String,
    kind: GroupKind,
    name: String,
}

/// Where a listing of agents is.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Place {
    /// Among all agents.
    All { skip: usize },
    /// Before the groups are known.
    Start,
    /// In one of these groups.
    In { groups: Vec<Found>, index: usize, skip: usize },
}

/// Where a listing of groups is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum GroupPlace {
    Groups,
    Teams { skip: usize },
}

#[async_trait]
impl AgentDirectory for NiceDirectory {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        let first = if query.groups.is_empty() { Place::All { skip: 0 } } else { Place::Start };
        let (shared, wanted) = (self.shared.clone(), Arc::new(query.groups));
        let priority = query.priority;
        pages(first, query.resume, move |place| {
            let (shared, wanted) = (shared.clone(), wanted.clone());
            async move {
                let page = agents_at(&shared, &wanted, place, priority).await;
                shared.connection.note(page)
            }
        })
    }

    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup> {
        let (shared, priority) = (self.shared.clone(), query.priority);
        pages(GroupPlace::Groups, query.resume, move |place| {
            let shared = shared.clone();
            async move {
                let page = groups_at(&shared, place, priority).await;
                shared.connection.note(page)
            }
        })
    }

    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>> {
        let found = find(&self.shared, who, options.priority).await;
        self.shared.connection.note(found)
    }

    async fn check(&self) -> JobCheck {
        let asked = async { self.shared.connection.api().await?.agents(None, 0, 1, Priority::Live).await.map(drop) };
        judge(asked.await, EMPLOYEES, "give it to the role of the access key's user")
    }
}

async fn agents_at(
    shared: &Shared,
    wanted: &[GroupRef],
    place: Place,
    priority: Priority,
) -> Result<PageOf<Agent, Place>> {
    let (api, top) = (shared.connection.api().await?, shared.connection.config.page);
    match place {
        Place::All { skip } => {
            let found = api.agents(None, skip, top, priority).await?;
            let next = next(&found, found.rows.len(), skip, top).map(|skip| Place::All { skip });
            Ok(agents_of(&found.rows, None, next))
        }
        Place::Start => {
            let groups = resolve(&api, wanted, top, priority)
                .await
                .map_err(|error| error.during("list_agents").of(shared.connection.cx.origin()))?;
            Ok(PageOf::new(Vec::new(), Some(Place::In { groups, index: 0, skip: 0 })))
        }
        Place::In { groups, index, skip } => {
            let Some(group) = groups.get(index) else { return Ok(PageOf::new(Vec::new(), None)) };
            let (found, further) = match group.kind {
                GroupKind::Team => {
                    let found = api.team_agents(&group.id, skip, top, priority).await?;
                    let further = next(&found, found.rows.len(), skip, top);
                    (found, further)
                }
                _ => (api.group_agents(&group.id, priority).await?, None),
            };
            let name = group.name.clone();
            let next = match further {
                Some(skip) => Some(Place::In { groups, index, skip }),
                None if index + 1 < groups.len() => Some(Place::In { groups, index: index + 1, skip: 0 }),
                None => None,
            };
            Ok(agents_of(&found.rows, Some(&name), next))
        }
    }
}

async fn groups_at(shared: &Shared, place: GroupPlace, priority: Priority) -> Result<PageOf<AgentGroup, GroupPlace>> {
    let (api, top) = (shared.connection.api().await?, shared.connection.config.page);
    match place {
        GroupPlace::Groups => {
            let found = api.groups(priority).await?;
            Ok(read_each(&found.rows, "group", group).into_page(Some(GroupPlace::Teams { skip: 0 })))
        }
        GroupPlace::Teams { skip } => {
            let found = api.teams(skip, top, priority).await?;
            let next = next(&found, found.rows.len(), skip, top).map(|skip| GroupPlace::Teams { skip });
            Ok(read_each(&found.rows, "team", team).into_page(next))
        }
    }
}

/// Where the next page starts: after as many rows as came, until there are as many as the vendor says.
fn next(found: &List, came: usize, skip: usize, top: usize) -> Option<usize> {
    let so_far = skip + came;
    let more = match found.total.and_then(|total| usize::try_from(total).ok()) {
        Some(total) => so_far < total,
        None => came >= top,
    };
    (more && came > 0).then_some(so_far)
}

/// The groups that were meant. A name that fits two is an error, and so is one that fits none.
async fn resolve(api: &Api, wanted: &[GroupRef], top: usize, priority: Priority) -> Result<Vec<Found>> {
    let mut all: Vec<AgentGroup> = read_each(&api.groups(priority).await?.rows, "group", group).items;
    let mut skip = Some(0);
    while let Some(from) = skip {
        let found = api.teams(from, top, priority).await?;
        skip = next(&found, found.rows.len(), from, top);
        all.extend(read_each(&found.rows, "team", team).items);
    }
    wanted.iter().map(|wanted| one_of(&all, wanted)).collect()
}

fn one_of(all: &[AgentGroup], wanted: &GroupRef) -> Result<Found> {
    let group = wanted.one_of(all, "see how it is called in ACD > Groups, or among the teams")?;
    Ok(Found { id: group.id.clone(), kind: group.kind, name: group.name.clone() })
}

async fn find(shared: &Shared, who: &AgentRef, priority: Priority) -> Result<Option<Agent>> {
    let api = shared.connection.api().await?;
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
            let found = api.agents(Some(text), from, shared.connection.config.page, priority).await?;
            if let Some(agent) = known(&found.rows) {
                return Ok(Some(agent));
            }
            skip = next(&found, found.rows.len(), from, shared.connection.config.page);
        }
    }
    Ok(None)
}

/// Rows that could be read, and those that could not.
struct Read<T> {
    items: Vec<T>,
    rejected: Vec<Rejected>,
}

impl<T> Read<T> {
    fn into_page<P>(self, next: Option<P>) -> PageOf<T, P> {
        PageOf::new(self.items, next).with_rejected(self.rejected)
    }
}

fn read_each<W: serde::de::DeserializeOwned, T>(rows: &Rows, what: &str, map: impl Fn(W) -> Option<T>) -> Read<T> {
    let mut read = Read { items: Vec::new(), rejected: Vec::new() };
    for (number, raw) in rows.iter().enumerate() {
        match wire::row::<W>(raw).and_then(&map) {
            Some(item) => read.items.push(item),
            None => {
                let what = format!("{what} {} of a page", number + 1);
                read.rejected.push(Rejected::new(what, "no_id", "it is no object with an id"));
            }
        }
    }
    read
}

fn agents_of<P>(rows: &Rows, group: Option<&str>, next: Option<P>) -> PageOf<Agent, P> {
    let of_group = |row| {
        let mut agent = agent(row)?;
        if let Some(group) = group.filter(|group| agent.groups.iter().all(|known| known != group)) {
            agent.groups.insert(0, group.to_owned());
        }
        Some(agent)
    };
    read_each(rows, "agent", of_group).into_page(next)
}

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

fn group(row: Group) -> Option<AgentGroup> {
    let id = row.group_id?;
    let name = row.group_name.unwrap_or_else(|| id.clone());
    Some(AgentGroup::new(id, GroupKind::Group, name))
}

fn team(row: Team) -> Option<AgentGroup> {
    let id = row.team_id?;
    let name = row.team_name.unwrap_or_else(|| id.clone());
    Some(AgentGroup::new(id, GroupKind::Team, name))
}
