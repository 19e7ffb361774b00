//! How the fake behaves where Genesys leaves a choice, or where nobody wrote down what it does.

use std::time::Duration;

use chrono::TimeDelta;

/// In which form a recording is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// 202 with the recording, without links.
    Accepted,
    /// 200 without a body.
    Empty,
    /// 200 with the recording, whose links are `null`, while it is being uploaded.
    Uploading,
}

/// How the fake behaves. All of it can be changed at any time with [`Fake::change`](super::Fake::change).
///
/// ```
/// use connector_genesys::testing::Settings;
/// let settings = Settings::default();
/// assert_eq!((settings.most_rows, settings.longest_interval.num_days()), (100, 7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How long a token is good for. An organisation sets it between 5 minutes and 48 hours.
    pub token_life: Duration,
    /// The most rows of a page. More are refused. Documented for members of queues alone.
    pub most_rows: usize,
    /// The longest interval of a query of the history. The documentation names different ones.
    pub longest_interval: TimeDelta,
    /// How long after it began a conversation shows in the history. Not documented.
    pub listed_after: TimeDelta,
    /// How long after its end the live record of a conversation is kept. Not documented.
    pub kept_for: TimeDelta,
    /// How long after the end of a call its recording shows. Not documented.
    pub recorded_after: TimeDelta,
    /// How often a recording is asked for before it is ready.
    pub not_ready_asks: usize,
    /// In which form it is not. `None`: in all of them in turn.
    pub not_ready: Option<NotReady>,
    /// Under which keys the links of a recording stand. With several there are as many files.
    pub link_keys: Vec<String>,
    /// How long a link works. An organisation sets it between 2 and 60 minutes.
    pub link_life: Duration,
    /// Calls, by their index, whose recording lies in the archive; that of the screen does not.
    pub archived: Vec<usize>,
    /// How many recordings a batch may have.
    pub most_batched: usize,
    /// How often the results of a batch are asked for before they are there.
    pub batch_asks: usize,
    /// The type of the recordings of a batch, which come as they are kept. The bytes are those of the WAV file all the same.
    pub kept_as: String,
    /// How many ids one request for many conversations may have. Not documented.
    pub most_ids: usize,
    /// How far the store behind the jobs of the history lags behind. The documentation says up to about a day.
    pub jobs_lag: TimeDelta,
    /// How often the state of such a job is asked for before it is done: `QUEUED` the first time, then `PENDING`.
    pub job_asks: usize,
    /// How many of the next such jobs fail.
    pub failing_jobs: usize,
    /// Inbound calls, by their index, that their first agent misses once, and is offered again.
    pub declined: Vec<usize>,
    /// Calls, by their index, whose last agent mutes the line for a while.
    pub muted: Vec<usize>,
    /// Calls, by their index, whose last agent pauses the recording for a while.
    pub paused: Vec<usize>,
    /// Whether somebody who is out of a call hears no more of it. Not documented, and reported.
    pub silent_after_leg: bool,
    /// How many times faster than the clock the next play goes.
    pub speed: u32,
    /// How many channels a client may have. One more takes the place of another.
    pub most_channels: usize,
    /// How many topics a channel may have.
    pub most_topics: usize,
    /// How long a channel lives after it was opened or its topics were sent.
    pub channel_life: Duration,
    /// Whether a channel belongs to the token that opened it: it ends with that token, and no other finds it. That it ends is
    /// documented, the rest is not.
    pub channels_by_token: bool,
    /// The time between two heartbeats of a socket. Reported, not documented.
    pub heartbeat: Duration,
    /// How long after its announcement a socket closes. The documentation says about a minute.
    pub closing_after: Duration,
    /// People, by their index, whose topics are refused.
    pub hidden: Vec<usize>,
    /// How many messages that make no sense come on topics of calls from now on, before the next ones that do.
    pub bad_messages: usize,
    /// Calls, by their index, of which there is a recording of the screen as well.
    pub screens: Vec<usize>,
    /// How often a recording is asked for, after it was asked back from the archive, before it is there.
    pub restore_asks: usize,
    /// The queues, by their names, in which Genesys does not let anybody listen: `enableAudioMonitoring`.
    pub unmonitored: Vec<String>,
    /// How many people take no calls, on top of those of the scenario.
    pub idle: usize,
    /// How many users are inactive, on top of those of the scenario.
    pub inactive: usize,
    /// How many rows that make no sense stand in every list of people and conversations.
    pub bad_rows: usize,
    /// How many requests with a token are answered with 503 from now on.
    pub unavailable: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_life: Duration::from_secs(86_400),
            most_rows: 100,
            longest_interval: TimeDelta::days(7),
            listed_after: TimeDelta::zero(),
            kept_for: TimeDelta::days(365),
            recorded_after: TimeDelta::zero(),
            not_ready_asks: 0,
            not_ready: None,
            link_keys: vec!["S".to_owned()],
            link_life: Duration::from_secs(3_600),
            archived: Vec::new(),
            most_batched: 100,
            batch_asks: 1,
            kept_as: "audio/ogg".to_owned(),
            most_ids: 100,
            jobs_lag: TimeDelta::zero(),
            job_asks: 1,
            failing_jobs: 0,
            declined: Vec::new(),
            muted: Vec::new(),
            paused: Vec::new(),
            silent_after_leg: true,
            speed: 1,
            most_channels: 20,
            most_topics: 1_000,
            channel_life: Duration::from_secs(86_400),
            channels_by_token: true,
            heartbeat: Duration::from_secs(30),
            closing_after: Duration::from_secs(60),
            hidden: Vec::new(),
            bad_messages: 0,
            screens: Vec::new(),
            restore_asks: 1,
            unmonitored: Vec::new(),
            idle: 0,
            inactive: 0,
            bad_rows: 0,
            unavailable: 0,
        }
    }
}
