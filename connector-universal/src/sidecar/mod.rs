//! Sidecars: flat files of named texts that describe a recording.
//!
//! Four formats, one shape: names with a text or nothing each, in the order of the file. No format's own types are
//! applied, so `0207`, `no`, `12:30:00`, `1e3` and `02134` stay what they are in all four.

use std::collections::HashSet;
use std::fmt;

use connector_core::RawFormat;
use serde::{Deserialize, Serialize};

use crate::{Reason, Refused};

mod csv;
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
    let mut fields = Fields { list: Vec::new(), seen: HashSet::new(), limit: limits.fields };
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

/// The text of a file without its byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Refused> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Refused::new(Reason::NotUtf8, "it is not UTF-8: save it in that encoding")
            .with_at(format!("byte {}", error.valid_up_to() + 1))
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match text.find('\0') {
        Some(offset) => Err(not_readable("it holds a NUL byte").with_at(line_and_column(text, offset))),
        None => Ok(text),
    }
}

fn not_readable(detail: impl Into<String>) -> Refused {
    Refused::new(Reason::NotReadable, detail)
}

fn too_many(limit: usize) -> Refused {
    Refused::new(Reason::TooManyFields, format!("it holds more than {limit} fields"))
}

/// Where a byte of a text stands, both counted from 1, the column in characters.
fn line_and_column(text: &str, offset: usize) -> String {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    format!("line {line}, column {column}")
}

/// Collects fields and keeps to the rules that all formats share.
struct Fields {
    list: Vec<(String, Option<String>)>,
    seen: HashSet<String>,
    limit: usize,
}

impl Fields {
    /// Begins a field, whose value is null until it is [set](Self::set). Returns its index.
    fn open(&mut self, name: String) -> Result<usize, Refused> {
        let index = self.list.len();
        if index == self.limit {
            return Err(too_many(self.limit));
        }
        if name.is_empty() {
            let refused = Refused::new(Reason::EmptyFieldName, "a field has no name");
            return Err(refused.with_at(format!("field {}", index + 1)));
        }
        let repeated = !self.seen.insert(name.clone());
        let odd = name.contains('\0');
        self.list.push((name, None));
        if repeated {
            let refused = Refused::new(Reason::DuplicateField, "the name occurs twice: each field may occur once");
            return Err(refused.with_at(self.place(index)));
        }
        if odd {
            return Err(not_readable("the name of a field holds a NUL").with_at(self.place(index)));
        }
        Ok(index)
    }

    /// Gives a field its value.
    fn set(&mut self, index: usize, value: Option<String>) -> Result<(), Refused> {
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            return Err(not_readable("the value holds a NUL").with_at(self.place(index)));
        }
        self.list[index].1 = value;
        Ok(())
    }

    /// Refuses a field that holds more than one text.
    fn nested(&self, index: usize) -> Refused {
        Refused::new(Reason::NestedField, "the field holds further values: a sidecar is flat, one text a field")
            .with_at(self.place(index))
    }

    /// How to speak of a field: by its name if that looks like one, else by number, since it could be anything.
    fn place(&self, index: usize) -> String {
        let name = &self.list[index].0;
        let plain = |c: char| c.is_alphanumeric() || "_-.: ".contains(c);
        if name.len() <= 64 && name.chars().all(plain) && name.chars().filter(char::is_ascii_digit).count() < 5 {
            return name.clone();
        }
        format!("field {}", index + 1)
    }
}
