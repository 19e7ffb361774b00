//! The fake, and where it is hosted.

mod notifications;
mod playing;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use connector_core::socket::Connection;
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::http::{Answer, Answers, Request, TestServer};
use connector_core::testing::{Fault, FaultPlan, Scenario, ScenarioAgent, ScenarioCall};
use connector_core::{AgentRef, Clock, Result, Secret};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use super::ask::{Ask, refused};
use super::endpoint::Endpoint;
use super::org::{CLIENT, Org, recording_id};
use super::settings::Settings;
use super::state::{Asked, State, Time};
use super::telling::{self, Told};
use super::{
    analytics, batches, directory, event_bridge, history_jobs, live, parts, recordings, snapshot, subscriptions,
};
use crate::{GenesysConfig, Region};

pub use notifications::ChannelState;

/// The header of the client's login.
const BASIC: &str = "Basic ZGVtby1jbGllbnQ6ZGVtby1jbGllbnQtc2VjcmV0";

/// How long a throttled caller has to wait, in seconds.
const WAIT: u64 = 1;

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

pub(super) struct Centre {
    org: Org,
    faults: FaultPlan,
    state: Mutex<State>,
    /// Wakes the sockets when time passes in another way.
    pub(super) changed: Notify,
}

/// The fake at one of its hosts.
struct Host(Arc<Centre>);

impl Fake {
    /// A fake without sockets, at hosts of example.com: for
    /// [`InProcess`](connector_core::testing::http::InProcess) and tests that pause the clock.
    pub fn new(scenario: &Scenario, faults: FaultPlan) -> Self {
        let region: Region = "genesys.example.com".parse().expect("a domain is a region");
        let media = Url::parse("https://media.example.com/").expect("a name makes a host");
        let state = Mutex::new(State::new(media, region.streaming().clone()));
        let centre = Centre { org: Org::new(scenario.clone()), faults, state, changed: Notify::new() };
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
        (state.media, state.streaming) = (media, region.streaming().clone());
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
        self.centre.state().media.clone()
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
        let settings = self.centre.state().settings.clone();
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
        let parts = parts::parts(&self.centre.org, &self.centre.state().settings, call);
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
        snapshot::instants(&self.centre.org, &self.centre.state().settings, call)
    }

    /// The message on the topic of a person's calls, both by index, as it is at an instant; `None` where that topic does not
    /// tell of this call then.
    pub fn snapshot(&self, agent: usize, call: usize, at: DateTime<Utc>) -> Option<String> {
        let (org, state) = (&self.centre.org, self.centre.state());
        let topic = snapshot::Topic::User(agent);
        let is_told = snapshot::topics(org, &state.settings, call, at).contains(&topic);
        let body = is_told.then(|| snapshot::snapshot(org, &state.settings, call, at))?;
        Some(snapshot::message(&topic.name(org), &body, 0).to_string())
    }

    /// What a call, by its index, tells behind Amazon EventBridge, in order: every state of it on the topics of calls, and one
    /// event for each thing that happens.
    pub fn event_bridge(&self, call: usize) -> Vec<String> {
        let deliveries = event_bridge::deliveries(&self.centre.org, &self.centre.state().settings, call);
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
        change(&mut self.centre.state().settings);
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.centre.state().asked.clear();
    }

    /// Deletes all recordings.
    pub fn delete_recordings(&self) {
        self.centre.state().no_recordings = true;
    }

    /// Every login fails from now on.
    pub fn log_in_fails(&self) {
        self.centre.state().no_login = true;
    }

    /// Lets all tokens end now.
    pub fn end_tokens(&self) {
        self.centre.state().tokens.clear();
    }

    /// Takes a permission away: `routing:queue:view`.
    pub fn forbid(&self, permission: impl Into<String>) {
        self.centre.state().forbidden.insert(permission.into());
    }
}

