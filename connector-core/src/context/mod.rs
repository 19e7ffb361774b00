//! What connectors of one process share.

mod clock;
mod secret;

use std::sync::Arc;

pub use clock::Clock;
pub use secret::{EnvironmentAndFiles, Secret, SecretSource};

use crate::{Origin, RawPolicy};

/// What a connector gets from the program it runs in: the second argument of every constructor.
///
/// A program makes one and derives from it one for each source, so that all share the clock and the secrets.
///
/// ```
/// use connector_core::Context;
/// let cx = Context::default();
/// let acme = cx.for_source("acme", "drop");
/// assert_eq!(acme.origin().to_string(), "acme/drop");
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    origin: Origin,
    clock: Clock,
    secrets: Arc<dyn SecretSource>,
    raw: RawPolicy,
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::Shared,
    #[cfg(feature = "inbound")]
    pub(crate) inbound: Option<crate::inbound::Hub>,
}

impl Context {
    /// The same context for one tenant's source.
    pub fn for_source(&self, tenant: impl AsRef<str>, source: impl AsRef<str>) -> Self {
        Self { origin: Origin::new(tenant, source), ..self.clone() }
    }

    /// The same context with another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same context with secrets from elsewhere.
    pub fn with_secrets(mut self, secrets: Arc<dyn SecretSource>) -> Self {
        self.secrets = secrets;
        self
    }

    /// The same context with another rule for raw payloads.
    pub fn with_raw(mut self, policy: RawPolicy) -> Self {
        self.raw = policy;
        self
    }

    /// Whose connector it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Where secrets are to be had.
    pub fn secrets(&self) -> &Arc<dyn SecretSource> {
        &self.secrets
    }

    /// Which raw payloads are kept.
    pub fn raw(&self) -> RawPolicy {
        self.raw
    }
}

/// One source, the machine's clock, secrets from the environment and from files.
impl Default for Context {
    fn default() -> Self {
        Self {
            origin: Origin::default(),
            clock: Clock::default(),
            secrets: Arc::new(EnvironmentAndFiles),
            raw: RawPolicy::default(),
            #[cfg(feature = "http")]
            http: crate::http::Shared::default(),
            #[cfg(feature = "inbound")]
            inbound: None,
        }
    }
}
