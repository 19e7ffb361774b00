//! Single answers and messages of Genesys Cloud, as texts: for tests of what reads them. Every value is invented.
//!
//! ```
//! use connector_genesys::testing::fixtures;
//! let message: serde_json::Value = serde_json::from_str(fixtures::call_held())?;
//! assert_eq!(message["eventBody"]["participants"][2]["held"], true);
//! # Ok::<(), serde_json::Error>(())
//! ```

connector_core::testing::fixtures! {
    /// `POST oauth/token`.
    token, "token.json";
    /// `GET users?state=any`: the first of three pages.
    users, "users.json";
    /// `POST notifications/channels`.
    channel, "channel.json";
    /// `PUT …/subscriptions?ignoreErrors=true`: one topic permitted, one rejected.
    subscriptions, "subscriptions.json";
    /// What a channel says every half minute.
    heartbeat, "heartbeat.json";
    /// Its answer to a `ping`.
    pong, "pong.json";
    /// The socket will be closed soon. Only the name of the topic is documented.
    socket_closing, "socket_closing.json";
    /// A call that an agent has answered, on the topic of that agent's calls.
    call_answered, "call_answered.json";
    /// The same call on hold.
    call_held, "call_held.json";
    /// The customer is back.
    call_resumed, "call_resumed.json";
    /// The customer hung up.
    call_ended, "call_ended.json";
    /// The work after the call is done.
    call_wrapped_up, "call_wrapped_up.json";
    /// A recording of it can be fetched.
    transcoded, "transcoded.json";
    /// The customer left, as a recorded event behind Amazon EventBridge.
    event_bridge, "event_bridge.json";
    /// `GET conversations/{id}` of the same call, once it is over.
    conversation, "conversation.json";
    /// The body of `POST analytics/conversations/details/query`.
    details_query, "details_query.json";
    /// Its answer: the same call.
    details, "details.json";
    /// `GET conversations/{id}/recordingmetadata`.
    recording_metadata, "recording_metadata.json";
    /// The 202 of `GET conversations/{id}/recordings/{id}`.
    recording_not_ready, "recording_not_ready.json";
    /// The 200 of the same request, some seconds later.
    recording, "recording.json";
    /// The body of `POST recording/batchrequests`.
    batch, "batch.json";
    /// `GET recording/batchrequests/{id}`: one recording is there, one is in the archive.
    batch_done, "batch_done.json";
    /// The body of a 429.
    throttled, "throttled.json";
}
