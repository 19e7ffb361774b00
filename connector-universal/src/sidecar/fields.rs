//! The fields of a sidecar while it is read, and what all formats say in the same words.

use std::collections::HashSet;

use crate::{Reason, Refused};

/// The text of a file without its byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Refused> {
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

pub(super) fn not_readable(detail: impl Into<String>) -> Refused {
    Refused::new(Reason::NotReadable, detail)
}

pub(super) fn too_many(limit: usize) -> Refused {
    Refused::new(Reason::TooManyFields, format!("it holds more than {limit} fields"))
}

/// Where a byte of a text stands, both counted from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> String {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    format!("line {line}, column {column}")
}

/// Collects fields and keeps to the rules that all formats share.
pub(super) struct Fields {
    pub(super) list: Vec<(String, Option<String>)>,
    seen: HashSet<String>,
    pub(super) limit: usize,
}

impl Fields {
    /// None yet, and at most so many.
    pub(super) fn up_to(limit: usize) -> Self {
        Self { list: Vec::new(), seen: HashSet::new(), limit }
    }

    /// Begins a field, whose value is null until it is [set](Self::set). Returns its index.
    pub(super) fn open(&mut self, name: String) -> Result<usize, Refused> {
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
    pub(super) fn set(&mut self, index: usize, value: Option<String>) -> Result<(), Refused> {
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            return Err(not_readable("the value holds a NUL").with_at(self.place(index)));
        }
        self.list[index].1 = value;
        Ok(())
    }

    /// Refuses a field that holds more than one text.
    pub(super) fn nested(&self, index: usize) -> Refused {
        Refused::new(Reason::NestedField, "the field holds further values: a sidecar is flat, one text a field")
            .with_at(self.place(index))
    }

    /// How to speak of a field: by its name if that looks like one, else by number, since it could be anything.
    pub(super) fn place(&self, index: usize) -> String {
        let name = &self.list[index].0;
        let plain = |c: char| c.is_alphanumeric() || "_-.: ".contains(c);
        if name.len() <= 64 && name.chars().all(plain) && name.chars().filter(char::is_ascii_digit).count() < 5 {
            return name.clone();
        }
        format!("field {}", index + 1)
    }
}
