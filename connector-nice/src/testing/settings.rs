//! How the fake behaves where CXone leaves a choice, or where nobody wrote down what it does.

use std::time::Duration;

use chrono::TimeDelta;

/// How the keys of completed contacts are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Generation {
    /// By the version in the path: from v31 on the new one. (Seen: old up to v30, new from v33.)
    #[default]
    ByVersion,
    /// `contactStart`, `fromAddr`, `mediaType`, `ACWSeconds`.
    Old,
    /// `contactStartDate`, `fromAddress`, `mediaTypeId`, `acwSeconds`.
    New,
}

/// What somebody can be allowed to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Permission {
    /// Employees: agents, groups, teams.
    Employees,
    /// ACD: contacts.
    Contacts,
    /// Play any recording, and the licence of Media Playback.
    Playback,
    /// Legacy files.
    Files,
}

/// In which form Media Playback answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaybackShape {
    /// `redirectUrl` for `isDownload=true`, `Interactions` for a segment, `interactions` for anything else.
    #[default]
    AsAsked,
    /// `{"redirectUrl": ..}`.
    RedirectUrl,
    /// `{"fileToPlayUrl": ..}`.
    FileToPlayUrl,
    /// `{"interactions": [{"data": {"fileToPlayUrl": ..}}]}`.
    Interactions,
    /// `{"Interactions": [{"data": {"fileToPlayUrl": ..}}]}`.
    UpperInteractions,
    /// `{"value": {"Interactions": [{"Interaction": {"data": {"fileToPlayUrl": ..}}}]}}`.
    Value,
}

/// In which form Media Playback says that a recording is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// 404, as for a call that was never recorded.
    NotFound,
    /// 200 with an empty `interactions`.
    NoInteractions,
    /// 202 without a body. Not documented.
    Accepted,
}

/// How the fake behaves. All of it can be changed at any time with [`Fake::change`](super::Fake::change).
///
/// ```
/// use connector_nice::testing::{Generation, Settings};
/// let settings = Settings::default();
/// assert_eq!((settings.generation, settings.most_rows), (Generation::ByVersion, 10_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How the keys of contacts are named.
    pub generation: Generation,
    /// Whether lists stand under `resultSet`, as in some old versions.
    pub result_set: bool,
    /// The most rows that a list answers at once, and how many without `top`.
    pub most_rows: usize,
    /// Whether a client pair is taken as form fields alone (`client_secret_post`).
    pub client_in_form: bool,
    /// Whether a client pair is taken as a basic header alone (`client_secret_basic`).
    pub client_in_header: bool,
    /// How long a token is good for.
    pub token_life: Duration,
    /// How long after its end a contact shows among the completed ones. Not documented.
    pub appears_after: TimeDelta,
    /// Whether `totalDurationSeconds` contains the work after the call. Not documented.
    pub total_contains_wrap_up: bool,
    /// How many completed contacts that are no calls stand among the calls, up to 8.
    pub chats: usize,
    /// How many completed calls nobody answered, up to 8. They have no agent.
    pub abandoned: usize,
    /// How many rows that make no sense stand in every list of groups, agents and completed contacts, up
    /// to 8 among the contacts.
    pub bad_rows: usize,
    /// How often a contact of an earlier page is updated before a further page is answered: by the order of
    /// `lastUpdateTime` it moves to the end, and what follows moves up.
    pub shifts: usize,
    /// How often the first contact of a window of starts arrives only after the first page was answered: what follows
    /// moves down, and the contact itself is on no further page.
    pub arrivals: usize,
    /// How many requests with a token are answered with 503 from now on.
    pub unavailable: usize,
    /// How long a poll for events of a session waits at most, whatever it asks for.
    pub longest_poll: Duration,
    /// In which form Media Playback answers.
    pub playback_shape: PlaybackShape,
    /// How long after the end of a leg its recording is there. Not documented.
    pub recorded_after: TimeDelta,
    /// How often Media Playback is asked for a call before its recording is ready.
    pub not_ready_asks: usize,
    /// In which form it says so. `None`: in all of them in turn.
    pub not_ready: Option<NotReady>,
    /// Whether each call began as a chat: a further interaction without a file.
    pub elevated: bool,
    /// How many requests to Media Playback are answered in which time.
    pub playback_limit: (usize, Duration),
    /// How long a link to a recording works. Not documented.
    pub link_life: Duration,
    /// How often a link to a recording works.
    pub link_uses: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            generation: Generation::ByVersion,
            result_set: false,
            most_rows: 10_000,
            client_in_form: false,
            client_in_header: false,
            token_life: Duration::from_secs(3_600),
            appears_after: TimeDelta::seconds(1),
            total_contains_wrap_up: false,
            chats: 2,
            abandoned: 0,
            bad_rows: 0,
            shifts: 0,
            arrivals: 0,
            unavailable: 0,
            longest_poll: Duration::from_millis(200),
            playback_shape: PlaybackShape::AsAsked,
            recorded_after: TimeDelta::zero(),
            not_ready_asks: 0,
            not_ready: None,
            elevated: false,
            playback_limit: (150, Duration::from_secs(300)),
            link_life: Duration::from_secs(900),
            link_uses: usize::MAX,
        }
    }
}
