//! A running pipeline follows the people in the database, whoever changes them.

use std::time::Duration;

use connector_core::{Origin, Result};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::scope::Scope;
use crate::sqlite::People;

/// How often it is looked whether anybody changed, unless said otherwise.
const EVERY: Duration = Duration::from_secs(2);
/// How often the scopes are set though nobody changed, so that they forget who left long ago.
const ANEW: Duration = Duration::from_secs(3600);

/// Sets the scopes of running sources from the people in the database, now and whenever they change: an import by another
/// process reaches a running pipeline so.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("ingest.db");
/// use connector_core::{AgentRef, Clock, Origin};
/// use ingestion_pipeline::{Following, PeopleFile, Scope, SqliteStore};
///
/// let (store, drop, scope) = (SqliteStore::open(path).await?, Origin::new("acme", "drop"), Scope::of([]));
/// let following = Following::new(store.people(), [(drop.clone(), scope.clone())]);
///
/// let file = PeopleFile::read("tenant,person,source,login\nacme,E-17,drop,kay\n".as_bytes(), &[drop])?;
/// store.people().import(&file, Clock::system().now(), false).await?;
/// following.set().await?; // once; `run` does it whenever anybody changes
/// assert!(scope.watch().covers(&AgentRef::default().with_login("kay")));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Following {
    people: People,
    scopes: Vec<(Origin, Scope)>,
    every: Duration,
}

impl Following {
    /// Follows for these sources.
    pub fn new(people: People, scopes: impl IntoIterator<Item = (Origin, Scope)>) -> Self {
        Self { people, scopes: scopes.into_iter().collect(), every: EVERY }
    }

    /// How often it is looked whether anybody changed; every 2 s unless said otherwise.
    pub fn with_every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets all scopes once.
    ///
    /// # Errors
    /// `is_storage`.
    pub async fn set(&self) -> Result<()> {
        for (origin, scope) in &self.scopes {
            scope.set(self.people.members_of(origin).await?);
        }
        Ok(())
    }

    /// Follows for ever. While the database cannot be read, the people known count.
    pub async fn run(self) {
        let mut seen = None;
        let mut set = Instant::now();
        loop {
            let due = set.elapsed() >= ANEW;
            match self.look(seen, due).await {
                Ok(changes) => {
                    if seen.is_some_and(|seen| seen != changes) {
                        info!("the people changed");
                    }
                    if due {
                        set = Instant::now();
                    }
                    seen = Some(changes);
                }
                Err(error) => warn!("the people cannot be read, those known count on: {error}"),
            }
            sleep(self.every).await;
        }
    }

    async fn look(&self, seen: Option<i64>, due: bool) -> Result<i64> {
        // Read before the people: what changes in between is seen next time.
        let changes = self.people.changes().await?;
        if due || seen != Some(changes) {
            self.set().await?;
        }
        Ok(changes)
    }
}