impl Centre {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        // What happened before is told to those who are subscribed so far.
        telling::catch_up(&self.org, &self.faults, &mut state);
        state.prune_channels();
        let answer = self.refusal(ask, &mut state).unwrap_or_else(|| self.at(ask, &mut state));
        state.asked.push(Asked::new(ask, answer.status.as_u16()));
        answer
    }

    /// Why a request gets no answer, if it gets none.
    fn refusal(&self, ask: &Ask<'_>, state: &mut State) -> Option<Answer> {
        let endpoint = ask.endpoint.filter(|endpoint| endpoint.needs_token())?;
        let token = ask.token().unwrap_or_default();
        if token.is_empty() {
            return Some(refused(401, "authentication.required", "No authentication bearer token specified"));
        }
        if state.is_good(token) && self.faults.fire(Fault::Unauthorized) {
            state.tokens.remove(token);
        }
        if !state.is_good(token) {
            return Some(refused(401, "bad.credentials", "Invalid login credentials"));
        }
        if state.settings.unavailable > 0 {
            state.settings.unavailable -= 1;
            return Some(refused(503, "service.unavailable", "Service Unavailable"));
        }
        let permissions = endpoint.permissions();
        if !permissions.is_empty() && permissions.iter().all(|permission| state.forbidden.contains(*permission)) {
            let words = format!("Unable to perform the requested action. You need one of: {}", permissions.join(", "));
            return Some(refused(403, "missing.any.permissions", &words));
        }
        self.faults.fire(Fault::Throttled).then(|| {
            let words = format!("Rate limit exceeded the maximum. Retry the request in [{WAIT}] seconds");
            let answer = refused(429, "too.many.requests", &words).with_header("retry-after", WAIT.to_string());
            let count =
                [("inin-ratelimit-count", "301"), ("inin-ratelimit-allowed", "300"), ("inin-ratelimit-reset", "1")];
            count.into_iter().fold(answer, |answer, (name, value)| answer.with_header(name, value))
        })
    }

    fn at(&self, ask: &Ask<'_>, state: &mut State) -> Answer {
        let (org, faults) = (&self.org, &self.faults);
        match ask.endpoint {
            Some(Endpoint::Token) => token(ask, state),
            Some(Endpoint::Me) => directory::me(org),
            Some(Endpoint::Organization) => directory::organization(org),
            Some(Endpoint::Users) => directory::users(ask, org, state),
            Some(Endpoint::User) => directory::one_user(ask, org, state),
            Some(Endpoint::Groups) => directory::groups(ask, org, state),
            Some(Endpoint::GroupMembers) => directory::group_members(ask, org, state),
            Some(Endpoint::Queues) => directory::queues(ask, org, state),
            Some(Endpoint::QueueMembers) => directory::queue_members(ask, org, state),
            Some(Endpoint::Teams) => directory::teams(ask, org, state),
            Some(Endpoint::TeamMembers) => directory::team_members(ask, org, state),
            Some(Endpoint::Details) => analytics::details(ask, org, faults, state),
            Some(Endpoint::Detail) => analytics::one(ask, org, state),
            Some(Endpoint::ManyDetails) => analytics::many(ask, org, state),
            Some(Endpoint::SubmitJob) => history_jobs::submit(ask, org, state),
            Some(Endpoint::JobAvailability) => history_jobs::availability(org, state),
            Some(Endpoint::Job) => history_jobs::job(ask, org, state),
            Some(Endpoint::JobResults) => history_jobs::results(ask, state),
            Some(Endpoint::CancelJob) => history_jobs::cancel(ask, state),
            Some(Endpoint::Conversation) => live::conversation(ask, org, state),
            Some(Endpoint::RecordingMetadata) => recordings::metadata(ask, org, state),
            Some(Endpoint::Recording) => recordings::one(ask, org, faults, state),
            Some(Endpoint::Restore) => recordings::restore(ask, org, state),
            Some(Endpoint::SubmitBatch) => batches::submit(ask, state),
            Some(Endpoint::Batch) => batches::results(ask, org, state),
            Some(Endpoint::RecordingSettings) => recordings::settings(state),
            Some(Endpoint::OpenChannel) => subscriptions::open(ask, state),
            Some(Endpoint::Channels) => subscriptions::list(ask, state),
            Some(Endpoint::HasChannel) => subscriptions::has(ask, state),
            Some(Endpoint::Subscriptions) => subscriptions::subscriptions(ask, state),
            Some(Endpoint::AddSubscriptions) => subscriptions::subscribe(ask, org, state, false),
            Some(Endpoint::SetSubscriptions) => subscriptions::subscribe(ask, org, state, true),
            Some(Endpoint::DropSubscriptions) => subscriptions::unsubscribe(ask, state),
            Some(Endpoint::AvailableTopics) => subscriptions::available(ask),
            Some(Endpoint::Socket) => socket(ask, state),
            Some(Endpoint::Media) => recordings::media(ask, faults, state),
            None => refused(404, "not.found", "The requested resource was not found"),
        }
    }
}

/// The login. There is no refresh token. How it refuses is not documented: OAuth says so.
fn token(ask: &Ask<'_>, state: &mut State) -> Answer {
    let refused = |status, error: &str| Answer::json(&json!({ "error": error })).with_status(status);
    if ask.form("grant_type").as_deref() != Some("client_credentials") {
        return refused(400, "unsupported_grant_type");
    }
    if ask.header("authorization") != Some(BASIC) || state.no_login {
        return refused(401, "invalid_client");
    }
    state.issued += 1;
    let token = format!("made-up-token-{}", state.issued);
    let life = state.settings.token_life;
    state.tokens.insert(token.clone(), Instant::now() + life);
    Answer::json(&json!({ "access_token": token, "token_type": "bearer", "expires_in": life.as_secs() }))
}

/// The socket of a channel, to whoever has its address.
fn socket(ask: &Ask<'_>, state: &State) -> Answer {
    match state.channels.get(ask.id()) {
        Some(_) => Answer::switch(ask.request).unwrap_or_else(|| refused(400, "bad.request", "This is a socket")),
        None => refused(404, "not.found", "The requested channel was not found"),
    }
}

impl Answers for Host {
    fn answer(&self, request: &Request) -> Answer {
        self.0.answer(&Ask::new(request))
    }

    fn switched(&self, request: Request, connection: Connection) {
        self.0.connect(&request, connection);
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fake({} calls)", self.scenario().calls.len())
    }
}
