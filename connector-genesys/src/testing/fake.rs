//! The fake, and where it is hosted.

mod notifications;
mod playing;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use connector_core::socket::Connection;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::http::{Answer, Answers, Request, TestServer};
use connector_core::testing::{FaultPlan, Scenario, ScenarioAgent, ScenarioCall};
use connector_core::{AgentRef, Result, Secret};
use url::Url;

use super::ask::Ask;
use super::centre::Centre;
use super::endpoint::{Asked, Endpoint};
use super::org::{CLIENT, recording_id};
use super::settings::Settings;
use super::{event_bridge, parts, snapshot, sockets};
use crate::{GenesysConfig, Region};

pub use notifications::ChannelState;

/// The REST API of Genesys Cloud with one organisation, which plays a [`Scenario`].
///
/// The day is over until [`play`](Self::play), [`at`](Self::at) or [`follow`](Self::follow) say otherwise. Faults come from
/// the plan. A lost event is a call of which no message comes; messages of others come twice, or after the next one. A page
/// of the history tells a conversation twice, or in another order.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_genesys::testing::{Endpoint, Fake};
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// println!("log in at {} as {}", fake.region().login(), fake.client().0);
/// assert_eq!(fake.count(Endpoint::Token), 0);
/// # Ok(()) }
/// ```
pub struct Fake {
    centre: Arc<Centre>,
    region: Region,
    servers: Vec<TestServer>,
}

/// The fake at one of its hosts.
struct Host(Arc<Centre>);

impl Fake {
    /// A fake without sockets, at hosts of example.com: for
    /// [`InProcess`](connector_core::testing::http::InProcess) and tests that pause the clock.
    pub fn new(scenario: &Scenario, faults: FaultPlan) -> Self {
        let region: Region = "genesys.example.com".parse().expect("a domain is a region");
        let media = Url::parse("https://media.example.com/").expect("a name makes a host");
        let centre = Centre::new(scenario.clone(), faults, media, region.streaming().clone());
        Self { centre: Arc::new(centre), region, servers: Vec::new() }
    }

