//! How one tenant of CXone is reached and read.

mod choices;

use std::path::Path;
use std::time::Duration;

use connector_core::http::{ClientAuth, HttpOptions};
use connector_core::{Error, Result, Secret};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::events::push::options::PushOptions;
pub use choices::{AuthMode, RecordingKey, RecordingsFrom};

/// Where commercial tenants log in. That of FedRAMP is `https://cxone-gov.niceincontact.com`.
const ISSUER: &str = "https://cxone.niceincontact.com";

/// The version of the ACD API. From v33 on some keys have other names; both are read.
const API_VERSION: &str = "v23.0";

/// Hosts that a token may be sent to: these, and all below them.
const HOSTS: [&str; 5] =
    ["niceincontact.com", "nice-incontact.com", "nicecxone.com", "nicecxone-gov.com", "incontact.com"];

/// Hosts that only hold recordings; they never see a token.
const MEDIA_HOSTS: [&str; 1] = ["amazonaws.com"];

/// Phone calls, among the vendor's media types.
const PHONE_CALL: u32 = 4;

/// How often the vendor is asked for calls that are over. Nothing is documented about the least time.
const POLL_EVERY: Duration = Duration::from_secs(30);

/// How far each question reaches back before the last one, since rows may show late.
const OVERLAP: Duration = Duration::from_secs(300);

/// Rows in a page. More than 10,000 are never sent.
const PAGE: usize = 1_000;

/// So many sessions of agents are joined at most: each is a request that waits.
const MOST_SESSIONS: usize = 50;

/// How long after the end of a call its recording is waited for.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How long to wait for a recording that is not there: minutes. Each question counts against a small limit.
const WAITS: [u64; 7] = [1, 2, 5, 10, 20, 40, 60];

/// The settings of one tenant of CXone. Only the credentials have to be given.
///
/// ```
/// use connector_core::Secret;
/// use connector_nice::NiceConfig;
///
/// let client = (Secret::literal("ingest@example"), Secret::environment("CXONE_CLIENT_SECRET"));
/// let key = (Secret::environment("CXONE_KEY_ID"), Secret::file("/run/secrets/cxone-key"));
/// let config = NiceConfig::new(client, key).with_api_version("v34.0");
/// assert_eq!(config.poll_every.as_secs(), 30);
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NiceConfig {
    /// How to log in.
    #[serde(default)]
    pub auth: AuthMode,
    /// The client id of the back-end application; the regional login needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Secret>,
    /// Its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// How the client says who it is: the vendor sets it when the application is registered.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The id of the access key.
    pub access_key_id: Secret,
    /// Its secret.
    pub access_key_secret: Secret,
    /// Where discovery starts.
    #[serde(default = "issuer")]
    pub issuer: Url,
    /// The place of the login, if not the one that discovery or the region names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<Url>,
    /// The address of the API, if not the one that discovery names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<Url>,
    /// Hosts that a token may be sent to: each stands for itself and for all below it.
    #[serde(default = "hosts")]
    pub hosts: Vec<String>,
    /// Further hosts that recordings may be fetched from, without a token.
    #[serde(default = "media_hosts")]
    pub media_hosts: Vec<String>,
    /// The version of the ACD API: `v23.0`.
    #[serde(default = "api_version")]
    pub api_version: String,
    /// The media types whose contacts count. 4 is a phone call; all of them when empty.
    #[serde(default = "media_types")]
    pub media_types: Vec<u32>,
    /// Where recordings come from.
    #[serde(default)]
    pub recordings_from: RecordingsFrom,
    /// By which id a recording is asked for.
    #[serde(default)]
    pub recording_key: RecordingKey,
    /// How long after the end of a call its recording is waited for.
    #[serde(default = "patience", with = "connector_core::length")]
    pub recording_patience: Duration,
    /// How long to wait before a recording that is not there is asked for again: the first time, the second time, and so
    /// on by the age of the call; the last one is repeated. How long the vendor takes is not documented.
    #[serde(default = "waits", with = "connector_core::length::list")]
    pub recording_waits: Vec<Duration>,
    /// How often the vendor is asked for calls that are over.
    #[serde(default = "poll_every", with = "connector_core::length")]
    pub poll_every: Duration,
    /// How far each question reaches back before the last one.
    #[serde(default = "overlap", with = "connector_core::length")]
    pub overlap: Duration,
    /// Rows in a page, at most 10,000.
    #[serde(default = "page")]
    pub page: usize,
    /// How often the vendor is asked for calls that go on, so that their beginning and holds are heard too. It
    /// is not where this is left out; 10 to 15 s are usual.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "connector_core::length::optional")]
    pub active_every: Option<Duration>,
    /// The ids of agents whose sessions are joined, 50 at most, so that their calls are heard of at once. The access key's
    /// user has to be allowed to act for them. Whether that takes events away from the agent's desktop is not documented.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// How a Studio script says that a call ended, if one does. It takes a [`Hub`](connector_core::inbound::Hub).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<PushOptions>,
    /// How the network is reached.
    #[serde(default)]
    pub http: HttpOptions,
}

