//! Single answers of CXone, as texts: for tests of what reads them. Every value is invented.
//!
//! ```
//! use connector_nice::testing::fixtures;
//! let contact: serde_json::Value = serde_json::from_str(fixtures::contact())?;
//! assert_eq!(contact["contactId"]["stateName"], "Released");
//! # Ok::<(), serde_json::Error>(())
//! ```

connector_core::testing::fixtures! {
    /// `POST auth/token`: tokens that nobody signed. Their claims are [`id_token_claims`].
    token, "token.json";
    /// What stands in an `id_token`.
    id_token_claims, "id_token_claims.json";
    /// `GET .well-known/cxone-configuration`.
    discovery, "discovery.json";
    /// `GET groups/7001/agents?assigned=true`: two agents, the second with a number as a text and a truth as a word.
    group_agents, "group_agents.json";
    /// `GET contacts/completed` of v23: one leg of a call that was passed on.
    completed_contacts, "completed_contacts.json";
    /// The same leg under the names of v33, some of its keys alone.
    completed_contact_new, "completed_contact_new.json";
    /// `GET contacts/702200100234`: the contact stands under `contactId`.
    contact, "contact.json";
    /// `GET media-playback/v1/contacts` with `isDownload=false`.
    playback, "playback.json";
    /// `GET media-playback/v1/contacts` with `isDownload=true`.
    playback_download, "playback_download.json";
    /// The 404 of Media Playback.
    playback_not_found, "playback_not_found.json";
    /// The 429 of Media Playback.
    playback_throttled, "playback_throttled.json";
    /// `GET agent-sessions/{id}/get-next-event`: a hold, and the end of a call.
    next_events, "next_events.json";
    /// What a Studio script sends when a call ended: the contract is this crate's own, not CXone's.
    studio_push, "studio_push.json";
    /// The 202 of `POST data-extraction/v1/jobs`: the id of the job, a bare text.
    extraction_job, "extraction_job.json";
    /// `GET data-extraction/v1/jobs/{id}` of a job that is done.
    extraction_status, "extraction_status.json";
    /// The file of such a job: CSV in UTF-8 with a byte order mark.
    extraction_csv, "extraction_csv.csv";
    /// `GET contacts/702200100234/files`.
    contact_files, "contact_files.json";
}
