//! The pattern's own syntax: text, fields, doubled braces.

use connector_core::{Error, Result};

use super::field::Field;

/// A piece of a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that is matched as it stands.
    Text(String),
    /// A field.
    Slot(Slot),
}

/// A field in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) expression: String,
    /// It can hold any text.
    pub(super) free: bool,
    /// At which character its brace stands, counted from 1.
    pub(super) place: usize,
}

/// The pieces of a pattern, in order. No two texts stand side by side.
pub(super) fn parse(pattern: &str, fields: &[Field]) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let place = pattern[..pattern.len() - rest.len()].chars().count() + 1;
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            text.push(first);
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let end = end_of_slot(inside).ok_or_else(|| unbalanced('{', place))?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            let slot = slot(&inside[..end], place, fields)?;
            if slots(&pieces).any(|other| other.name == slot.name) {
                return Err(Error::config(format!(
                    "the name pattern has the field {:?} once more at character {place}",
                    slot.name
                ))
                .advise("name each field once"));
            }
            pieces.push(Piece::Slot(slot));
            rest = &inside[end + 1..];
        } else if first == '}' {
            return Err(unbalanced('}', place));
        } else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    if slots(&pieces).next().is_none() {
        return Err(
            Error::config("the name pattern has no field").advise(format!("write one of {} in braces", names(fields)))
        );
    }
    Ok(pieces)
}

/// The fields among them.
pub(super) fn slots(pieces: &[Piece]) -> impl Iterator<Item = &Slot> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Slot(slot) => Some(slot),
        Piece::Text(_) => None,
    })
}

fn slot(inside: &str, place: usize, fields: &[Field]) -> Result<Slot> {
    let (name, own) = match inside.split_once(':') {
        Some((name, expression)) => (name, Some(expression)),
        None => (inside, None),
    };
    let field = fields.iter().find(|field| field.name == name && is_name(name)).ok_or_else(|| {
        Error::config(format!("the name pattern has an unknown field {name:?} at character {place}"))
            .advise(format!("the fields are {}", names(fields)))
    })?;
    if own == Some("") {
        return Err(Error::config(format!("the field {name:?} at character {place} has an empty expression"))
            .advise(format!("write {{{name}}} or {{{name}:EXPRESSION}}")));
    }
    Ok(Slot {
        name: name.to_owned(),
        expression: own.unwrap_or(&field.expression).to_owned(),
        free: field.free && own.is_none(),
        place,
    })
}

/// Where the brace is that closes a field. Those of its expression are passed over: `{2,3}`, `\}`, `[^}]`.
fn end_of_slot(inside: &str) -> Option<usize> {
    let mut braces = 0;
    let mut classes = 0;
    let mut characters = inside.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '[' => {
                classes += 1;
                // Right at its beginning, a closing bracket is one of the class's characters.
                characters.next_if(|(_, next)| *next == '^');
                characters.next_if(|(_, next)| *next == ']');
            }
            ']' if classes > 0 => classes -= 1,
            '{' if classes == 0 => braces += 1,
            '}' if classes == 0 && braces == 0 => return Some(at),
            '}' if classes == 0 => braces -= 1,
            _ => {}
        }
    }
    None
}

/// Whether a name may be that of a group.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn unbalanced(brace: char, place: usize) -> Error {
    Error::config(format!("the name pattern has a {brace:?} without its other half at character {place}"))
        .advise(format!("write {brace}{brace} for the brace itself"))
}
