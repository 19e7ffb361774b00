//! What a vendor tells beyond the common vocabulary.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

/// Names and texts that a vendor tells beyond what has a field of its own. `Debug` shows the names only: among the texts
/// there are numbers and names of people.
///
/// It behaves like the map that it holds.
///
/// ```
/// use connector_core::Attributes;
/// let mut attributes = Attributes::default();
/// attributes.insert("contact_name".to_owned(), "Ana O'Neil".to_owned());
/// assert_eq!(attributes["contact_name"], "Ana O'Neil");
/// assert_eq!(format!("{attributes:?}"), "{\"contact_name\": •••}");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Attributes(pub(super) BTreeMap<String, String>);

impl Deref for Attributes {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, format_args!("•••")))).finish()
    }
}
