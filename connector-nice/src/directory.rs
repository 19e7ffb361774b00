//! Who takes calls: agents, groups and teams.

mod finding;
mod groups;
mod rows;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use connector_core::http::{PageOf, pages};
use connector_core::{
    Agent, AgentDirectory, AgentGroup, AgentQuery, AgentRef, GroupKind, GroupQuery, GroupRef, JobCheck, Listing,
    LookupOptions, Priority, Result,
};
use serde::{Deserialize, Serialize};

use crate::shared::Shared;
use crate::uses::EMPLOYEES;

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

/// Where a listing of agents is.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Place {
    /// Among all agents.
    All { skip: usize },
    /// Before the groups are known.
    Start,
    /// In one of these groups.
    In { groups: Vec<AgentGroup>, index: usize, skip: usize },
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
        let found = finding::find(&self.shared, who, options.priority).await;
        self.shared.connection.note(found)
    }

    async fn check(&self) -> JobCheck {
        let asked = async { self.shared.connection.api().await?.agents(None, 0, 1, Priority::Live).await.map(drop) };
        JobCheck::of(asked.await, EMPLOYEES, "give it to the role of the access key's user")
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
            let next = found.next_skip(skip, top).map(|skip| Place::All { skip });
            Ok(rows::agents(&found.rows, None).into_page(next))
        }
        Place::Start => {
            let groups = groups::resolve(&api, wanted, top, priority)
                .await
                .map_err(|error| error.during("list_agents").of(shared.connection.cx.origin()))?;
            Ok(PageOf::new(Vec::new(), Some(Place::In { groups, index: 0, skip: 0 })))
        }
        Place::In { groups, index, skip } => {
            let Some(group) = groups.get(index) else { return Ok(PageOf::new(Vec::new(), None)) };
            let (found, further) = match group.kind {
                GroupKind::Team => {
                    let found = api.team_agents(&group.id, skip, top, priority).await?;
                    let further = found.next_skip(skip, top);
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
            Ok(rows::agents(&found.rows, Some(&name)).into_page(next))
        }
    }
}

async fn groups_at(shared: &Shared, place: GroupPlace, priority: Priority) -> Result<PageOf<AgentGroup, GroupPlace>> {
    let (api, top) = (shared.connection.api().await?, shared.connection.config.page);
    match place {
        GroupPlace::Groups => {
            let found = api.groups(priority).await?;
            Ok(rows::groups(&found.rows).into_page(Some(GroupPlace::Teams { skip: 0 })))
        }
        GroupPlace::Teams { skip } => {
            let found = api.teams(skip, top, priority).await?;
            let next = found.next_skip(skip, top).map(|skip| GroupPlace::Teams { skip });
            Ok(rows::teams(&found.rows).into_page(next))
        }
    }
}
