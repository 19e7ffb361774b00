//! The fake, and where it is hosted.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use connector_core::testing::conformance::ExpectedCall;
use connector_core::testing::http::{Answer, Answers, Request, TestServer};
use connector_core::testing::{Clip, DayTime, FaultPlan, Passing, Scenario, ScenarioAgent};
use connector_core::{AgentRef, Clock, Result};
use serde_json::json;
use url::Url;

use super::ask::instant;
use super::centre::Centre;
use super::contact::{Contact, Kind};
use super::endpoint::{Asked, Endpoint, Role};
use super::ids::agent_id;
use super::playback;
use super::settings::{Permission, Settings};
use super::state::{CLIENT, Origins};
use crate::NiceConfig;

/// CXone with one tenant, which plays a [`Scenario`].
///
/// The day is over until [`play`](Self::play), [`at`](Self::at) or [`follow`](Self::follow) say otherwise. Faults come
/// from the plan. In polls with `updatedSince` a call is lost for good, a row comes twice, or a call shows one poll later
/// than it should, with the other rows in the wrong order; a window of starts shows everything.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use connector_core::testing::{FaultPlan, Scenario};
/// use connector_nice::testing::{Endpoint, Fake};
///
/// let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// println!("log in at {} with {}", fake.issuer(), fake.access_key().0);
/// assert_eq!(fake.count(Endpoint::Token), 0);
/// # Ok(()) }
/// ```
pub struct Fake {
    centre: Arc<Centre>,
    servers: Vec<TestServer>,
}

/// The fake at one of its hosts.
struct Host {
    centre: Arc<Centre>,
    role: Role,
}

impl Fake {
    /// A fake without sockets, at hosts of example.com: for
    /// [`InProcess`](connector_core::testing::http::InProcess) and tests that pause the clock.
    pub fn new(scenario: &Scenario, faults: FaultPlan) -> Self {
        let host = |name: &str| Url::parse(&format!("https://{name}.example.com/")).expect("a name makes a host");
        Self::hosted(scenario, faults, Origins { issuer: host("login"), api: host("api-na1"), media: host("media") })
    }

