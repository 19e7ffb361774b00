//! Who takes calls: agents, groups, queues and teams.

mod finding;
mod groups;
mod logins;
mod rows;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::http::{PageOf, pages};
use connector_core::{
    Agent, AgentDirectory, AgentGroup, AgentQuery, AgentRef, GroupQuery, GroupRef, JobCheck, Listing, LookupOptions,
    Priority, Result,
};
use serde::{Deserialize, Serialize};

use crate::api::groups::first;
use crate::api::lists::At;
use crate::shared::Shared;
use crate::uses;
use groups::KINDS;
use logins::Logins;

/// The people of an organisation, also those who have left. Groups are its groups, its queues and its teams.
///
/// The login of an agent is what stands before the last `@` of the Genesys user name, since that is what other systems know
/// an agent by; the e-mail address takes the place of a user name that is missing. Nothing keeps two people, such as
/// `kay@example.com` and `kay@example.org`, from having the same login. Both are listed, and beside the second one stands a
/// rejected row with the reason `same_login` that names both by their ids; a listing that was taken up in the middle knows
/// only of the people from there on, and none of somebody who came 50,000 people before. Whoever was deleted gives the login
/// away.
///
/// The vendor does not say in a list of people which groups they are in: an agent comes with those groups that were asked for.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{AgentDirectory, AgentRef, Context, GroupKind, GroupQuery, ListingExt, LookupOptions};
/// use connector_genesys::{Genesys, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// let people = Genesys::new(fake.config(), &Context::default())?.directory();
/// let groups: Vec<_> = people.list_groups(GroupQuery::default()).items(|row| eprintln!("{row}")).try_collect().await?;
/// assert!(groups.iter().any(|group| group.kind == GroupKind::Queue));
///
/// let who = AgentRef::default().with_login("msandoval");
/// let found = people.find_agent(&who, LookupOptions::default()).await?.unwrap();
/// assert_eq!(found.who.email.unwrap().reveal(), "msandoval@example.com");
/// # Ok(()) }
/// ```
///
/// # Errors
/// `is_not_found` and `is_config` for a group that nobody or more than one has; `is_config` for a login or an e-mail
/// address that more than one person has; `is_forbidden` where the OAuth client lacks a permission; those of a request.
/// Everybody is read to find one person by login or e-mail address: the vendor's search wants the whole user name and a
/// permission of its own.
#[derive(Clone)]
pub struct GenesysDirectory {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for GenesysDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenesysDirectory({})", self.shared.connection.cx.origin())
    }
}

/// Where a listing of agents is.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Place {
    /// Among all agents.
    All(At),
    /// Before the groups are known.
    Start,
    /// In one of these groups.
    In { groups: Vec<AgentGroup>, index: usize, at: At },
}

/// Where a listing of groups is: in which of the kinds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct GroupPlace {
    kind: usize,
    at: At,
}

#[async_trait]
impl AgentDirectory for GenesysDirectory {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        let start = if query.groups.is_empty() { Place::All(At::Page(1)) } else { Place::Start };
        let (shared, wanted) = (self.shared.clone(), Arc::new(query.groups));
        let logins: Arc<Logins> = Arc::default();
        let priority = query.priority;
        pages(start, query.resume, move |place| {
            let (shared, wanted, logins) = (shared.clone(), wanted.clone(), logins.clone());
            async move {
                let page = agents_at(&shared, &wanted, place, priority).await?;
                page.items.iter().for_each(|agent| shared.people.learn(&agent.who));
                let same = logins.seen(&page.items, &shared.people);
                Ok(page.with_rejected(same))
            }
        })
    }

    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup> {
        let (shared, priority) = (self.shared.clone(), query.priority);
        pages(GroupPlace { kind: 0, at: first(KINDS[0]) }, query.resume, move |place| {
            let shared = shared.clone();
            async move { groups_at(&shared, place, priority).await }
        })
    }

    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>> {
        finding::find(&self.shared, who, options.priority).await
    }

    async fn check(&self) -> JobCheck {
        self.shared.check(&uses::AGENTS_CHECK).await
    }
}

async fn agents_at(
    shared: &Shared,
    wanted: &[GroupRef],
    place: Place,
    priority: Priority,
) -> Result<PageOf<Agent, Place>> {
    let (api, size) = (shared.connection.api().await?, shared.connection.config.page);
    match place {
        Place::All(at) => {
            let found = api.users(&at, size, priority).await?;
            Ok(rows::agents(found.rows).into_page(found.next.map(Place::All)))
        }
        Place::Start => {
            let groups = groups::resolve(&api, wanted, size, priority)
                .await
                .map_err(|error| error.during("list_agents").of(shared.connection.cx.origin()))?;
            Ok(PageOf::new(Vec::new(), begin(groups, 0)))
        }
        Place::In { groups, index, at } => {
            let Some(group) = groups.get(index) else { return Ok(PageOf::new(Vec::new(), None)) };
            let found = api.members((group.kind, &group.id), &at, size, priority).await?;
            let mut members = rows::members(&api, group.kind, found.rows, priority).await?;
            members.items.iter_mut().for_each(|agent| agent.groups.push(group.name.clone()));
            let next = match found.next {
                Some(at) => Some(Place::In { groups, index, at }),
                None => begin(groups, index + 1),
            };
            Ok(members.into_page(next))
        }
    }
}

/// The beginning of the n-th of these groups, if there are so many.
fn begin(groups: Vec<AgentGroup>, index: usize) -> Option<Place> {
    let at = first(groups.get(index)?.kind);
    Some(Place::In { groups, index, at })
}

async fn groups_at(shared: &Shared, place: GroupPlace, priority: Priority) -> Result<PageOf<AgentGroup, GroupPlace>> {
    let (api, size) = (shared.connection.api().await?, shared.connection.config.page);
    let Some(kind) = KINDS.get(place.kind).copied() else { return Ok(PageOf::new(Vec::new(), None)) };
    let found = api.groups(kind, &place.at, size, priority).await?;
    let next = match (found.next, KINDS.get(place.kind + 1)) {
        (Some(at), _) => Some(GroupPlace { at, ..place }),
        (None, Some(kind)) => Some(GroupPlace { kind: place.kind + 1, at: first(*kind) }),
        (None, None) => None,
    };
    Ok(rows::groups(kind, found.rows).into_page(next))
}
