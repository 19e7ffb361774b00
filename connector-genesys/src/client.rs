//! The client of one organisation.

use std::fmt;
use std::sync::Arc;

use connector_core::http::RequestBuilder;
use connector_core::{Connector, Context, GroupRef, Result, Vendor};
use futures_util::FutureExt;
use http::Method;

use crate::config::GenesysConfig;
use crate::directory::GenesysDirectory;
use crate::events::GenesysEvents;
use crate::history::GenesysHistory;
use crate::live_audio::GenesysAudio;
use crate::live_audio::monitoring::{self, AudioMonitoring};
use crate::recordings::GenesysRecordings;
use crate::shared::Shared;
use crate::transport::Connection;
use crate::uses::{self, ApiUse};

/// An organisation of Genesys Cloud. Nothing is asked of the vendor until one of its jobs is used. Clones are the same, and
/// share the login, the limits, and what is known of people.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # use connector_core::testing::{FaultPlan, Scenario};
/// use connector_core::{AgentDirectory, Context, JobCheck};
/// use connector_genesys::Genesys;
/// # let fake = connector_genesys::testing::Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// # let config = fake.config();
///
/// let genesys = Genesys::new(config, &Context::default().for_source("acme", "cloud"))?;
/// if let JobCheck::Forbidden { missing, advice } = genesys.directory().check().await {
///     eprintln!("{missing} is missing: {advice}");
/// }
/// let all = genesys.connector(); // for whoever works with any vendor
/// assert!(all.events().is_some() && all.live_audio().is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Genesys {
    shared: Arc<Shared>,
}

impl Genesys {
    /// An organisation, with these settings. Nothing is asked of the vendor yet.
    ///
    /// # Errors
    /// `is_config` when a setting makes no sense, or when another source has the route of its sound.
    pub fn new(config: GenesysConfig, cx: &Context) -> Result<Self> {
        config.validate().map_err(|error| error.of(cx.origin()))?;
        cx.transport(&config.http).map_err(|error| error.of(cx.origin()))?;
        let connection = Connection::new(cx.clone(), config);
        Ok(Self { shared: Arc::new(Shared::new(connection)?) })
    }

    /// Lists agents, groups, queues and teams.
    pub fn directory(&self) -> GenesysDirectory {
        GenesysDirectory { shared: self.shared.clone() }
    }

    /// Hears of calls as they happen.
    pub fn events(&self) -> GenesysEvents {
        GenesysEvents { shared: self.shared.clone() }
    }

    /// Knows the calls of the past.
    pub fn history(&self) -> GenesysHistory {
        GenesysHistory { shared: self.shared.clone() }
    }

    /// Finds and fetches recordings.
    pub fn recordings(&self) -> GenesysRecordings {
        GenesysRecordings { shared: self.shared.clone() }
    }

    /// Takes the sound of calls while they go on, where there are options for it.
    pub fn live_audio(&self) -> GenesysAudio {
        GenesysAudio { shared: self.shared.clone() }
    }

    /// All jobs in one bundle: [`live_audio`](Self::live_audio) as well, where there are options for it. Closing it says
    /// goodbye to the sessions that go on.
    pub fn connector(&self) -> Connector {
        let connector = Connector::new(&self.shared.connection.cx, Vendor::GENESYS)
            .with_directory(self.directory())
            .with_events(self.events())
            .with_history(self.history())
            .with_recordings(self.recordings());
        if self.shared.connection.config.audio.is_none() {
            return connector;
        }
        let audio = self.live_audio();
        let close = move || {
            let audio = audio.clone();
            async move {
                audio.close().await;
                Ok(())
            }
            .boxed()
        };
        connector.with_live_audio(self.live_audio()).on_close(close)
    }

    /// What to enter in the integration *AudioHook Monitor*: the address below that of the program's hub, such as
    /// `https://hooks.example.com/hooks`. `None` where there are no options for it, or none with a route.
    pub fn audio_url(&self, base: &str) -> Option<String> {
        self.shared.connection.config.audio.as_ref()?.url(base)
    }

    /// Which of the vendor's APIs the jobs use with these settings, and which permission each needs: for whoever sets up
    /// the OAuth client.
    pub fn apis(&self) -> Vec<ApiUse> {
        uses::all(&self.shared.connection.config)
    }

    /// Which of these queues send the sound of their calls to a listener; all queues when none is named.
    ///
    /// # Errors
    /// `is_forbidden` without the permission `routing:queue:view`; those of a request.
    pub async fn audio_monitoring(&self, queues: &[GroupRef]) -> Result<AudioMonitoring> {
        monitoring::read(&self.shared, queues).await
    }

    /// Any request to the API, for an endpoint that this crate does not know: with the same login, limits, repetition and
    /// redaction. The path starts after the host, such as `api/v2/organizations/me`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
    /// use connector_core::Context;
    /// use connector_core::testing::{FaultPlan, Scenario};
    /// use connector_genesys::{Genesys, testing::Fake};
    ///
    /// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
    /// let genesys = Genesys::new(fake.config(), &Context::default())?;
    /// let answer = genesys.request(http::Method::GET, "api/v2/organizations/me").await?.send().await?;
    /// assert!(answer.json::<serde_json::Value>()?["name"].is_string());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `is_config` when the client's id or the options cannot be used.
    pub async fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        Ok(self.shared.connection.api().await?.client.request(method, path))
    }
}

impl fmt::Debug for Genesys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Genesys({})", self.shared.connection.cx.origin())
    }
}
