//! How one organisation of Genesys Cloud is reached and read.

use std::path::Path;
use std::time::Duration;

use connector_core::http::HttpOptions;
use connector_core::{Error, Result, Secret};
use serde::{Deserialize, Serialize};

use crate::live_audio::options::AudioOptions;
use crate::region::Region;

/// Hosts that only hold recordings; they never see a token. The vendor documents none: its links lead to a store or a
/// delivery network of AWS.
const MEDIA_HOSTS: [&str; 2] = ["amazonaws.com", "cloudfront.net"];

/// Rows in a page. The vendor's own samples ask for 100; whether it sends more is not documented for all lists.
const PAGE: u32 = 100;

/// Channels of one OAuth client: one more takes the place of the oldest. It was 5 once.
const CHANNELS: usize = 20;

/// Topics of one channel.
const TOPICS: usize = 1_000;

/// How long a call may last of whose end nobody tells.
const MAX_CALL: Duration = Duration::from_secs(4 * 3600);

/// How long after the end of a call its recordings are waited for.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How long to wait for recordings that are not there: seconds. How long the vendor takes is not documented.
const WAITS: [u64; 7] = [30, 60, 120, 300, 600, 1_200, 3_600];

/// In which form a recording is asked for. The vendor makes it from the one it keeps, which takes a while the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordingFormat {
    /// 16-bit PCM in WAV.
    #[default]
    Wav,
    /// µ-law in WAV.
    WavUlaw,
    /// Opus in Ogg.
    OggOpus,
    /// Vorbis in Ogg.
    OggVorbis,
    /// MP3.
    Mp3,
    /// WebM.
    Webm,
}

impl RecordingFormat {
    /// The vendor's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::WavUlaw => "WAV_ULAW",
            Self::OggOpus => "OGG_OPUS",
            Self::OggVorbis => "OGG_VORBIS",
            Self::Mp3 => "MP3",
            Self::Webm => "WEBM",
        }
    }
}

/// The settings of one organisation of Genesys Cloud. Only the region and the OAuth client have to be given.
///
/// ```
/// use connector_core::Secret;
/// use connector_genesys::GenesysConfig;
///
/// let client = (Secret::environment("GENESYS_CLIENT_ID"), Secret::environment("GENESYS_CLIENT_SECRET"));
/// let config = GenesysConfig::new("usw2".parse()?, client);
/// assert_eq!(config.page, 100);
/// assert!(config.validate().is_ok());
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GenesysConfig {
    /// Where the organisation lives.
    pub region: Region,
    /// The id of the OAuth client, which has the grant *Client Credentials*.
    pub client_id: Secret,
    /// Its secret.
    pub client_secret: Secret,
    /// Hosts that recordings may be fetched from, without a token: each stands for itself and for all below it.
    #[serde(default = "media_hosts")]
    pub media_hosts: Vec<String>,
    /// Rows in a page.
    #[serde(default = "page")]
    pub page: u32,
    /// How many channels of notifications may be open. Other programs that use the same OAuth client need some, too.
    #[serde(default = "channels")]
    pub channels: usize,
    /// How many people one channel may be about.
    #[serde(default = "topics")]
    pub topics: usize,
    /// A call of which nobody says that it ended is taken to be over after this time.
    #[serde(default = "max_call", with = "connector_core::length")]
    pub max_call: Duration,
    /// In which form recordings are asked for.
    #[serde(default)]
    pub recording_format: RecordingFormat,
    /// Whether recordings of screens are wanted as well.
    #[serde(default)]
    pub screens: bool,
    /// Whether archived recordings are asked back. Whether the vendor bills that is not documented.
    #[serde(default)]
    pub restore_archived: bool,
    /// How long after the end of a call its recordings are waited for.
    #[serde(default = "patience", with = "connector_core::length")]
    pub recording_patience: Duration,
    /// How long to wait before recordings that are not there are asked for again: the first time, the second time, and so
    /// on by the age of the call; the last one is repeated.
    #[serde(default = "waits", with = "connector_core::length::list")]
    pub recording_waits: Vec<Duration>,
    /// How the sound of calls is heard as they happen, if it is. It takes a [`Hub`](connector_core::inbound::Hub).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioOptions>,
    /// How the network is reached.
    #[serde(default)]
    pub http: HttpOptions,
}

fn media_hosts() -> Vec<String> {
    MEDIA_HOSTS.map(str::to_owned).to_vec()
}

fn page() -> u32 {
    PAGE
}

fn channels() -> usize {
    CHANNELS
}

fn topics() -> usize {
    TOPICS
}

fn max_call() -> Duration {
    MAX_CALL
}

fn patience() -> Duration {
    PATIENCE
}

fn waits() -> Vec<Duration> {
    WAITS.map(Duration::from_secs).to_vec()
}

