//! What changes while a fake is asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use connector_core::Secret;
use connector_core::testing::DayTime;
use connector_core::testing::http::{Answer, Store, Tokens};
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::ask::Ask;
use super::contact::{Contact, Kind};
use super::endpoint::Asked;
use super::joined::Sessions;
use super::settings::{Permission, Settings};
use super::tenant::Tenant;
use crate::NiceConfig;

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

/// Id and secret of an access key, after it was changed so often.
pub(super) fn access_key(rotations: usize) -> (String, String) {
    let number = rotations + 1;
    (format!("access-key-{number}"), format!("access-key-secret-{number}"))
}

pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) origins: Origins,
    pub(super) time: DayTime,
    /// How many calls of the day are played so far.
    pub(super) calls: usize,
    /// How often the credentials were changed.
    pub(super) rotations: usize,
    pub(super) no_login: bool,
    pub(super) forbidden: BTreeSet<Permission>,
    pub(super) tokens: Tokens,
    pub(super) refresh_tokens: BTreeSet<String>,
    pub(super) asked: Vec<Asked>,
    /// Of the calls that a poll would show: whether it does not.
    pub(super) lost: BTreeMap<usize, bool>,
    /// The calls that only the next poll shows.
    pub(super) late: BTreeSet<usize>,
    /// The contact that arrives after the first page of a window.
    pub(super) arriving: Option<u64>,
    /// Contacts that were updated after their time.
    pub(super) touched: BTreeMap<u64, DateTime<Utc>>,
    pub(super) store: Store,
    /// When Media Playback was asked.
    pub(super) playbacks: VecDeque<Instant>,
    /// How often Media Playback was asked for a call before it was ready.
    pub(super) playback_asks: BTreeMap<u64, usize>,
    /// The calls whose recording was there.
    pub(super) played: BTreeSet<u64>,
    /// Whether all recordings are deleted.
    pub(super) are_recordings_deleted: bool,
    pub(super) sessions: Sessions,
    /// How often somebody was told to come back later.
    pub(super) throttled: usize,
}

impl State {
    pub(super) fn new(origins: Origins) -> Self {
        Self {
            settings: Settings::default(),
            origins,
            time: DayTime::Over,
            calls: usize::MAX,
            rotations: 0,
            no_login: false,
            forbidden: BTreeSet::new(),
            tokens: Tokens::default(),
            refresh_tokens: BTreeSet::new(),
            asked: Vec::new(),
            lost: BTreeMap::new(),
            late: BTreeSet::new(),
            arriving: None,
            touched: BTreeMap::new(),
            store: Store::new("X-Amz-Signature"),
            playbacks: VecDeque::new(),
            playback_asks: BTreeMap::new(),
            played: BTreeSet::new(),
            are_recordings_deleted: false,
            sessions: Sessions::default(),
            throttled: 0,
        }
    }

    pub(super) fn now(&self, tenant: &Tenant) -> DateTime<Utc> {
        self.time.now(&tenant.scenario)
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

    /// Come back later: every other time with a word on when.
    pub(super) fn throttle(&mut self, ask: &Ask<'_>) -> Answer {
        self.throttled += 1;
        let route = ask.request.uri().path();
        let answer = Answer::json(&json!({ "message": "Too many requests", "route": route })).with_status(429);
        if self.throttled % 2 == 1 { answer.with_header("retry-after", "1") } else { answer }
    }
}