    /// A fake on three ports of this machine: login and discovery, the API, the store of recordings.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(scenario: &Scenario, faults: FaultPlan) -> Result<Self> {
        let mut fake = Self::new(scenario, faults);
        for role in [Role::Issuer, Role::Api, Role::Media] {
            let host = Host { centre: fake.centre.clone(), role };
            fake.servers.push(TestServer::start(host).await?);
        }
        let [issuer, api, media] = [0, 1, 2].map(|server| fake.servers[server].url());
        fake.centre.state().origins = Origins { issuer, api, media };
        Ok(fake)
    }

    /// A fake with all of it in one place: at an address of this machine.
    ///
    /// # Errors
    /// When somebody else has that address.
    pub async fn start_at(address: SocketAddr, scenario: &Scenario, faults: FaultPlan) -> Result<Self> {
        let mut fake = Self::new(scenario, faults);
        let server = TestServer::start_at(address, Arc::new(fake.answers())).await?;
        fake.centre.state().origins = Origins { issuer: server.url(), api: server.url(), media: server.url() };
        fake.servers.push(server);
        Ok(fake)
    }

    /// A calm fake on a `wiremock` server, where all of it is in one place. Mount what is to go first before.
    #[cfg(feature = "wiremock")]
    pub async fn mount(server: &wiremock::MockServer, scenario: &Scenario) -> Self {
        let fake = Self::hosted(scenario, FaultPlan::none(), Origins::on(server));
        connector_core::testing::http::mount(server, fake.answers()).await;
        fake
    }

    fn hosted(scenario: &Scenario, faults: FaultPlan, origins: Origins) -> Self {
        let centre = Centre::new(scenario.clone(), faults, origins);
        Self { centre: Arc::new(centre), servers: Vec::new() }
    }

    /// All of it in one place, for any host.
    pub fn answers(&self) -> impl Answers + use<> {
        Host { centre: self.centre.clone(), role: Role::Any }
    }

    /// Where to log in, and where discovery begins.
    pub fn issuer(&self) -> Url {
        self.centre.state().origins.issuer.clone()
    }

    /// Where the API is.
    pub fn api(&self) -> Url {
        self.centre.state().origins.api.clone()
    }

    /// Where the store of recordings is.
    pub fn media(&self) -> Url {
        self.centre.state().origins.media.clone()
    }

    /// Id and secret of the back-end application. Both are invented.
    pub fn client(&self) -> (String, String) {
        (CLIENT.0.to_owned(), CLIENT.1.to_owned())
    }

    /// Id and secret of the access key that is good now.
    pub fn access_key(&self) -> (String, String) {
        self.centre.state().access_key()
    }

    /// Settings with which a client finds this fake and logs in.
    pub fn config(&self) -> NiceConfig {
        let state = self.centre.state();
        state.origins.config(state.access_key())
    }

    /// The id of the tenant.
    pub fn tenant_id(&self) -> &str {
        &self.centre.tenant.id
    }

    /// The day that it plays.
    pub fn scenario(&self) -> &Scenario {
        &self.centre.tenant.scenario
    }

    /// What goes wrong.
    pub fn faults(&self) -> &FaultPlan {
        &self.centre.faults
    }

    /// How CXone speaks of a person.
    pub fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        let place = self.scenario().agents.iter().position(|agent| agent.id == who.id);
        let known = AgentRef::default().with_login(who.email.reveal()).with_email(who.email.clone());
        place.map_or(known.clone(), |place| known.with_id(agent_id(place).to_string()))
    }

    /// The ids of the contacts of a call, master first. Each is one agent's leg.
    pub fn contact_ids(&self, call: usize) -> Vec<String> {
        self.legs(call).map(|leg| leg.id.to_string()).collect()
    }

    /// The calls that the API tells of, each under the id of its master contact.
    pub fn expected(&self) -> Vec<ExpectedCall> {
        let of_call = |call: usize| Some(ExpectedCall::of(self.scenario(), call, self.contact_ids(call).first()?));
        (0..self.scenario().calls.len()).filter_map(of_call).collect()
    }

    /// The id of each leg of a call in its recordings.
    pub fn segment_ids(&self, call: usize) -> Vec<String> {
        self.legs(call).map(playback::segment_id).collect()
    }

    /// How each leg of a call sounds alone.
    pub fn segments(&self, call: usize) -> Vec<Clip> {
        self.legs(call).map(|leg| playback::leg_clip(&self.centre.tenant, leg)).collect()
    }

    /// How the file of a call sounds after so many of its legs.
    pub fn consolidated(&self, call: usize, legs: usize) -> Option<Clip> {
        (1..=self.legs(call).count()).contains(&legs).then(|| playback::consolidated(&self.centre.tenant, call, legs))
    }

    fn legs(&self, call: usize) -> impl Iterator<Item = &Contact> {
        self.centre.tenant.contacts.iter().filter(move |contact| contact.kind == Kind::Call(call))
    }

    /// What a Studio script sends when the last leg of a call ended, in the contract of this crate.
    pub fn studio_push(&self, call: usize) -> Option<String> {
        let leg = self.legs(call).last()?;
        let push = json!({
            "event": "call_ended",
            "contactId": leg.id.to_string(),
            "masterContactId": leg.master.to_string(),
            "agentId": agent_id(leg.agent).to_string(),
            "mediaTypeId": leg.media.to_string(),
            "occurredAt": instant(leg.ended),
        });
        Some(push.to_string())
    }

    /// How often a bearer token was shown to the store of recordings, which must never see one.
    pub fn leaked_tokens(&self) -> usize {
        let asked = self.requests();
        asked.iter().filter(|asked| asked.endpoint == Some(Endpoint::Media) && asked.has_token).count()
    }

    /// Logs an agent out, by its index in the scenario: its sessions are over and cannot be joined.
    pub fn log_out(&self, agent: usize) {
        self.centre.state().sessions.end(agent);
    }

    /// Deletes all recordings.
    pub fn delete_recordings(&self) {
        let mut state = self.centre.state();
        state.are_recordings_deleted = true;
        state.store.delete_all();
    }

    /// The calls, by their index, that no poll shows.
    pub fn lost(&self) -> Vec<usize> {
        self.centre.state().lost.iter().filter(|(_, lost)| **lost).map(|(call, _)| *call).collect()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Asked> {
        self.centre.state().asked.clone()
    }

    /// How many requests came to an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.centre.state().asked.iter().filter(|asked| asked.endpoint == Some(endpoint)).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.centre.state().asked.clear();
    }

    /// Changes how it behaves.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.centre.state().settings);
    }

    /// Plays until so many calls of the day are over and settled; with all of them the day is over.
    pub fn play(&self, calls: usize) {
        let mut state = self.centre.state();
        state.calls = calls;
        state.time = match calls < self.scenario().calls.len() {
            true => DayTime::At(self.centre.tenant.settled(calls, &state.settings)),
            false => DayTime::Over,
        };
    }

    /// Lets it be this time in the contact centre, until something else is said.
    pub fn at(&self, time: DateTime<Utc>) {
        let mut state = self.centre.state();
        (state.calls, state.time) = (usize::MAX, DayTime::At(time));
    }

    /// Lets the day unfold by this clock.
    pub fn follow(&self, clock: Clock) {
        let mut state = self.centre.state();
        (state.calls, state.time) = (usize::MAX, DayTime::Passing(Passing::new(clock)));
    }

    /// Every login fails from now on.
    pub fn log_in_fails(&self) {
        self.centre.state().no_login = true;
    }

    /// Gives the access key another id and secret. Those from before are void, and all tokens with them.
    pub fn rotate_credentials(&self) {
        let mut state = self.centre.state();
        state.rotations += 1;
        state.tokens.end_all();
        state.refresh_tokens.clear();
    }

    /// Lets all tokens end now.
    pub fn end_tokens(&self) {
        self.centre.state().tokens.end_all();
    }

    /// Takes a permission away.
    pub fn forbid(&self, permission: Permission) {
        self.centre.state().forbidden.insert(permission);
    }
}

impl Answers for Host {
    fn answer(&self, request: &Request) -> Answer {
        self.centre.answer(request, self.role)
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fake({} calls)", self.scenario().calls.len())
    }
}
