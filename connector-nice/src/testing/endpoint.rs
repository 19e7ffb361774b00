//! What can be asked, and where.

use std::fmt;

use http::Method;

use super::settings::Permission;

macro_rules! endpoints {
    ($($(#[$doc:meta])* $endpoint:ident, $method:ident, $role:ident, $permission:expr, $($path:literal)|+;)*) => {
        /// Something that can be asked of CXone. `Display` is its method and path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Endpoint {
            $($(#[$doc])* $endpoint,)*
        }

        /// What comes first matches first. A part in braces is anything.
        const ROUTES: &[(Endpoint, Method, Role, &[&str])] =
            &[$((Endpoint::$endpoint, Method::$method, Role::$role, &[$($path),+])),*];

        impl Endpoint {
            /// What a caller has to be allowed; `None` where no token is asked for.
            pub(super) fn permission(self) -> Option<Need> {
                match self {
                    $(Self::$endpoint => $permission,)*
                }
            }
        }
    };
}

/// Which of CXone's hosts answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Login and discovery.
    Issuer,
    /// Everything that takes a token.
    Api,
    /// The store of recordings.
    Media,
    /// All of them: hosted in one place.
    Any,
}

/// What a request to an endpoint has to bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A token.
    Token,
    /// A token of somebody with this permission.
    Permission(Permission),
}

const TOKEN: Option<Need> = Some(Need::Token);
const EMPLOYEES: Option<Need> = Some(Need::Permission(Permission::Employees));
const CONTACTS: Option<Need> = Some(Need::Permission(Permission::Contacts));
const PLAYBACK: Option<Need> = Some(Need::Permission(Permission::Playback));
const FILES: Option<Need> = Some(Need::Permission(Permission::Files));

endpoints! {
    /// The OpenID Connect discovery document.
    Discovery, GET, Issuer, None, ".well-known/openid-configuration";
    /// Where the API of a tenant is.
    Configuration, GET, Issuer, None, ".well-known/cxone-configuration";
    /// The login with a client pair and an access key.
    Token, POST, Issuer, None, "auth/token";
    /// The keys that tokens are signed with.
    Jwks, GET, Issuer, None, "auth/jwks";
    /// The regional login with an access key alone.
    AccessKey, POST, Issuer, None, "authentication/v1/token/access-key";
    /// A new token for the refresh token of the regional login.
    Refresh, POST, Issuer, None, "public/user/refresh";
    /// The time of the server.
    ServerTime, GET, Api, TOKEN, "incontactapi/services/{v}/server-time";
    /// The business unit.
    BusinessUnit, GET, Api, TOKEN, "incontactapi/services/{v}/business-unit";
    /// The versions of the API.
    ApiVersion, GET, Api, TOKEN, "incontactapi/services/{v}/apiversion";
    /// Groups.
    Groups, GET, Api, EMPLOYEES, "incontactapi/services/{v}/groups";
    /// The agents of a group.
    GroupAgents, GET, Api, EMPLOYEES, "incontactapi/services/{v}/groups/{id}/agents";
    /// All teams with their agents.
    TeamsAgents, GET, Api, EMPLOYEES, "incontactapi/services/{v}/teams/agents";
    /// Teams.
    Teams, GET, Api, EMPLOYEES, "incontactapi/services/{v}/teams";
    /// One team.
    Team, GET, Api, EMPLOYEES, "incontactapi/services/{v}/teams/{id}";
    /// The agents of a team.
    TeamAgents, GET, Api, EMPLOYEES, "incontactapi/services/{v}/teams/{id}/agents";
    /// Agents.
    Agents, GET, Api, EMPLOYEES, "incontactapi/services/{v}/agents";
    /// What agents do now.
    AgentStates, GET, Api, CONTACTS, "incontactapi/services/{v}/agents/states";
    /// One agent.
    Agent, GET, Api, EMPLOYEES, "incontactapi/services/{v}/agents/{id}";
    /// The groups of an agent.
    AgentGroups, GET, Api, EMPLOYEES, "incontactapi/services/{v}/agents/{id}/groups";
    /// Contacts that are over.
    Completed, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/completed";
    /// Contacts that go on.
    Active, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/active";
    /// The states of contacts that go on.
    ContactStates, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/states";
    /// How contact states are called.
    StateDescriptions, GET, Api, CONTACTS, "incontactapi/services/{v}/contact-state-descriptions";
    /// How one contact state is called.
    StateDescription, GET, Api, CONTACTS, "incontactapi/services/{v}/contact-state-descriptions/{id}";
    /// One contact.
    Contact, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/{id}";
    /// The legs of a contact.
    Hierarchy, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/{id}/hierarchy";
    /// What states a contact went through.
    StateHistory, GET, Api, CONTACTS,
        "incontactapi/services/{v}/contacts/{id}/state-history" | "incontactapi/services/{v}/contacts/{id}/statehistory";
    /// The custom data of a contact.
    CustomData, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/{id}/custom-data";
    /// The disposition of a contact.
    ContactDisposition, GET, Api, CONTACTS, "incontactapi/services/{v}/contacts/{id}/disposition";
    /// The files of a contact.
    ContactFiles, GET, Api, FILES, "incontactapi/services/{v}/contacts/{id}/files";
    /// One file, whole, in base64.
    File, GET, Api, FILES, "incontactapi/services/{v}/files";
    /// All dispositions.
    Dispositions, GET, Api, CONTACTS, "incontactapi/services/{v}/dispositions";
    /// Joins the session of an agent.
    JoinSession, POST, Api, TOKEN, "incontactapi/services/{v}/agent-sessions/join";
    /// Waits for the next events of a session.
    NextEvent, GET, Api, TOKEN, "incontactapi/services/{v}/agent-sessions/{id}/get-next-event";
    /// The recordings of a contact and all its legs.
    Playback, GET, Api, PLAYBACK, "media-playback/v1/contacts";
    /// The recording of one leg.
    PlaybackSegment, GET, Api, PLAYBACK, "media-playback/v1/segments/{id}";
    /// A recording in the store.
    Media, GET, Media, None, "media/{file}";
}

impl Endpoint {
    /// What this request asks for at this host, with the parts of the path that stand in braces.
    pub(super) fn of(method: &Method, path: &str, at: Role) -> Option<(Self, Vec<String>)> {
        let there = |role: Role| at == Role::Any || at == role;
        let known = ROUTES.iter().filter(|(_, wanted, role, _)| wanted == method && there(*role));
        known
            .flat_map(|(endpoint, .., paths)| paths.iter().map(move |pattern| (endpoint, pattern)))
            .find_map(|(endpoint, pattern)| Some((*endpoint, matched(pattern, path)?)))
    }
}

/// The parts of a path that stand in braces in the pattern. Upper and lower case are the same, as at CXone.
fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut found) = (pattern.split('/'), path.trim_matches('/').split('/'));
    let mut open = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(open),
            (Some(wanted), Some(found)) if wanted.starts_with('{') => open.push(found.to_owned()),
            (Some(wanted), Some(found)) if wanted.eq_ignore_ascii_case(found) => {}
            _ => return None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, method, _, paths) = ROUTES.iter().find(|(endpoint, ..)| endpoint == self).ok_or(fmt::Error)?;
        write!(f, "{method} /{}", paths[0])
    }
}
