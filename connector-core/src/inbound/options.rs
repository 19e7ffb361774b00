//! The limits of a hub.

use std::time::Duration;

/// Where a hub stands, how much it holds, and how long it takes.
///
/// ```
/// use connector_core::inbound::HubOptions;
/// let options = HubOptions::default().with_memory(512 << 20, 128 << 20);
/// assert_eq!((options.prefix.as_str(), options.memory), ("/hooks", 512 << 20));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubOptions {
    /// What the path of every request begins with.
    pub prefix: String,
    /// Bytes of bodies held at a time: from before they are read until their delivery is accepted or refused. In steps of
    /// 1 KiB; a request without a body counts as one.
    pub memory: usize,
    /// As `memory`, for the sources of one tenant. A body that is larger never fits.
    pub memory_per_tenant: usize,
    /// How long a body may take to arrive.
    pub body_within: Duration,
    /// The longest that any request takes from its first to its last byte.
    pub answer_within: Duration,
    /// How long after its beginning a request is refused that has no business here.
    pub refused_after: Duration,
    /// After which time a vendor is asked to come again; whole seconds.
    pub retry_after: Duration,
}

/// `/hooks`, 256 MiB and 64 MiB for a tenant, 30 s for a body, 170 s for an answer, refusals after half a second, again
/// after 5 s.
impl Default for HubOptions {
    fn default() -> Self {
        Self {
            prefix: "/hooks".to_owned(),
            memory: 256 << 20,
            memory_per_tenant: 64 << 20,
            body_within: Duration::from_secs(30),
            answer_within: Duration::from_secs(170),
            refused_after: Duration::from_millis(500),
            retry_after: Duration::from_secs(5),
        }
    }
}

impl HubOptions {
    /// The same options below another path.
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The same options with so many bytes for all, and for one tenant.
    pub fn with_memory(mut self, bytes: usize, per_tenant: usize) -> Self {
        (self.memory, self.memory_per_tenant) = (bytes, per_tenant);
        self
    }

    /// The same options with other times: for a body to arrive, and for the whole request.
    pub fn with_times(mut self, body: Duration, answer: Duration) -> Self {
        (self.body_within, self.answer_within) = (body, answer);
        self
    }

    /// What paths begin with, up to the route.
    pub(crate) fn before_routes(&self) -> String {
        match self.prefix.trim_matches('/') {
            "" => "/".to_owned(),
            prefix => format!("/{prefix}/"),
        }
    }
}
