//! Whose calls count while a pipeline runs: the scopes of its sources, and what keeps them up to date.

use std::time::Duration;

use connector_core::{Connector, Origin};
use ingestion_pipeline::{AgentSync, Following, Scope, SqliteStore};
use tokio::task::JoinSet;
use tracing::warn;

use crate::config::{AgentSettings, CallsOf, ScopeSettings};

/// The scope of a source as it stands now.
pub(crate) async fn scope_of(
    settings: &ScopeSettings,
    origin: &Origin,
    store: &SqliteStore,
) -> connector_core::Result<Scope> {
    let scope = match settings.calls_of {
        CallsOf::Everyone => Scope::everyone(),
        CallsOf::People => Scope::of(store.people().members_of(origin).await?),
    };
    Ok(scope.with_filter(settings.filter.clone()))
}

/// A sync of a source's people.
pub(crate) fn sync_of(
    settings: &AgentSettings,
    connector: &Connector,
    store: &SqliteStore,
) -> connector_core::Result<AgentSync> {
    let sync = AgentSync::new(connector.clone(), store.people())?;
    Ok(sync.in_groups(&settings.groups).with_analyse(settings.analyse))
}

/// What keeps the scopes of running sources up to date.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    scopes: Vec<(Origin, Scope)>,
    syncs: Vec<(AgentSync, Duration)>,
}

impl Watching {
    /// Makes the scope of a source, and notes how it is kept up to date.
    pub(crate) async fn add(
        &mut self,
        settings: &ScopeSettings,
        connector: &Connector,
        store: &SqliteStore,
    ) -> connector_core::Result<Scope> {
        let origin = connector.origin();
        let scope = scope_of(settings, origin, store).await?;
        let is_people = settings.calls_of == CallsOf::People;
        if let Some(agents) = &settings.agents {
            let sync = sync_of(agents, connector, store)?;
            let sync = if is_people { sync.with_scope(scope.clone()) } else { sync };
            self.syncs.push((sync, agents.every));
        }
        if is_people {
            if scope.watch().people().is_some_and(|people| people.is_empty()) {
                warn!(%origin, "nobody is known here yet, so no call is stored: see `ingest agents import`");
            }
            self.scopes.push((origin.clone(), scope.clone()));
        }
        Ok(scope)
    }

    /// Begins; it ends when the tasks are dropped.
    pub(crate) fn start(self, store: &SqliteStore) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        if !self.scopes.is_empty() {
            tasks.spawn(Following::new(store.people(), self.scopes).run());
        }
        for (sync, every) in self.syncs {
            tasks.spawn(sync.run_every(every));
        }
        tasks
    }
}
