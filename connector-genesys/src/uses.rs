//! Which of the vendor's APIs the jobs use, and what for each has to be granted.

use std::fmt;

use crate::config::GenesysConfig;

/// Permissions as an administrator finds them. Where any of several is enough, it is the one to give.
pub(crate) const QUEUES: &str = "routing:queue:view";
pub(crate) const TEAMS: &str = "groups:team:view";
const LIVE: &str = "conversation:communication:view";
pub(crate) const HISTORY: &str = "analytics:conversationDetail:view";
pub(crate) const RECORDINGS: &str = "recording:recording:view";
pub(crate) const RESTORE: &str = "recording:recording:restore";

/// Job, method, path, permission.
type Use = (&'static str, &'static str, &'static str, Option<&'static str>);

const ALWAYS: [Use; 23] = [
    ("agents", "GET", "api/v2/users", None),
    ("agents", "GET", "api/v2/groups", None),
    ("agents", "GET", "api/v2/groups/{groupId}/members", None),
    ("agents", "GET", "api/v2/routing/queues", Some(QUEUES)),
    ("agents", "GET", "api/v2/routing/queues/{queueId}/members", Some(QUEUES)),
    ("agents", "GET", "api/v2/teams", Some(TEAMS)),
    ("agents", "GET", "api/v2/teams/{teamId}/members", Some(TEAMS)),
    ("events", "POST", "api/v2/notifications/channels", None),
    ("events", "PUT", "api/v2/notifications/channels/{channelId}/subscriptions", None),
    ("events", "GET", "api/v2/conversations/{conversationId}", Some(LIVE)),
    // Who is behind an id that nobody listed.
    ("events", "GET", "api/v2/users", None),
    ("history", "POST", "api/v2/analytics/conversations/details/query", Some(HISTORY)),
    ("history", "GET", "api/v2/analytics/conversations/{conversationId}/details", Some(HISTORY)),
    ("history", "POST", "api/v2/analytics/conversations/details/jobs", Some(HISTORY)),
    ("history", "GET", "api/v2/analytics/conversations/details/jobs/{jobId}", Some(HISTORY)),
    ("history", "GET", "api/v2/analytics/conversations/details/jobs/{jobId}/results", Some(HISTORY)),
    ("history", "GET", "api/v2/analytics/conversations/details/jobs/availability", Some(HISTORY)),
    ("history", "GET", "api/v2/conversations/{conversationId}", Some(LIVE)),
    ("history", "GET", "api/v2/users", None),
    ("recordings", "GET", "api/v2/conversations/{conversationId}/recordingmetadata", Some(RECORDINGS)),
    ("recordings", "GET", "api/v2/conversations/{conversationId}/recordings/{recordingId}", Some(RECORDINGS)),
    ("recordings", "POST", "api/v2/recording/batchrequests", Some(RECORDINGS)),
    ("recordings", "GET", "api/v2/recording/batchrequests/{jobId}", None),
];

/// With `restore_archived`.
const RESTORING: Use =
    ("recordings", "PUT", "api/v2/conversations/{conversationId}/recordings/{recordingId}", Some(RESTORE));

/// An API of the vendor that a job uses. `Display` is a line for an administrator.
///
/// ```
/// # use connector_core::{Context, Secret};
/// # use connector_genesys::{Genesys, GenesysConfig};
/// # let config = GenesysConfig::new("usw2".parse()?, (Secret::literal("id"), Secret::literal("secret")));
/// let genesys = Genesys::new(config, &Context::default())?;
/// let lines: Vec<String> = genesys.apis().iter().map(ToString::to_string).collect();
/// assert_eq!(lines[0], "agents: GET api/v2/users (no permission)");
/// assert_eq!(lines[3], "agents: GET api/v2/routing/queues (routing:queue:view)");
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiUse {
    /// The job: `agents`, `events`, `history` or `recordings`.
    pub job: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path, with what varies in braces.
    pub path: &'static str,
    /// The permission that a role of the OAuth client needs. `None`: none is documented. Where any of several is enough,
    /// it is the one to give.
    pub permission: Option<&'static str>,
}

impl fmt::Display for ApiUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} ({})", self.job, self.method, self.path, self.permission.unwrap_or("no permission"))
    }
}

/// All that are used with these settings.
pub(crate) fn all(config: &GenesysConfig) -> Vec<ApiUse> {
    let restoring = config.restore_archived.then_some(&RESTORING);
    let uses = ALWAYS.iter().chain(restoring);
    uses.map(|(job, method, path, permission)| ApiUse { job, method, path, permission: *permission }).collect()
}

/// A question that costs little and shows whether a permission was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) path: &'static str,
    pub(crate) permission: Option<&'static str>,
    /// Whether it asks for something that is not there, so that a refusal to find it is an answer.
    pub(crate) of_nothing: bool,
}

const fn list(path: &'static str, permission: Option<&'static str>) -> Probe {
    Probe { path, permission, of_nothing: false }
}

const fn nothing(path: &'static str, permission: &'static str) -> Probe {
    Probe { path, permission: Some(permission), of_nothing: true }
}

/// What the directory asks: one row of each list that needs another permission.
pub(crate) const AGENTS_CHECK: [Probe; 3] = [
    list("api/v2/users?pageSize=1", None),
    list("api/v2/routing/queues?pageSize=1", Some(QUEUES)),
    list("api/v2/teams?pageSize=1", Some(TEAMS)),
];

/// What events, history and recordings ask: of a conversation with an id that none has. That the vendor looks at the
/// permission before it looks for the conversation is not documented.
pub(crate) const EVENTS_CHECK: [Probe; 2] = [
    list("api/v2/notifications/channels?includechannels=oauthclient", None),
    nothing("api/v2/conversations/00000000-0000-0000-0000-000000000000", LIVE),
];
pub(crate) const HISTORY_CHECK: [Probe; 1] =
    [nothing("api/v2/analytics/conversations/00000000-0000-0000-0000-000000000000/details", HISTORY)];
pub(crate) const RECORDINGS_CHECK: [Probe; 1] =
    [nothing("api/v2/conversations/00000000-0000-0000-0000-000000000000/recordingmetadata", RECORDINGS)];
