//! Which of the vendor's APIs the jobs use, and what for each has to be granted.

use std::fmt;

/// The permission to read agents, groups and teams, and that to read contacts. (Which endpoint asks for which is not
/// documented: it follows from their names.)
pub(crate) const EMPLOYEES: &str = "Employees: View";
pub(crate) const CONTACTS: &str = "ACD: View (contacts)";
/// The permission to play the recordings of everybody.
const PLAY_ANY: &str = "Search & Playback > Play/download recordings: Play Any";
/// The licence for recordings, which is billed.
const MEDIA_PLAYBACK: &str = "Media Playback";

const ACD: &str = "incontactapi/services/";

/// Job, path (below the version for the ACD API), permission.
const USES: [(&str, &str, &str); 16] = [
    ("agents", "agents", EMPLOYEES),
    ("agents", "agents/{agentId}", EMPLOYEES),
    ("agents", "groups", EMPLOYEES),
    ("agents", "groups/{groupId}/agents", EMPLOYEES),
    ("agents", "teams", EMPLOYEES),
    ("agents", "teams/{teamId}/agents", EMPLOYEES),
    ("events", "contacts/completed", CONTACTS),
    ("events", "contacts/{contactId}", CONTACTS),
    ("events", "contacts/{contactId}/hierarchy", CONTACTS),
    // Only where somebody is watched by a name other than the vendor's id.
    ("events", "agents", EMPLOYEES),
    ("history", "contacts/completed", CONTACTS),
    ("history", "contacts/{contactId}", CONTACTS),
    ("history", "contacts/{contactId}/hierarchy", CONTACTS),
    ("history", "contacts/{contactId}/state-history", CONTACTS),
    ("history", "contacts/{contactId}/disposition", CONTACTS),
    ("history", "contacts/{contactId}/custom-data", CONTACTS),
];

/// An API of the vendor that a job uses. `Display` is a line for an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiUse {
    /// The job: `agents`, `events`, `history` or `recordings`.
    pub job: &'static str,
    /// The path of a GET, with what varies in braces.
    pub path: String,
    /// The permission that the role of the access key's user needs.
    pub permission: &'static str,
    /// The licence that the tenant needs beyond that of its contact centre.
    pub licence: Option<&'static str>,
}

impl fmt::Display for ApiUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: GET {} ({}", self.job, self.path, self.permission)?;
        match self.licence {
            Some(licence) => write!(f, "; licence {licence})"),
            None => f.write_str(")"),
        }
    }
}

/// All that are used with this version of the ACD API.
pub(crate) fn all(version: &str) -> Vec<ApiUse> {
    let acd = USES.iter().map(|(job, path, permission)| ApiUse {
        job,
        path: format!("{ACD}{version}/{path}"),
        permission,
        licence: None,
    });
    let recordings = ApiUse {
        job: "recordings",
        path: "media-playback/v1/contacts".to_owned(),
        permission: PLAY_ANY,
        licence: Some(MEDIA_PLAYBACK),
    };
    acd.chain([recordings]).collect()
}
