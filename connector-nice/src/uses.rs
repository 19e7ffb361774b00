//! Which of the vendor's APIs the jobs use, and what for each has to be granted.

use std::fmt;

use crate::config::{NiceConfig, RecordingsFrom};

/// The permission to read agents, groups and teams, and that to read contacts. (Which endpoint asks for which is not
/// documented: it follows from their names.)
pub(crate) const EMPLOYEES: &str = "Employees: View";
pub(crate) const CONTACTS: &str = "ACD: View (contacts)";
/// The permission to play the recordings of everybody.
const PLAY_ANY: &str = "Search & Playback > Play/download recordings: Play Any";
/// The licence for recordings, which is billed.
const MEDIA_PLAYBACK: &str = "Media Playback";

/// The right to act for an agent, and that to read files of contacts. What the vendor calls them is not documented.
const ACT_FOR: &str = "to act for the agents whose sessions are joined";
const FILES: &str = "ACD: View (contacts and their files)";

const ACD: &str = "incontactapi/services/";

/// Job, method, path (below the version for the ACD API), permission.
type Use = (&'static str, &'static str, &'static str, &'static str);

const ALWAYS: [Use; 19] = [
    ("agents", "GET", "agents", EMPLOYEES),
    ("agents", "GET", "agents/{agentId}", EMPLOYEES),
    ("agents", "GET", "groups", EMPLOYEES),
    ("agents", "GET", "groups/{groupId}/agents", EMPLOYEES),
    ("agents", "GET", "teams", EMPLOYEES),
    ("agents", "GET", "teams/{teamId}/agents", EMPLOYEES),
    ("events", "GET", "contacts/completed", CONTACTS),
    ("events", "GET", "contacts/{contactId}", CONTACTS),
    ("events", "GET", "contacts/{contactId}/hierarchy", CONTACTS),
    // For the logins of people, which contacts do not tell.
    ("events", "GET", "agents", EMPLOYEES),
    ("events", "GET", "agents/{agentId}", EMPLOYEES),
    ("history", "GET", "contacts/completed", CONTACTS),
    ("history", "GET", "contacts/{contactId}", CONTACTS),
    ("history", "GET", "contacts/{contactId}/hierarchy", CONTACTS),
    ("history", "GET", "contacts/{contactId}/state-history", CONTACTS),
    ("history", "GET", "contacts/{contactId}/disposition", CONTACTS),
    ("history", "GET", "contacts/{contactId}/custom-data", CONTACTS),
    // For the logins of people, which contacts do not tell.
    ("history", "GET", "agents", EMPLOYEES),
    ("history", "GET", "agents/{agentId}", EMPLOYEES),
];

/// With `active_every`.
const ACTIVE: [Use; 2] =
    [("events", "GET", "contacts/active", CONTACTS), ("events", "GET", "contact-state-descriptions", CONTACTS)];

/// With `sessions`.
const SESSIONS: [Use; 2] = [
    ("events", "POST", "agent-sessions/join", ACT_FOR),
    ("events", "GET", "agent-sessions/{sessionId}/get-next-event", ACT_FOR),
];

/// With recordings from legacy files.
const LEGACY: [Use; 2] =
    [("recordings", "GET", "contacts/{contactId}/files", FILES), ("recordings", "GET", "files", FILES)];

/// With recordings from Media Playback, which is no part of the ACD API.
const PLAYBACK: [&str; 2] = ["media-playback/v1/contacts", "media-playback/v1/segments/{segmentId}"];

/// An API of the vendor that a job uses. `Display` is a line for an administrator.
///
/// ```
/// # use connector_core::{Context, Secret};
/// # use connector_nice::{NiceConfig, NiceCxone};
/// # let config = NiceConfig::regional("na1", (Secret::literal("id"), Secret::literal("secret")));
/// let nice = NiceCxone::new(config, &Context::default())?;
/// let lines: Vec<String> = nice.apis().iter().map(ToString::to_string).collect();
/// assert_eq!(lines[0], "agents: GET incontactapi/services/v23.0/agents (Employees: View)");
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiUse {
    /// The job: `agents`, `events`, `history` or `recordings`.
    pub job: &'static str,
    /// The method: `GET`, or `POST` to join a session.
    pub method: &'static str,
    /// The path, with what varies in braces.
    pub path: String,
    /// The permission that the role of the access key's user needs.
    pub permission: &'static str,
    /// The licence that the tenant needs beyond that of its contact centre.
    pub licence: Option<&'static str>,
}

impl fmt::Display for ApiUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} ({}", self.job, self.method, self.path, self.permission)?;
        match self.licence {
            Some(licence) => write!(f, "; licence {licence})"),
            None => f.write_str(")"),
        }
    }
}

/// All that are used with these settings.
pub(crate) fn all(config: &NiceConfig) -> Vec<ApiUse> {
    let from_playback = config.recordings_from == RecordingsFrom::MediaPlayback;
    let switched = [
        (config.active_every.is_some(), &ACTIVE[..]),
        (!config.sessions.is_empty(), &SESSIONS),
        (!from_playback, &LEGACY),
    ];
    let switched = switched.into_iter().filter(|(is_on, _)| *is_on).flat_map(|(_, uses)| uses);
    let acd = ALWAYS.iter().chain(switched).map(|(job, method, path, permission)| ApiUse {
        job,
        method,
        path: format!("{ACD}{}/{path}", config.api_version),
        permission,
        licence: None,
    });
    let playback = PLAYBACK.iter().filter(|_| from_playback).map(|path| ApiUse {
        job: "recordings",
        method: "GET",
        path: (*path).to_owned(),
        permission: PLAY_ANY,
        licence: Some(MEDIA_PLAYBACK),
    });
    acd.chain(playback).collect()
}
