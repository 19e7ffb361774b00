//! What changes while a fake is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::Clock;
use connector_core::testing::Clip;
use tokio::time::Instant;
use url::Url;

use super::ask::Ask;
use super::batches::Batch;
use super::channels::Channels;
use super::endpoint::Endpoint;
use super::history_jobs::Job;
use super::org::Org;
use super::recordings::Recording;
use super::settings::Settings;
use super::telling::Told;

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
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever has the id of a channel hears everything.
        let parts = self.path.split('/').map(|part| if part.starts_with("streaming-") { "…" } else { part });
        write!(f, "Asked({}, {})", parts.collect::<Vec<_>>().join("/"), self.status)
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
    Passing(Run),
}

/// Time that passes, so many times faster than on tokio's clock.
#[derive(Clone, Copy)]
pub(super) struct Run {
    from: DateTime<Utc>,
    since: Instant,
    speed: u32,
}

impl Run {
    pub(super) fn new(from: DateTime<Utc>, speed: u32) -> Self {
        Self { from, since: Instant::now(), speed: speed.max(1) }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.from + TimeDelta::from_std(self.since.elapsed() * self.speed).unwrap_or_default()
    }

    /// How long it takes until then.
    pub(super) fn wait(&self, at: DateTime<Utc>) -> Duration {
        let left = (at - self.now()).to_std().unwrap_or_default();
        // Rounded up, so that it is then afterwards.
        (left + Duration::from_nanos(u64::from(self.speed) - 1)) / self.speed
    }
}

/// A link to a file.
pub(super) struct Link {
    pub(super) clip: Clip,
    /// Its type.
    pub(super) kind: String,
    pub(super) ends: Instant,
}

pub(super) struct State {
    pub(super) settings: Settings,
    /// Where the store of recordings is.
    pub(super) media: Url,
    /// Where sockets are.
    pub(super) streaming: Url,
    pub(super) time: Time,
    /// How many calls of the day there are so far.
    pub(super) calls: usize,
    /// Whether somebody plays the day, and it only goes on then.
    pub(super) is_played: bool,
    /// How far the calls are told.
    pub(super) told: Told,
    /// The clock that channels keep to.
    pub(super) clock: Clock,
    pub(super) channels: Channels,
    pub(super) no_login: bool,
    pub(super) forbidden: BTreeSet<String>,
    /// The tokens that are good, and until when.
    pub(super) tokens: BTreeMap<String, Instant>,
    pub(super) issued: usize,
    pub(super) asked: Vec<Asked>,
    pub(super) links: Vec<Link>,
    pub(super) batches: Vec<Batch>,
    pub(super) jobs: Vec<Job>,
    /// How often a recording was asked for before it was ready.
    pub(super) recording_asks: BTreeMap<Recording, usize>,
    /// How often one was not ready.
    pub(super) not_ready: usize,
    /// The recordings that were asked back from the archive, and how often they were asked for since.
    pub(super) restoring: BTreeMap<Recording, usize>,
    /// Whether all recordings are deleted.
    pub(super) no_recordings: bool,
    /// The recordings that were ready.
    pub(super) ready: BTreeSet<Recording>,
}

impl State {
    pub(super) fn new(media: Url, streaming: Url) -> Self {
        Self {
            settings: Settings::default(),
            media,
            streaming,
            time: Time::Over,
            calls: usize::MAX,
            is_played: false,
            told: Told::default(),
            clock: Clock::default(),
            channels: Channels::default(),
            no_login: false,
            forbidden: BTreeSet::new(),
            tokens: BTreeMap::new(),
            issued: 0,
            asked: Vec::new(),
            links: Vec::new(),
            batches: Vec::new(),
            jobs: Vec::new(),
            recording_asks: BTreeMap::new(),
            not_ready: 0,
            restoring: BTreeMap::new(),
            no_recordings: false,
            ready: BTreeSet::new(),
        }
    }

    pub(super) fn now(&self, org: &Org) -> DateTime<Utc> {
        match self.time {
            Time::Over => org.evening(),
            Time::At(time) => time,
            Time::Passing(run) => run.now(),
        }
    }

    /// A call that has begun, by the id of its conversation.
    pub(super) fn call(&self, conversation: &str, org: &Org) -> Option<usize> {
        let now = self.now(org);
        org.call(conversation).filter(|call| *call < self.calls && org.scenario.calls[*call].started <= now)
    }

    /// Lets go of the channels whose life or whose token is over.
    pub(super) fn prune_channels(&mut self) {
        let (now, tokens, by_token) = (Instant::now(), &self.tokens, self.settings.channels_by_token);
        let has_token = |token: &str| !by_token || tokens.get(token).is_some_and(|until| now < *until);
        self.channels.retain(|channel| now < channel.expires && has_token(&channel.token));
    }

    pub(super) fn is_good(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|until| Instant::now() < *until)
    }
}
