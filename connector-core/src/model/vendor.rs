//! Who sells the contact centre.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of system behind a source.
///
/// An open name rather than a closed enum, so that a stranger's connector can bring its own.
///
/// ```
/// use connector_core::Vendor;
/// const ACME: Vendor = Vendor::named("acme-cloud");
/// assert_eq!(ACME.as_str(), "acme-cloud");
/// assert_ne!(ACME, Vendor::UNIVERSAL);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Vendor(Cow<'static, str>);

impl Vendor {
    /// Five9 VCC.
    pub const FIVE9: Self = Self::named("five9");
    /// NICE CXone.
    pub const NICE: Self = Self::named("nice");
    /// Amazon Connect.
    pub const AMAZON: Self = Self::named("amazon-connect");
    /// Genesys Cloud CX.
    pub const GENESYS: Self = Self::named("genesys");
    /// Recordings with one metadata file each, dropped into a folder by any system.
    pub const UNIVERSAL: Self = Self::named("universal");

    /// A vendor known when the program is written.
    pub const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A vendor known only when the program runs.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// The name, as it stands in keys and outputs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
