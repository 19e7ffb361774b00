//! What changes while a fake is asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::testing::Clip;
use connector_core::testing::http::Answer;
use connector_core::{Clock, Secret};
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::ask::Ask;
use super::contact::{Contact, Kind};
use super::endpoint::Endpoint;
use super::joined::Sessions;
use super::settings::{Permission, Settings};
use super::tenant::Tenant;
use crate::NiceConfig;

/// A request that came, and what it got. `Debug` leaves the query out.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// What was asked for. `None`: nothing that the fake knows.
    pub endpoint: Option<Endpoint>,
    /// Its method and path.
    pub path: String,
    /// Names and values of its query, in order.
    pub query: Vec<(String, String)>,
    /// Whether a bearer token came along.
    pub has_token: bool,
    /// The status of the answer.
    pub status: u16,
    /// When it came.
    pub at: Instant,
}

impl Asked {
    pub(super) fn new(ask: &Ask<'_>, status: u16) -> Self {
        Self {
            endpoint: ask.endpoint,
            path: format!("{} {}", ask.request.method(), ask.request.uri().path()),
            query: ask.query.clone(),
            has_token: ask.token().is_some(),
            status,
            at: Instant::now(),
        }
    }

    /// A parameter of its query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({}, {})", self.path, self.status)
    }
}

/// What time it is in the contact centre.
#[derive(Clone, Copy)]
pub(super) enum Time {
    /// The day is over.
    Over,
    /// It stands still.
    At(DateTime<Utc>),
    /// It passes.
    Passing(Clock),
}

/// The client pair.
pub(super) const CLIENT: (&str, &str) = ("demo-client", "demo-client-secret");

/// Where the parts of the fake are.
#[derive(Clone)]
pub(super) struct Origins {
    pub(super) issuer: Url,
    pub(super) api: Url,
    pub(super) media: Url,
}

impl Origins {
    /// All of it on one server.
    #[cfg(feature = "wiremock")]
    pub(super) fn on(server: &wiremock::MockServer) -> Self {
        let at = Url::parse(&format!("{}/", server.uri())).expect("a server has an URL");
        // The store is another host to whoever looks at its name.
        let media = Url::parse(&format!("http://localhost:{}/", server.address().port())).expect("a port makes an URL");
        Self { issuer: at.clone(), api: at, media }
    }

    /// Settings with which a client finds it, and logs in with this access key.
    pub(super) fn config(&self, access_key: (String, String)) -> NiceConfig {
        let client = (Secret::literal(CLIENT.0), Secret::literal(CLIENT.1));
        let key = (Secret::literal(access_key.0), Secret::literal(access_key.1));
        let config = NiceConfig::new(client, key).with_issuer(self.issuer.clone());
        let config = self.api.host_str().into_iter().fold(config, NiceConfig::with_host);
        self.media.host_str().into_iter().fold(config, NiceConfig::with_media_host)
    }
}

/// A link to a file in the store of recordings.
pub(super) struct Link {
    pub(super) clip: Clip,
    pub(super) ends: Instant,
    pub(super) uses: usize,
}

/// Id and secret of an access key, after it was changed so often.
pub(super) fn access_key(rotations: usize) -> (String, String) {
    let number = rotations + 1;
    (format!("access-key-{number}"), format!("access-key-secret-{number}"))
}

pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) origins: Origins,
    pub(super) time: Time,
    /// How many calls of the day are played so far.
    pub(super) calls: usize,
    /// How often the credentials were changed.
    pub(super) rotations: usize,
    pub(super) no_login: bool,
    pub(super) forbidden: BTreeSet<Permission>,
    /// The tokens that are good, and until when.
    pub(super) tokens: BTreeMap<String, Instant>,
    pub(super) refresh_tokens: BTreeSet<String>,
    /// How many tokens were handed out.
    pub(super) issued: usize,
    pub(super) asked: Vec<Asked>,
    /// Of the calls that a poll would show: whether it does not.
    pub(super) lost: BTreeMap<usize, bool>,
    /// The calls that only the next poll shows.
    pub(super) late: BTreeSet<usize>,
    /// The contact that arrives after the first page of a window.
    pub(super) arriving: Option<u64>,
    /// Contacts that were updated after their time.
    pub(super) touched: BTreeMap<u64, DateTime<Utc>>,
    pub(super) links: Vec<Link>,
    /// When Media Playback was asked.
    pub(super) playbacks: VecDeque<Instant>,
    /// How often Media Playback was asked for a call before it was ready.
    pub(super) playback_asks: BTreeMap<u64, usize>,
    /// The calls whose recording was there.
    pub(super) played: BTreeSet<u64>,
    /// Whether all recordings are deleted.
    pub(super) no_recordings: bool,
    pub(super) sessions: Sessions,
    /// How often somebody was told to come back later.
    pub(super) throttled: usize,
}

impl State {
    pub(super) fn new(origins: Origins) -> Self {
        Self {
            settings: Settings::default(),
            origins,
            time: Time::Over,
            calls: usize::MAX,
            rotations: 0,
            no_login: false,
            forbidden: BTreeSet::new(),
            tokens: BTreeMap::new(),
            refresh_tokens: BTreeSet::new(),
            issued: 0,
            asked: Vec::new(),
            lost: BTreeMap::new(),
            late: BTreeSet::new(),
            arriving: None,
            touched: BTreeMap::new(),
            links: Vec::new(),
            playbacks: VecDeque::new(),
            playback_asks: BTreeMap::new(),
            played: BTreeSet::new(),
            no_recordings: false,
            sessions: Sessions::default(),
            throttled: 0,
        }
    }

    pub(super) fn now(&self, tenant: &Tenant) -> DateTime<Utc> {
        match self.time {
            Time::Over => tenant.evening(),
            Time::At(time) => time,
            Time::Passing(clock) => clock.now(),
        }
    }

    /// Whether a contact belongs to what is played so far.
    pub(super) fn is_played(&self, contact: &Contact) -> bool {
        match contact.kind {
            Kind::Call(call) => call < self.calls,
            Kind::Chat(index) => index < self.settings.chats,
            Kind::Abandoned(index) => index < self.settings.abandoned && index < self.calls,
            Kind::Bad(index) => index < self.settings.bad_rows && index < self.calls,
        }
    }

    /// The contacts that have begun.
    pub(super) fn begun<'a>(&'a self, tenant: &'a Tenant) -> impl Iterator<Item = &'a Contact> {
        let now = self.now(tenant);
        tenant.contacts.iter().filter(move |contact| self.is_played(contact) && contact.started <= now)
    }

    /// Those that show among the completed ones.
    pub(super) fn completed<'a>(&'a self, tenant: &'a Tenant) -> impl Iterator<Item = &'a Contact> {
        let now = self.now(tenant);
        self.begun(tenant).filter(move |contact| contact.appears(&self.settings) <= now)
    }

    /// When a contact was last updated.
    pub(super) fn updated(&self, contact: &Contact, now: DateTime<Utc>) -> DateTime<Utc> {
        let settles = contact.settles(&self.settings);
        let told = if settles <= now { settles } else { contact.appears(&self.settings) };
        self.touched.get(&contact.id).map_or(told, |touched| told.max(*touched))
    }

    /// Id and secret of the access key.
    pub(super) fn access_key(&self) -> (String, String) {
        access_key(self.rotations)
    }

    pub(super) fn is_good(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|until| Instant::now() < *until)
    }

    pub(super) fn hand_out(&mut self, token: &str, life: Duration) {
        self.tokens.insert(token.to_owned(), Instant::now() + life);
    }

    /// Come back later: every other time with a word on when.
    pub(super) fn throttle(&mut self, ask: &Ask<'_>) -> Answer {
        self.throttled += 1;
        let route = ask.request.uri().path();
        let answer = Answer::json(&json!({ "message": "Too many requests", "route": route })).with_status(429);
        if self.throttled % 2 == 1 { answer.with_header("retry-after", "1") } else { answer }
    }
}
