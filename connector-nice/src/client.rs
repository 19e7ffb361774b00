//! A tenant of CXone, as one value.

use std::fmt;
use std::sync::Arc;

use connector_core::http::RequestBuilder;
use connector_core::{Connector, Context, Result, Vendor};
use http::Method;

use crate::config::NiceConfig;
use crate::directory::NiceDirectory;
use crate::events::NiceEvents;
use crate::history::NiceHistory;
use crate::recordings::NiceRecordings;
use crate::shared::Shared;
use crate::transport::Connection;
use crate::uses::{self, ApiUse};

/// A tenant of NICE CXone.
///
/// It has four jobs: [`directory`](Self::directory), [`events`](Self::events), [`history`](Self::history) and
/// [`recordings`](Self::recordings); [`connector`](Self::connector) bundles them for a pipeline. Nothing is asked of the
/// vendor until one of them is used.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{AgentDirectory, AgentQuery, Context, ListingExt};
/// use connector_nice::{NiceCxone, testing::Fake};
/// use futures_util::TryStreamExt;
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?; // at work: `NiceConfig::new(client, access_key)`
/// let nice = NiceCxone::new(fake.config(), &Context::default())?;
/// let mut agents = nice.directory().list_agents(AgentQuery::all()).items(|row| eprintln!("{row}"));
/// let mut count = 0;
/// while let Some(agent) = agents.try_next().await? {
///     count += usize::from(agent.who.login.is_some());
/// }
/// assert_eq!(count, 12);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct NiceCxone {
    shared: Arc<Shared>,
}

impl NiceCxone {
    /// A tenant, with these settings. Nothing is asked of the vendor yet.
    ///
    /// # Errors
    /// `is_config` when a setting makes no sense, or when another source has the route of its Studio script.
    pub fn new(config: NiceConfig, cx: &Context) -> Result<Self> {
        config.validate().map_err(|error| error.of(cx.origin()))?;
        cx.transport(&config.http).map_err(|error| error.of(cx.origin()))?;
        let connection = Connection::new(cx.clone(), config);
        Ok(Self { shared: Arc::new(Shared::new(connection)?) })
    }

    /// Lists agents, groups and teams.
    pub fn directory(&self) -> NiceDirectory {
        NiceDirectory { shared: self.shared.clone() }
    }

    /// Hears of calls that are over.
    pub fn events(&self) -> NiceEvents {
        NiceEvents { shared: self.shared.clone() }
    }

    /// Knows the calls of the past.
    pub fn history(&self) -> NiceHistory {
        NiceHistory { shared: self.shared.clone() }
    }

    /// Finds and fetches recordings.
    pub fn recordings(&self) -> NiceRecordings {
        NiceRecordings { shared: self.shared.clone() }
    }

    /// All jobs in one bundle.
    pub fn connector(&self) -> Connector {
        Connector::new(&self.shared.connection.cx, Vendor::NICE)
            .with_directory(self.directory())
            .with_events(self.events())
            .with_history(self.history())
            .with_recordings(self.recordings())
    }

    /// What to enter in the Studio script that tells of ended calls: the address below that of the program's hub, such as
    /// `https://hooks.example.com/hooks`. `None` where no script is set up, or none with a route.
    pub fn event_url(&self, base: &str) -> Option<String> {
        self.shared.connection.config.push.as_ref()?.url(base)
    }

    /// Which of the vendor's APIs the jobs use with these settings, and what has to be granted for each: for whoever sets up the access key.
    ///
    /// ```
    /// # use connector_core::{Context, Secret};
    /// # use connector_nice::{NiceConfig, NiceCxone};
    /// # let config = NiceConfig::regional("na1", (Secret::literal("id"), Secret::literal("secret")));
    /// let nice = NiceCxone::new(config, &Context::default())?;
    /// let recordings = nice.apis().into_iter().find(|api| api.job == "recordings").unwrap();
    /// assert_eq!(recordings.path, "media-playback/v1/contacts");
    /// assert_eq!(recordings.licence, Some("Media Playback"));
    /// # Ok::<(), connector_core::Error>(())
    /// ```
    pub fn apis(&self) -> Vec<ApiUse> {
        uses::all(&self.shared.connection.config)
    }

    /// Any request to the tenant's API, for an endpoint that this crate does not know: with the same login, limits,
    /// repetition and redaction. The path starts after the host, such as `incontactapi/services/v23.0/skills`.
    ///
    /// # Errors
    /// Those of the login and of discovery.
    pub async fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        Ok(self.shared.connection.api().await?.client.request(method, path))
    }
}

impl fmt::Debug for NiceCxone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NiceCxone({})", self.shared.connection.cx.origin())
    }
}
