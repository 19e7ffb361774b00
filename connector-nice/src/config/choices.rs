//! Settings that name one of several ways.

use serde::{Deserialize, Serialize};

/// How to log in. The vendor documents both ways at
/// <https://developer.niceincontact.com/Documentation/APIAuthenticationAndAuthorization> and
/// <https://developer.niceincontact.com/Documentation/UserHubGettingStarted>.
///
/// ```
/// use connector_nice::AuthMode;
/// let regional: AuthMode = serde_json::from_str(r#"{"regional_access_key": {"area": "na1"}}"#)?;
/// assert_eq!(regional, AuthMode::RegionalAccessKey { area: "na1".to_owned() });
/// assert_eq!(serde_json::to_string(&AuthMode::Discovery)?, r#""discovery""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthMode {
    /// With the client pair of a back-end application and an access key, at the place that the issuer names.
    #[default]
    Discovery,
    /// With an access key alone, in the region where the tenant lives.
    RegionalAccessKey {
        /// The region: `na1`, `eu1`, `au1`, …
        area: String,
    },
}

/// By which id a recording is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordingKey {
    /// By the id of the master contact, and if nothing is found, by those of its legs.
    #[default]
    MasterThenContact,
    /// By the ids of the legs.
    ContactOnly,
}

/// Where recordings come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordingsFrom {
    /// From Media Playback, which is a licence that is billed: one file a call, in MP4.
    #[default]
    MediaPlayback,
    /// From the call logs among the files of contacts, for tenants without that licence: one WAV file a leg, of at most
    /// 100 MiB.
    LegacyFiles,
}
