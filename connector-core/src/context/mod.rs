//! What connectors of one process share.

mod clock;
#[cfg(any(feature = "http", feature = "inbound"))]
mod parts;
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
    #[cfg(any(feature = "http", feature = "inbound"))]
    parts: parts::Parts,
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

    /// What all contexts of a program share of this type.
    #[cfg(feature = "http")]
    pub(crate) fn shared<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.parts.shared()
    }

    /// What this context, or one that it comes from, was given of this type.
    #[cfg(any(feature = "http", feature = "inbound"))]
    pub(crate) fn given<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.parts.given()
    }

    /// The same context, with a part of this type.
    #[cfg(any(feature = "http", feature = "inbound"))]
    pub(crate) fn with_part<T: Send + Sync + 'static>(mut self, part: T) -> Self {
        self.parts.give(part);
        self
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
            #[cfg(any(feature = "http", feature = "inbound"))]
            parts: parts::Parts::default(),
        }
    }
}
