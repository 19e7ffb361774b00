//! People from a source's own list of agents.

use std::fmt;
use std::time::Duration;

use connector_core::{Agent, AgentQuery, Clock, Connector, Error, Rejected, Result};
use futures_util::TryStreamExt;
use serde::Serialize;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::consume::SILENCE;
use crate::scope::Scope;
use crate::sqlite::{Applied, People};

/// The most agents that are read of a source.
const LARGEST: usize = 100_000;
/// How many lines of a sort a report has at most.
const LINES: usize = 20;
/// Waits after failures in a row grow from this to the time between two syncs.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// Keeps the people in step with a source's list of agents: adds who came, changes who changed, and deactivates who left.
///
/// Nobody is deleted, and what an import said stands. A list that broke off, rejected rows or is empty makes nobody leave. The people
/// known of the source and the list, of 100,000 agents at most, are held in memory while they are compared.
///
/// ```no_run
/// # async fn sync(connector: connector_core::Connector) -> connector_core::Result<()> {
/// use ingestion_pipeline::{AgentSync, Scope, SqliteStore};
///
/// let store = SqliteStore::open("ingest.db").await?;
/// let scope = Scope::of(store.people().members_of(connector.origin()).await?);
/// let sync = AgentSync::new(connector, store.people())?.in_groups(["Sales"]).with_scope(scope.clone());
/// println!("{}", sync.run_once().await?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AgentSync {
    connector: Connector,
    people: People,
    scope: Option<Scope>,
    groups: Vec<String>,
    analyse: bool,
    clock: Clock,
}

/// What a sync amounted to. `Display` is fit for a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SyncReport {
    /// Agents that were listed.
    pub listed: u64,
    /// People who were not known at the source.
    pub added: u64,
    /// People of whom something changed.
    pub changed: u64,
    /// People who are not listed any more.
    pub deactivated: u64,
    /// Rows of which nobody can say whom they mean, the first 20; those they may mean are left as they were.
    pub unclear: Vec<String>,
    /// Rows that could not be read, the first 20.
    pub rejected: Vec<String>,
    /// Why the list broke off. What came before was taken over, and nobody was deactivated.
    pub broke_off: Option<String>,
}

impl fmt::Display for SyncReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listed, added, changed, deactivated, unclear, rejected, broke_off } = self;
        write!(f, "{listed} agents listed: {added} added, {changed} changed, {deactivated} deactivated")?;
        unclear.iter().try_for_each(|row| write!(f, "\n  unclear: {row}"))?;
        rejected.iter().try_for_each(|row| write!(f, "\n  rejected: {row}"))?;
        broke_off.iter().try_for_each(|why| write!(f, "\n  the list broke off: {why}"))
    }
}

impl AgentSync {
    /// A sync of all agents of a source.
    ///
    /// # Errors
    /// `is_config` when the source has no list of agents.
    pub fn new(connector: Connector, people: People) -> Result<Self> {
        if connector.directory().is_none() {
            return Err(Error::config("this source has no list of agents")
                .of(connector.origin())
                .advise("take its `agents` out, and name its people with `ingest agents import`"));
        }
        let clock = Clock::system();
        Ok(Self { connector, people, scope: None, groups: Vec::new(), analyse: true, clock })
    }

    /// Only of the members of these groups, by name; of all agents when empty.
    pub fn in_groups(mut self, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.groups = groups.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the calls of people who are new are to be analysed; they are unless said otherwise.
    pub fn with_analyse(mut self, analyse: bool) -> Self {
        self.analyse = analyse;
        self
    }

    /// A scope that gets the people after each sync.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The same with another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Lists, compares and takes over once.
    ///
    /// # Errors
    /// `is_storage`. A list that cannot be had is no error but a report that says why it broke off.
    pub async fn run_once(&self) -> Result<SyncReport> {
        let origin = self.connector.origin();
        let mut listed = Listed::default();
        let broke_off = self.list(&mut listed).await.err();
        // An empty list is a wrong group or a missing permission more often than a centre that everybody left.
        let is_whole = broke_off.is_none() && listed.rejected.is_empty() && !listed.agents.is_empty();
        let count = listed.agents.len() as u64;
        let applied = self.people.apply(origin, listed.agents, is_whole, self.analyse, self.clock.now()).await?;
        if let Some(scope) = &self.scope {
            scope.set(self.people.members_of(origin).await?);
        }
        let Applied { added, changed, deactivated, unclear } = applied;
        let unclear = unclear.iter().take(LINES).map(|row| {
            let may_be: Vec<String> = row.may_be.iter().map(ToString::to_string).collect();
            format!(
                "{} may be {}",
                row.listed.who,
                if may_be.is_empty() { "anybody".into() } else { may_be.join(", ") }
            )
        });
        Ok(SyncReport {
            listed: count,
            added,
            changed,
            deactivated,
            unclear: unclear.collect(),
            rejected: listed.rejected,
            broke_off: broke_off.map(|error| error.to_string()),
        })
    }

    /// Syncs now and then every so often, for ever. What fails is tried again sooner, and stops nothing.
    pub async fn run_every(self, every: Duration) {
        let origin = self.connector.origin().clone();
        let mut failures = 0;
        loop {
            match self.run_once().await {
                Ok(report) if report.broke_off.is_none() => {
                    failures = 0;
                    info!(%origin, "{report}");
                }
                Ok(report) => {
                    failures += 1;
                    warn!(%origin, "{report}");
                }
                Err(error) => {
                    failures += 1;
                    warn!(%origin, "the agents could not be synced: {error}");
                }
            }
            sleep(wait(every, failures)).await;
        }
    }

    async fn list(&self, listed: &mut Listed) -> Result<()> {
        let directory = self.connector.directory().ok_or_else(|| Error::bug("a sync of a source without agents"))?;
        let query = self.groups.iter().fold(AgentQuery::all(), |query, group| query.in_group(group.as_str()));
        let mut pages = directory.list_agents(query);
        let silent = |_| Error::transient(format!("the list of agents stood still for {} s", SILENCE.as_secs()));
        while let Some(page) = timeout(SILENCE, pages.try_next()).await.map_err(silent)?? {
            listed.reject(&page.rejected);
            listed.agents.extend(page.items);
            if listed.agents.len() > LARGEST {
                listed.agents.truncate(LARGEST);
                return Err(Error::too_large(format!("it lists more than {LARGEST} agents")).advise("name groups"));
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Listed {
    agents: Vec<Agent>,
    rejected: Vec<String>,
}

impl Listed {
    fn reject(&mut self, rows: &[Rejected]) {
        let room = LINES - self.rejected.len().min(LINES);
        self.rejected.extend(rows.iter().take(room).map(ToString::to_string));
    }
}

/// How long to wait after so many failures in a row.
fn wait(every: Duration, failures: u32) -> Duration {
    match failures {
        0 => every,
        n => FIRST_PAUSE.saturating_mul(2u32.saturating_pow(n - 1)).min(every),
    }
}

#[cfg(test)]
mod tests;