impl GenesysConfig {
    /// The usual settings, with the id and secret of the OAuth client.
    pub fn new(region: Region, client: (Secret, Secret)) -> Self {
        Self {
            region,
            client_id: client.0,
            client_secret: client.1,
            media_hosts: media_hosts(),
            page: page(),
            channels: channels(),
            topics: topics(),
            max_call: max_call(),
            recording_format: RecordingFormat::default(),
            screens: false,
            restore_archived: false,
            recording_patience: patience(),
            recording_waits: waits(),
            audio: None,
            http: HttpOptions::default(),
        }
    }

    /// The same settings, fetching recordings from this host as well.
    pub fn with_media_host(mut self, host: impl Into<String>) -> Self {
        self.media_hosts.push(host.into());
        self
    }

    /// The same settings, with so many rows in a page.
    pub fn with_page(mut self, rows: u32) -> Self {
        self.page = rows;
        self
    }

    /// The same settings, with at most so many channels.
    pub fn with_channels(mut self, channels: usize) -> Self {
        self.channels = channels;
        self
    }

    /// The same settings, with so many people on a channel.
    pub fn with_topics(mut self, topics: usize) -> Self {
        self.topics = topics;
        self
    }

    /// The same settings, taking calls to be over after this time.
    pub fn with_max_call(mut self, longest: Duration) -> Self {
        self.max_call = longest;
        self
    }

    /// The same settings, with recordings in this form.
    pub fn with_recording_format(mut self, format: RecordingFormat) -> Self {
        self.recording_format = format;
        self
    }

    /// The same settings, with recordings of screens, or without.
    pub fn with_screens(mut self, wanted: bool) -> Self {
        self.screens = wanted;
        self
    }

    /// The same settings, asking archived recordings back, or not.
    pub fn with_restore_archived(mut self, wanted: bool) -> Self {
        self.restore_archived = wanted;
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

    /// The same settings, hearing the sound of calls as they happen.
    pub fn with_audio(mut self, audio: AudioOptions) -> Self {
        self.audio = Some(audio);
        self
    }

    /// The same settings, reaching the network like this.
    pub fn with_http(mut self, http: HttpOptions) -> Self {
        self.http = http;
        self
    }

    /// The same settings, with relative paths below this directory: for settings that come from a file in it.
    pub fn below(mut self, directory: &Path) -> Self {
        self.http = self.http.below(directory);
        self
    }

    /// Whether they make sense.
    ///
    /// # Errors
    /// `is_config`, with what to write instead.
    pub fn validate(&self) -> Result<()> {
        let wrong = |what: String, advice: &str| Err(Error::config(what).advise(advice));
        if self.page == 0 || self.page > PAGE {
            return wrong(format!("page is {}", self.page), "the vendor sends 1 to 100 rows at once");
        }
        if self.channels == 0 || self.topics == 0 {
            return wrong("channels or topics is 0".to_owned(), "20 channels of 1000 topics are usual");
        }
        if self.max_call.is_zero() {
            return wrong("max_call is 0".to_owned(), "some hours are usual");
        }
        if self.recording_waits.is_empty() || self.recording_waits.iter().any(Duration::is_zero) {
            return wrong(
                "recording_waits has no time, or one that is 0".to_owned(),
                "write it like [\"30s\", \"5m\"]",
            );
        }
        self.audio.as_ref().map_or(Ok(()), AudioOptions::validate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live_audio::keys::AudioKey;

    fn good() -> GenesysConfig {
        let client = (Secret::literal("ana-client"), Secret::literal("hunter2"));
        GenesysConfig::new("usw2".parse().unwrap(), client)
    }

    #[test]
    fn a_file_names_only_what_differs() {
        let text = r#"{"region": "eu-west-1", "client_id": "env:A", "client_secret": "file:/b",
            "max_call": "2h", "recording_format": "ogg_opus"}"#;
        let config: GenesysConfig = serde_json::from_str(text).unwrap();
        config.validate().unwrap();
        assert_eq!((config.page, config.channels, config.topics), (100, 20, 1_000));
        assert_eq!((config.max_call.as_secs(), config.recording_format.as_str()), (7_200, "OGG_OPUS"));
        assert!(serde_json::from_str::<GenesysConfig>(&text.replace("max_call", "max_cal")).is_err());
        assert!(serde_json::from_str::<GenesysConfig>(&text.replace("eu-west-1", "eu west 1")).is_err());
    }

    #[test]
    fn settings_that_make_no_sense_say_what_to_change() {
        for (config, words) in [
            (good().with_page(0), "1 to 100"),
            (good().with_page(500), "1 to 100"),
            (good().with_channels(0), "channels"),
            (good().with_topics(0), "topics"),
            (good().with_max_call(Duration::ZERO), "max_call"),
            (good().with_recording_waits([]), "recording_waits"),
            (good().with_recording_waits([Duration::ZERO]), "recording_waits"),
            (good().with_audio(AudioOptions::new(AudioKey::unsigned(Secret::literal("k-1")))), "a key of audio"),
        ] {
            let error = config.validate().unwrap_err();
            assert!(error.is_config() && error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", good());
        assert!(!shown.contains("hunter2") && !shown.contains("ana-client"), "{shown}");
    }
}