fn issuer() -> Url {
    ISSUER.parse().expect("the constant is an address")
}

fn hosts() -> Vec<String> {
    HOSTS.map(str::to_owned).to_vec()
}

fn media_hosts() -> Vec<String> {
    MEDIA_HOSTS.map(str::to_owned).to_vec()
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn media_types() -> Vec<u32> {
    vec![PHONE_CALL]
}

fn patience() -> Duration {
    PATIENCE
}

fn waits() -> Vec<Duration> {
    WAITS.map(|minutes| Duration::from_secs(minutes * 60)).to_vec()
}

fn poll_every() -> Duration {
    POLL_EVERY
}

fn overlap() -> Duration {
    OVERLAP
}

fn page() -> usize {
    PAGE
}

impl NiceConfig {
    /// The usual settings, with the id and secret of the back-end application, and those of an access key.
    pub fn new(client: (Secret, Secret), access_key: (Secret, Secret)) -> Self {
        let bare = Self::bare(AuthMode::Discovery, access_key);
        Self { client_id: Some(client.0), client_secret: Some(client.1), ..bare }
    }

    /// The usual settings, with the id and secret of an access key alone, and the region where the tenant lives.
    pub fn regional(area: impl Into<String>, access_key: (Secret, Secret)) -> Self {
        Self::bare(AuthMode::RegionalAccessKey { area: area.into() }, access_key)
    }

    fn bare(auth: AuthMode, access_key: (Secret, Secret)) -> Self {
        Self {
            auth,
            client_id: None,
            client_secret: None,
            client_auth: ClientAuth::Basic,
            access_key_id: access_key.0,
            access_key_secret: access_key.1,
            issuer: issuer(),
            token_url: None,
            api_url: None,
            hosts: hosts(),
            media_hosts: media_hosts(),
            api_version: api_version(),
            media_types: media_types(),
            recordings_from: RecordingsFrom::default(),
            recording_key: RecordingKey::default(),
            recording_patience: patience(),
            recording_waits: waits(),
            poll_every: poll_every(),
            overlap: overlap(),
            page: page(),
            active_every: None,
            sessions: Vec::new(),
            push: None,
            http: HttpOptions::default(),
        }
    }

    /// The same settings, with another start of discovery. Its host is trusted with the token.
    pub fn with_issuer(mut self, issuer: Url) -> Self {
        self.hosts.extend(issuer.host_str().map(str::to_owned));
        self.issuer = issuer;
        self
    }

    /// The same settings, with the client named in another place.
    pub fn with_client_auth(mut self, style: ClientAuth) -> Self {
        self.client_auth = style;
        self
    }

    /// The same settings, with the login at this address.
    pub fn with_token_url(mut self, url: Url) -> Self {
        self.token_url = Some(url);
        self
    }

    /// The same settings, with the API at this address. Its host is trusted with the token.
    pub fn with_api_url(mut self, url: Url) -> Self {
        self.hosts.extend(url.host_str().map(str::to_owned));
        self.api_url = Some(url);
        self
    }

    /// The same settings, sending the token to this host as well.
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// The same settings, fetching recordings from this host as well.
    pub fn with_media_host(mut self, host: impl Into<String>) -> Self {
        self.media_hosts.push(host.into());
        self
    }

    /// The same settings, with another version of the ACD API: `v34.0`.
    pub fn with_api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// The same settings, with contacts of these media types; with all when there are none.
    pub fn with_media_types(mut self, types: impl IntoIterator<Item = u32>) -> Self {
        self.media_types = types.into_iter().collect();
        self
    }

    /// The same settings, with recordings from here.
    pub fn with_recordings_from(mut self, from: RecordingsFrom) -> Self {
        self.recordings_from = from;
        self
    }

    /// The same settings, asking for recordings by other ids.
    pub fn with_recording_key(mut self, key: RecordingKey) -> Self {
        self.recording_key = key;
        self
    }

    /// The same settings, waiting so long for recordings.
    pub fn with_recording_patience(mut self, patience: Duration) -> Self {
        self.recording_patience = patience;
        self
    }

    /// The same settings, waiting so long before recordings that are not there are asked for again.
    pub fn with_recording_waits(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.recording_waits = waits.into_iter().collect();
        self
    }

    /// The same settings, asking that often for calls that are over.
    pub fn with_poll_every(mut self, interval: Duration) -> Self {
        self.poll_every = interval;
        self
    }

    /// The same settings, each question reaching back so far before the last one.
    pub fn with_overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// The same settings, with so many rows in a page.
    pub fn with_page(mut self, rows: usize) -> Self {
        self.page = rows;
        self
    }

    /// The same settings, with relative paths below this directory: for settings that come from a file in it.
    pub fn below(mut self, directory: &Path) -> Self {
        self.http = self.http.below(directory);
        self
    }

    /// The same settings, asking that often for calls that go on.
    pub fn with_active_every(mut self, interval: Duration) -> Self {
        self.active_every = Some(interval);
        self
    }

    /// The same settings, joining the sessions of these agents.
    pub fn with_sessions(mut self, agents: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.sessions = agents.into_iter().map(Into::into).collect();
        self
    }

    /// The same settings, called by a Studio script when a call ended.
    pub fn with_push(mut self, push: PushOptions) -> Self {
        self.push = Some(push);
        self
    }

    /// The same settings, reaching the network like this.
    pub fn with_http(mut self, http: HttpOptions) -> Self {
        self.http = http;
        self
    }

    /// Whether the settings make sense together.
    ///
    /// # Errors
    /// `is_config`, with what to change.
    pub fn validate(&self) -> Result<()> {
        let wrong = |what: String, advice: &str| Err(Error::config(what).advise(advice));
        let digits = self.api_version.strip_prefix('v').unwrap_or_default();
        if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return wrong(format!("api_version {:?} is no version", self.api_version), "write it like v23.0");
        }
        if self.page == 0 || self.page > 10_000 {
            return wrong(format!("page is {}", self.page), "the vendor sends 1 to 10000 rows at once");
        }
        if self.poll_every.is_zero() {
            return wrong("poll_every is 0".to_owned(), "some seconds are usual");
        }
        if self.active_every.is_some_and(|every| every.is_zero()) {
            return wrong("active_every is 0".to_owned(), "10 to 15 seconds are usual; leave it out for none");
        }
        if self.sessions.len() > MOST_SESSIONS {
            let what = format!("sessions names {} agents", self.sessions.len());
            return wrong(what, "50 are the most; active_every hears of all calls that go on");
        }
        if let Some(push) = &self.push {
            push.validate()?;
        }
        if self.recording_waits.is_empty() || self.recording_waits.iter().any(Duration::is_zero) {
            return wrong("recording_waits has no time, or one that is 0".to_owned(), "write it like [\"1m\", \"5m\"]");
        }
        match &self.auth {
            AuthMode::Discovery if self.client_id.is_none() || self.client_secret.is_none() => wrong(
                "client_id and client_secret are missing".to_owned(),
                "register a back-end application, or log in with auth = { regional_access_key = { area = \"na1\" } }",
            ),
            AuthMode::RegionalAccessKey { area } if !is_area(area) => {
                wrong(format!("area {area:?} is no region"), "write it like na1")
            }
            _ => Ok(()),
        }
    }
}

/// Whether contacts of a media type count: one that is not told does.
pub(crate) fn counts(media_types: &[u32], kind: Option<i64>) -> bool {
    media_types.is_empty() || kind.is_none_or(|kind| media_types.iter().any(|wanted| i64::from(*wanted) == kind))
}

/// Regions are not checked against a list; but the text becomes a part of a host.
fn is_area(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests;
