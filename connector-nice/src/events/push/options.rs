//! How a Studio script says that a call ended: where it calls, and how it proves who it is.

use connector_core::{Error, Result, Secret};
use http::HeaderName;
use serde::{Deserialize, Serialize};

/// The header that a script sends its key in.
const HEADER: &str = "X-Ingest-Token";

/// How many keys are good at once: the old one and the new one.
const MOST_KEYS: usize = 2;

/// What stands behind the route in the address that a script calls.
pub const DOOR: &str = "ended";

/// How a Studio script says that a call ended: where it calls, and how it proves who it is.
///
/// The script uses the vendor's REST API action, which is documented at
/// <https://help.nice-incontact.com/content/studio/actionscx/rest_api/rest_api.htm>.
///
/// ```
/// use connector_core::Secret;
/// use connector_nice::PushOptions;
/// let push = PushOptions::new(Secret::environment("STUDIO_KEY")).with_route("8b1f0c6e5d7a42f9");
/// // While the script is given another key, both are good.
/// let push = push.with_key(Secret::file("/run/secrets/studio-key-new"));
/// assert_eq!((push.header.as_str(), push.keys.len()), ("X-Ingest-Token", 2));
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PushOptions {
    /// The part of the address that stands for this tenant: 1 to 128 letters, digits, `-` and `_`, not to be guessed.
    /// [`route_of`](connector_core::inbound::route_of) makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The header with the key.
    #[serde(default = "header")]
    pub header: String,
    /// The keys that are good: one, or two while one takes the place of the other. Read anew for each request.
    pub keys: Vec<Secret>,
}

fn header() -> String {
    HEADER.to_owned()
}

impl PushOptions {
    /// With this key, in the header `X-Ingest-Token`.
    pub fn new(key: Secret) -> Self {
        Self { route: None, header: header(), keys: vec![key] }
    }

    /// The same options, at this route.
    pub fn with_route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// The same options, with the key in another header.
    pub fn with_header(mut self, name: impl Into<String>) -> Self {
        self.header = name.into();
        self
    }

    /// The same options, where this key is good as well.
    pub fn with_key(mut self, key: Secret) -> Self {
        self.keys.push(key);
        self
    }

    /// Whether the options make sense.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.keys.is_empty() || self.keys.len() > MOST_KEYS {
            let advice = "give one key, or the old and the new one while it changes";
            return Err(Error::config(format!("push has {} keys", self.keys.len())).advise(advice));
        }
        self.name().map(drop)
    }

    pub(super) fn name(&self) -> Result<HeaderName> {
        let wrong = |_| Error::config(format!("push.header {:?} is no name of a header", self.header));
        HeaderName::try_from(&self.header).map_err(|error| wrong(error).advise("write it like X-Ingest-Token"))
    }

    /// The address for scripts, below that of the hub.
    pub(crate) fn url(&self, base: &str) -> Option<String> {
        Some(format!("{}/{}/{DOOR}", base.trim_end_matches('/'), self.route.as_deref()?))
    }
}