    /// A fake on two ports of this machine: login and API, and the store of recordings.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(scenario: &Scenario, faults: FaultPlan) -> Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), scenario, faults).await
    }

    /// The same, with login and API at this address of this machine.
    ///
    /// # Errors
    /// When somebody else has that address.
    pub async fn start_at(address: SocketAddr, scenario: &Scenario, faults: FaultPlan) -> Result<Self> {
        let mut fake = Self::new(scenario, faults);
        let api = TestServer::start_at(address, Arc::new(fake.answers())).await?;
        let media = TestServer::start(fake.answers()).await?;
        fake.move_to(api.url().as_str().parse()?, media.url());
        fake.servers = vec![api, media];
        Ok(fake)
    }

    /// A calm fake on a `wiremock` server, where all of it is in one place. Mount what is to go first before.
    #[cfg(feature = "wiremock")]
    pub async fn mount(server: &wiremock::MockServer, scenario: &Scenario) -> Self {
        let mut fake = Self::new(scenario, FaultPlan::none());
        let region = server.uri().parse().expect("a server has an address");
        // The store is another host to whoever looks at its name.
        let media = format!("http://localhost:{}/", server.address().port());
        fake.move_to(region, Url::parse(&media).expect("a port makes an address"));
        connector_core::testing::http::mount(server, fake.answers()).await;
        fake
    }

    fn move_to(&mut self, region: Region, media: Url) {
        let mut state = self.centre.state();
        (state.recordings.media, state.channels.streaming) = (media, region.streaming().clone());
        drop(state);
        self.region = region;
    }

    /// All of it in one place, for any host.
    pub fn answers(&self) -> impl Answers + use<> {
        Host(self.centre.clone())
    }

    /// Where it is.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Where the store of recordings is.
    pub fn media(&self) -> Url {
        self.centre.state().recordings.media.clone()
    }

    /// Id and secret of the client. Both are invented.
    pub fn client(&self) -> (String, String) {
        (CLIENT.0.to_owned(), CLIENT.1.to_owned())
    }

    /// The settings that reach it.
    pub fn config(&self) -> GenesysConfig {
        let (id, secret) = self.client();
        let config = GenesysConfig::new(self.region.clone(), (Secret::literal(id), Secret::literal(secret)));
        config.with_media_host(self.media().host_str().unwrap_or_default())
    }

    /// The day that it plays.
    pub fn scenario(&self) -> &Scenario {
        &self.centre.org.scenario
    }

    /// What goes wrong.
    pub fn faults(&self) -> &FaultPlan {
        &self.centre.faults
    }

    /// How Genesys speaks of a person. The login is what stands before the `@` of the user name.
    pub fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        AgentRef::default().with_id(who.id.clone()).with_login(who.login.clone()).with_email(who.email.clone())
    }

    /// The calls that the API tells of: those of the whole day. A recording in several files counts as often, one in the
    /// archive and one of a screen not at all.
    pub fn expected(&self) -> Vec<ExpectedCall> {
        let settings = self.centre.state().day.settings.clone();
        let of_call = |(index, call): (usize, &ScenarioCall)| {
            let mut expected = ExpectedCall::of(self.scenario(), index, &call.id);
            let files = if settings.archived.contains(&index) { 0 } else { settings.link_keys.len() };
            expected.recordings = expected.recordings.repeat(files);
            expected
        };
        self.scenario().calls.iter().enumerate().map(of_call).collect()
    }

    /// The ids of the legs of a call, by its index: those of the participants that are agents and took it, in order.
    pub fn leg_ids(&self, call: usize) -> Vec<String> {
        let parts = parts::parts(&self.centre.state().day, call);
        parts
            .into_iter()
            .filter(|part| part.agent.is_some() && part.answered.is_some())
            .map(|part| part.participant)
            .collect()
    }

    /// The id of the recording of a call, by its index in the scenario.
    pub fn recording_id(&self, call: usize) -> String {
        recording_id(call)
    }

    /// When something changes in a call, by its index, in order: at each of these instants its topics tell it anew.
    pub fn instants(&self, call: usize) -> Vec<DateTime<Utc>> {
        snapshot::instants(&self.centre.state().day, call)
    }

    /// The message on the topic of a person's calls, both by index, as it is at an instant; `None` where that topic does not
    /// tell of this call then.
    pub fn snapshot(&self, agent: usize, call: usize, at: DateTime<Utc>) -> Option<String> {
        let day = &self.centre.state().day;
        let topic = snapshot::Topic::User(agent);
        let is_told = snapshot::topics(day, call, at).contains(&topic);
        let body = is_told.then(|| snapshot::snapshot(day, call, at))?;
        Some(snapshot::message(&topic.name(&day.org), &body, 0).to_string())
    }

    /// What a call, by its index, tells behind Amazon EventBridge, in order: every state of it on the topics of calls, and one
    /// event for each thing that happens.
    pub fn event_bridge(&self, call: usize) -> Vec<String> {
        let deliveries = event_bridge::deliveries(&self.centre.state().day, call);
        deliveries.iter().map(ToString::to_string).collect()
    }

    /// How often a bearer token was shown to the store of recordings, which must never see one.
    pub fn leaked_tokens(&self) -> usize {
        let asked = self.requests();
        asked.iter().filter(|asked| asked.endpoint == Some(Endpoint::Media) && asked.has_token).count()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Asked> {
        self.centre.state().asked.clone()
    }

    /// How many requests came to an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.centre.state().asked.iter().filter(|asked| asked.endpoint == Some(endpoint)).count()
    }

    /// Changes how it behaves.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.centre.state().day.settings);
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.centre.state().asked.clear();
    }

    /// Deletes all recordings.
    pub fn delete_recordings(&self) {
        self.centre.state().recordings.delete_all();
    }

    /// Every login fails from now on.
    pub fn log_in_fails(&self) {
        self.centre.state().login.fails = true;
    }

    /// Lets all tokens end now.
    pub fn end_tokens(&self) {
        self.centre.state().login.tokens.end_all();
    }

    /// Takes a permission away: `routing:queue:view`.
    pub fn forbid(&self, permission: impl Into<String>) {
        self.centre.state().login.forbidden.insert(permission.into());
    }
}

impl Answers for Host {
    fn answer(&self, request: &Request) -> Answer {
        self.0.answer(request)
    }

    fn switched(&self, request: Request, connection: Connection) {
        let channel = Ask::new(&request).id().to_owned();
        if let Some(out) = self.0.connect(&channel) {
            tokio::spawn(sockets::serve(self.0.clone(), channel, connection, out));
        }
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fake({} calls)", self.scenario().calls.len())
    }
}
