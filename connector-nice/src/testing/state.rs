//! What changes while a fake is asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::Clock;
use tokio::time::Instant;
use url::Url;

use super::ask::Ask;
use super::contact::{Contact, Kind};
use super::endpoint::Endpoint;
use super::sessions::Sessions;
use super::settings::{Permission, Settings};
use super::store::Link;
use super::tenant::Tenant;

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
}

impl Asked {
    pub(super) fn new(ask: &Ask<'_>, status: u16) -> Self {
        Self {
            endpoint: ask.endpoint,
            path: format!("{} {}", ask.request.method(), ask.request.uri().path()),
            query: ask.query.clone(),
            has_token: ask.token().is_some(),
            status,
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

/// Where the parts of the fake are.
#[derive(Clone)]
pub(super) struct Origins {
    pub(super) issuer: Url,
    pub(super) api: Url,
    pub(super) media: Url,
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

    /// When a contact was last updated.
    pub(super) fn updated(&self, contact: &Contact, now: DateTime<Utc>) -> DateTime<Utc> {
        let settles = contact.settles(&self.settings);
        let told = if settles <= now { settles } else { contact.appears(&self.settings) };
        self.touched.get(&contact.id).map_or(told, |touched| told.max(*touched))
    }

    /// Id and secret of the access key.
    pub(super) fn access_key(&self) -> (String, String) {
        let number = self.rotations + 1;
        (format!("access-key-{number}"), format!("access-key-secret-{number}"))
    }

    pub(super) fn is_good(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|until| Instant::now() < *until)
    }

    pub(super) fn hand_out(&mut self, token: &str, life: Duration) {
        self.tokens.insert(token.to_owned(), Instant::now() + life);
    }
}
