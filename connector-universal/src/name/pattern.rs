//! What the stems of a source look like.

use std::fmt;

use connector_core::{Error, Result};
use connector_folder::{Field, Parts, Template};
use serde::{Deserialize, Serialize};

/// The pattern of stems, unless a source has its own.
const DEFAULT: &str = "{ts}_{uid}";

/// What a stem looks like: text in which `{ts}`, `{uid}`, … stand for fields, as in a [`Template`].
///
/// `{ts}` and `{uid}` have to occur; the uid takes whatever the rest leaves, separators included. Besides them there are
/// `{dir}`, `{session}`, `{ani}`, `{dnis}`, `{campaign}`, `{skill}`, `{queue}`, `{disposition}` and `{note}`.
///
/// ```
/// use connector_universal::{NamePattern, NameRules};
/// let mut rules = NameRules::new("America/Los_Angeles".parse()?);
/// rules.pattern = NamePattern::new("{ts}_{uid}_{dir}_{session}_{ani}_{dnis}")?;
/// let name = rules.parse_media("20261102-101500_kay_lind_IN_30017_+15550100142_+15550100100.wav").unwrap();
/// assert_eq!((name.uid.as_str(), name.parts["session"].as_str()), ("kay_lind", "30017"));
/// assert!(rules.parse_media("20261102-101500_kay_lind.wav").is_err());
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern(Template);

impl NamePattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// `is_config` where `{ts}` or `{uid}` is missing, and for all that a [`Template`] refuses.
    pub fn new(pattern: &str) -> Result<Self> {
        let template = Template::new(pattern, &fields())?;
        for needed in ["ts", "uid"] {
            if !template.fields().any(|field| field == needed) {
                return Err(Error::config(format!("the name pattern has no field {needed:?}"))
                    .advise(format!("write {{{needed}}} where it stands in the names")));
            }
        }
        Ok(Self(template))
    }

    /// The fields of a stem; `None` if it does not follow the pattern.
    pub(super) fn split<'n>(&self, stem: &'n str) -> Option<Parts<'_, 'n>> {
        self.0.matches(stem)
    }
}

/// The fields that a pattern may name. Only the uid may hold the separators of the others.
fn fields() -> Vec<Field> {
    let mut fields = vec![
        Field::new("ts", "[0-9]{8}-[0-9]{6}"),
        Field::new("uid", ".+").free(),
        Field::new("dir", "[A-Za-z]+"),
        Field::new("session", "[0-9A-Za-z-]+"),
        Field::new("ani", r"\+?[0-9A-Za-z]*"),
        Field::new("dnis", r"\+?[0-9A-Za-z]*"),
    ];
    fields.extend(["campaign", "skill", "queue", "disposition", "note"].map(|name| Field::new(name, "[^_]*")));
    fields
}

impl Default for NamePattern {
    fn default() -> Self {
        Self::new(DEFAULT).expect("the default pattern compiles: every test of this file stands on it")
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for NamePattern {}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for NamePattern {
    type Error = Error;

    fn try_from(pattern: String) -> Result<Self> {
        Self::new(&pattern)
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}
