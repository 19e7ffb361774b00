//! What can be asked, and what a caller has to be allowed for it.

use connector_core::testing::http::{self, Endpoint as _, endpoints};

/// A request that came, and what it got.
pub type Asked = http::Asked<Endpoint>;

const QUEUES: &[&str] = &["routing:queue:view"];
const MEMBERS: &[&str] =
    &["routing:queue:view", "routing:queue:edit", "routing:queue:readonly", "routing:queueMember:manage"];
const TEAMS: &[&str] = &["groups:team:view"];
const LIVE: &[&str] = &["conversation:communication:view"];
const HISTORY: &[&str] = &["analytics:conversationDetail:view", "analytics:agentConversationDetail:view"];
const AVAILABILITY: &[&str] = &["analytics:conversationDetail:view"];
const RESTORE: &[&str] = &["recording:recording:restore"];
const RECORDINGS: &[&str] = &[
    "recording:recording:view",
    "recording:recordingSegment:view",
    "recording:snippetRecording:view",
    "recording:screenRecording:view",
];

endpoints! {
    /// Something that can be asked of Genesys Cloud. `Display` is its method and path.
    pub enum Endpoint: &'static [&'static str];

    /// The login with client credentials.
    Token, POST, &[], "oauth/token";
    /// Whose token it is.
    Me, GET, &[], "api/v2/tokens/me";
    /// The organisation.
    Organization, GET, &[], "api/v2/organizations/me";
    /// People.
    Users, GET, &[], "api/v2/users";
    /// One person.
    User, GET, &[], "api/v2/users/{id}";
    /// Groups.
    Groups, GET, &[], "api/v2/groups";
    /// The people of a group.
    GroupMembers, GET, &[], "api/v2/groups/{id}/members";
    /// Queues.
    Queues, GET, QUEUES, "api/v2/routing/queues";
    /// The people of a queue.
    QueueMembers, GET, MEMBERS, "api/v2/routing/queues/{id}/members";
    /// Teams.
    Teams, GET, TEAMS, "api/v2/teams";
    /// The people of a team.
    TeamMembers, GET, TEAMS, "api/v2/teams/{id}/members";
    /// The history of many conversations.
    Details, POST, HISTORY, "api/v2/analytics/conversations/details/query";
    /// The history of conversations with these ids.
    ManyDetails, GET, HISTORY, "api/v2/analytics/conversations/details";
    /// A job that collects the history.
    SubmitJob, POST, HISTORY, "api/v2/analytics/conversations/details/jobs";
    /// Up to when jobs know everything.
    JobAvailability, GET, AVAILABILITY, "api/v2/analytics/conversations/details/jobs/availability";
    /// How it stands with a job.
    Job, GET, HISTORY, "api/v2/analytics/conversations/details/jobs/{id}";
    /// What a job has found.
    JobResults, GET, HISTORY, "api/v2/analytics/conversations/details/jobs/{id}/results";
    /// Cancels a job.
    CancelJob, DELETE, HISTORY, "api/v2/analytics/conversations/details/jobs/{id}";
    /// The history of one conversation.
    Detail, GET, HISTORY, "api/v2/analytics/conversations/{id}/details";
    /// The live record of one conversation.
    Conversation, GET, LIVE, "api/v2/conversations/{id}";
    /// What recordings a conversation has.
    RecordingMetadata, GET, RECORDINGS, "api/v2/conversations/{id}/recordingmetadata";
    /// One recording, with its links.
    Recording, GET, RECORDINGS, "api/v2/conversations/{id}/recordings/{recording}";
    /// Another date for the archive, which asks a recording back from it.
    Restore, PUT, RESTORE, "api/v2/conversations/{id}/recordings/{recording}";
    /// Many recordings in their original format.
    SubmitBatch, POST, RECORDINGS, "api/v2/recording/batchrequests";
    /// What became of them.
    Batch, GET, &[], "api/v2/recording/batchrequests/{id}";
    /// The settings of recordings.
    RecordingSettings, GET, &[], "api/v2/recording/settings";
    /// A new channel of notifications.
    OpenChannel, POST, &[], "api/v2/notifications/channels";
    /// The channels of a token, or of a client.
    Channels, GET, &[], "api/v2/notifications/channels";
    /// Whether a channel lives.
    HasChannel, HEAD, &[], "api/v2/notifications/channels/{id}";
    /// The topics of a channel.
    Subscriptions, GET, &[], "api/v2/notifications/channels/{id}/subscriptions";
    /// More topics for a channel.
    AddSubscriptions, POST, &[], "api/v2/notifications/channels/{id}/subscriptions";
    /// Other topics for a channel.
    SetSubscriptions, PUT, &[], "api/v2/notifications/channels/{id}/subscriptions";
    /// No topics for a channel.
    DropSubscriptions, DELETE, &[], "api/v2/notifications/channels/{id}/subscriptions";
    /// What topics there are.
    AvailableTopics, GET, &[], "api/v2/notifications/availabletopics";
    /// The socket of a channel.
    Socket, GET, &[], "channels/{id}";
    /// A recording in the store.
    Media, GET, &[], "media/{file}";
}

impl Endpoint {
    /// The permissions of which a caller needs any, as an administrator finds them; none where a token is enough.
    pub fn permissions(self) -> &'static [&'static str] {
        self.route().access
    }

    /// Whether a token has to come along.
    pub(super) fn needs_token(self) -> bool {
        !matches!(self, Self::Token | Self::Media | Self::Socket)
    }
}
