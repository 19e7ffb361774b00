//! Whose data it is: the tenant and the source that every key, error and log line carries.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A tenant and one of its sources.
///
/// Everything is keyed by it, not by the vendor: one tenant may own two drop folders, or two domains of one vendor,
/// whose ids collide. Embedders with a single source use [`Origin::default`].
///
/// ```
/// use connector_core::Origin;
/// assert_eq!(Origin::new("acme", "five9-us").to_string(), "acme/five9-us");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The customer whose calls these are.
    pub tenant: Arc<str>,
    /// The name of the source, unique in the tenant.
    pub source: Arc<str>,
}

impl Origin {
    /// Names a tenant and its source.
    pub fn new(tenant: impl AsRef<str>, source: impl AsRef<str>) -> Self {
        Self { tenant: tenant.as_ref().into(), source: source.as_ref().into() }
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self::new("default", "default")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.source)
    }
}
