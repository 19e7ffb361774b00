//! What can be asked, where, and what a caller has to be allowed for it.

use connector_core::testing::http::{self, endpoints};

use super::settings::Permission;

/// A request that came, and what it got.
pub type Asked = http::Asked<Endpoint>;

/// Where something is asked, and what a request has to bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// At the login, without a token.
    Issuer,
    /// At the API, with a token.
    Token,
    /// At the API, with a token of somebody with this permission.
    Permission(Permission),
    /// At the store of recordings, without a token.
    Media,
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

impl Role {
    /// Whether this host answers what is asked so.
    pub(super) fn answers(self, access: Access) -> bool {
        match self {
            Self::Any => true,
            Self::Issuer => access == Access::Issuer,
            Self::Media => access == Access::Media,
            Self::Api => matches!(access, Access::Token | Access::Permission(_)),
        }
    }
}

const EMPLOYEES: Access = Access::Permission(Permission::Employees);
const CONTACTS: Access = Access::Permission(Permission::Contacts);
const PLAYBACK: Access = Access::Permission(Permission::Playback);
const FILES: Access = Access::Permission(Permission::Files);

endpoints! {
    /// Something that can be asked of CXone. `Display` is its method and path.
    pub enum Endpoint: Access;

    /// The OpenID Connect discovery document.
    Discovery, GET, Access::Issuer, ".well-known/openid-configuration";
    /// Where the API of a tenant is.
    Configuration, GET, Access::Issuer, ".well-known/cxone-configuration";
    /// The login with a client pair and an access key.
    Token, POST, Access::Issuer, "auth/token";
    /// The keys that tokens are signed with.
    Jwks, GET, Access::Issuer, "auth/jwks";
    /// The regional login with an access key alone.
    AccessKey, POST, Access::Issuer, "authentication/v1/token/access-key";
    /// A new token for the refresh token of the regional login.
    Refresh, POST, Access::Issuer, "public/user/refresh";
    /// The time of the server.
    ServerTime, GET, Access::Token, "incontactapi/services/{v}/server-time";
    /// The business unit.
    BusinessUnit, GET, Access::Token, "incontactapi/services/{v}/business-unit";
    /// The versions of the API.
    ApiVersion, GET, Access::Token, "incontactapi/services/{v}/apiversion";
    /// Groups.
    Groups, GET, EMPLOYEES, "incontactapi/services/{v}/groups";
    /// The agents of a group.
    GroupAgents, GET, EMPLOYEES, "incontactapi/services/{v}/groups/{id}/agents";
    /// All teams with their agents.
    TeamsAgents, GET, EMPLOYEES, "incontactapi/services/{v}/teams/agents";
    /// Teams.
    Teams, GET, EMPLOYEES, "incontactapi/services/{v}/teams";
    /// One team.
    Team, GET, EMPLOYEES, "incontactapi/services/{v}/teams/{id}";
    /// The agents of a team.
    TeamAgents, GET, EMPLOYEES, "incontactapi/services/{v}/teams/{id}/agents";
    /// Agents.
    Agents, GET, EMPLOYEES, "incontactapi/services/{v}/agents";
    /// What agents do now.
    AgentStates, GET, CONTACTS, "incontactapi/services/{v}/agents/states";
    /// One agent.
    Agent, GET, EMPLOYEES, "incontactapi/services/{v}/agents/{id}";
    /// The groups of an agent.
    AgentGroups, GET, EMPLOYEES, "incontactapi/services/{v}/agents/{id}/groups";
    /// Contacts that are over.
    Completed, GET, CONTACTS, "incontactapi/services/{v}/contacts/completed";
    /// Contacts that go on.
    Active, GET, CONTACTS, "incontactapi/services/{v}/contacts/active";
    /// The states of contacts that go on.
    ContactStates, GET, CONTACTS, "incontactapi/services/{v}/contacts/states";
    /// How contact states are called.
    StateDescriptions, GET, CONTACTS, "incontactapi/services/{v}/contact-state-descriptions";
    /// How one contact state is called.
    StateDescription, GET, CONTACTS, "incontactapi/services/{v}/contact-state-descriptions/{id}";
    /// One contact.
    Contact, GET, CONTACTS, "incontactapi/services/{v}/contacts/{id}";
    /// The legs of a contact.
    Hierarchy, GET, CONTACTS, "incontactapi/services/{v}/contacts/{id}/hierarchy";
    /// What states a contact went through.
    StateHistory, GET, CONTACTS,
        "incontactapi/services/{v}/contacts/{id}/state-history" | "incontactapi/services/{v}/contacts/{id}/statehistory";
    /// The custom data of a contact.
    CustomData, GET, CONTACTS, "incontactapi/services/{v}/contacts/{id}/custom-data";
    /// The disposition of a contact.
    ContactDisposition, GET, CONTACTS, "incontactapi/services/{v}/contacts/{id}/disposition";
    /// The files of a contact.
    ContactFiles, GET, FILES, "incontactapi/services/{v}/contacts/{id}/files";
    /// One file, whole, in base64.
    File, GET, FILES, "incontactapi/services/{v}/files";
    /// All dispositions.
    Dispositions, GET, CONTACTS, "incontactapi/services/{v}/dispositions";
    /// Joins the session of an agent.
    JoinSession, POST, Access::Token, "incontactapi/services/{v}/agent-sessions/join";
    /// Waits for the next events of a session.
    NextEvent, GET, Access::Token, "incontactapi/services/{v}/agent-sessions/{id}/get-next-event";
    /// The recordings of a contact and all its legs.
    Playback, GET, PLAYBACK, "media-playback/v1/contacts";
    /// The recording of one leg.
    PlaybackSegment, GET, PLAYBACK, "media-playback/v1/segments/{id}";
    /// A recording in the store.
    Media, GET, Access::Media, "media/{file}";
}
