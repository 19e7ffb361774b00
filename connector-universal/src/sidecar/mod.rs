//! Sidecars: flat files of named texts that describe a recording.
//!
//! Four formats, one shape: names with a text or nothing each, in the order of the file. No format's own types are
//! applied, so `0207`, `no`, `12:30:00`, `1e3` and `02134` stay what they are in all four.

use std::fmt;

use connector_core::RawFormat;
use serde::{Deserialize, Serialize};

use self::fields::{Fields, text};
use crate::{Reason, Refused};

mod csv;
mod fields;
mod json;
mod xml;
mod yml;

#[cfg(test)]
mod tests;

/// The format of a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One root element with one element a field.
    Xml,
    /// One object of texts, numbers, `true`, `false` and `null`.
    Json,
    /// A header and one record, with commas.
    Csv,
    /// One mapping of scalars.
    Yml,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Xml, Self::Json, Self::Csv, Self::Yml];

    /// The extension, in lower case and without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Yml => "yml",
        }
    }

    /// The format that a file extension names, letter case aside. `yaml` is none.
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(extension))
    }
}

impl From<Format> for RawFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Xml => Self::Xml,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv,
            Format::Yml => Self::Yaml,
        }
    }
}

/// How large a sidecar may be. Its depth needs no limit: the first nested value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most bytes: 1 MiB by default.
    pub bytes: u64,
    /// Most fields: 1,000 by default.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1024 * 1024, fields: 1000 }
    }
}

impl Limits {
    /// Refuses a sidecar by its length.
    fn check_length(&self, bytes: u64) -> Result<(), Refused> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(Refused::new(Reason::SidecarTooLarge, format!("it has {bytes} bytes; the limit is {}", self.bytes)))
    }
}

/// The fields of a sidecar. Personal: `Debug` shows only how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct Sidecar {
    /// Names and values in the order of the file; `None` is a null. Names are not empty and occur once.
    pub fields: Vec<(String, Option<String>)>,
}

impl Sidecar {
    /// The value of a field; `None` if there is no such field or its value is null.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    /// Whether there is a field of this name, be its value null.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }
}

impl fmt::Debug for Sidecar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sidecar of {} fields", self.fields.len())
    }
}

/// Reads a sidecar.
///
/// ```
/// use connector_universal::sidecar::{Format, Limits, parse};
/// use connector_universal::Reason;
///
/// let sidecar = parse(Format::Json, br#"{"contact_name": "Ife Novak", "zip": 2.50, "notes": null}"#, &Limits::default());
/// let sidecar = sidecar.unwrap();
/// assert_eq!(sidecar.get("zip"), Some("2.50"));
/// assert!(sidecar.has("notes") && sidecar.get("notes").is_none());
///
/// let refused = parse(Format::Yml, b"tags: [vip]", &Limits::default()).unwrap_err();
/// assert_eq!((refused.reason, refused.at.as_deref()), (Reason::NestedField, Some("tags")));
/// ```
///
/// # Errors
/// A [`Refused`] with the reason and, where there is one, the field or line. Its text holds no value of the file.
pub fn parse(format: Format, bytes: &[u8], limits: &Limits) -> Result<Sidecar, Refused> {
    limits.check_length(bytes.len() as u64)?;
    let text = text(bytes)?;
    let mut fields = Fields::up_to(limits.fields);
    match format {
        _ if text.trim_ascii().is_empty() => {}
        Format::Xml => xml::parse(text, &mut fields)?,
        Format::Json => json::parse(text, &mut fields)?,
        Format::Csv => csv::parse(text, &mut fields)?,
        Format::Yml => yml::parse(text, &mut fields)?,
    }
    if fields.list.is_empty() {
        return Err(Refused::new(Reason::NoFields, "it holds no fields: at least one is expected"));
    }
    Ok(Sidecar { fields: fields.list })
}
