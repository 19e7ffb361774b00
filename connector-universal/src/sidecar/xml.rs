//! XML sidecars: one root element with one element of text a field.

use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::fields::{Fields, line_and_column, not_readable};
use crate::{Reason, Refused};

/// Reads the children of the root. Attributes of the root are no fields and are left aside, so that a schema or a
/// version may stand there.
pub(super) fn parse(text: &str, fields: &mut Fields) -> Result<(), Refused> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut walk = Walk { fields, place: Place::Before };
    loop {
        let start = reader.buffer_position();
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(broken(&error).with_at(at(text, reader.error_position()))),
        };
        if matches!(event, Event::Eof) {
            return walk.end().map_err(|refused| refused.with_at(at(text, start)));
        }
        walk.step(&event, start == 0).map_err(|refused| match refused.at {
            Some(_) => refused,
            None => refused.with_at(at(text, start)),
        })?;
    }
}

fn at(text: &str, offset: u64) -> String {
    line_and_column(text, usize::try_from(offset).unwrap_or(usize::MAX))
}

/// Says what is broken, in words of our own: those of the parser may quote the text.
fn broken(error: &Error) -> Refused {
    match error {
        Error::Syntax(SyntaxError::UnclosedDoctype) | Error::IllFormed(IllFormedError::MissingDoctypeName) => dtd(),
        Error::Syntax(_) => not_readable("the text ends inside a tag, a comment or a section"),
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            not_readable("an end tag does not fit its start tag")
        }
        Error::IllFormed(IllFormedError::UnclosedReference) => not_readable("a & is not followed by a name and ;"),
        _ => not_readable("it is not well-formed XML"),
    }
}

fn dtd() -> Refused {
    Refused::new(Reason::DtdNotAllowed, "it declares a document type: leave the DOCTYPE out")
}

/// Where in the tree the walk is.
enum Place {
    Before,
    Root,
    Field { index: usize, text: String },
    After,
}

struct Walk<'a> {
    fields: &'a mut Fields,
    place: Place,
}

impl Walk<'_> {
    fn step(&mut self, event: &Event<'_>, is_first: bool) -> Result<(), Refused> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::Empty(tag) => self.start(tag).and_then(|()| self.close()),
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(_) if matches!(self.place, Place::Before | Place::After) => {
                Err(not_readable("a CDATA section stands outside of the root"))
            }
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(reference),
            Event::DocType(_) => Err(dtd()),
            Event::Decl(_) if !is_first => Err(not_readable("an XML declaration stands after the start of the text")),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Refused> {
        let name = tag.name().0;
        if !is_name(name) {
            return Err(not_readable("the name of an element is no XML name"));
        }
        match &self.place {
            Place::Before => {
                if tag.attributes().with_checks(false).any(|attribute| attribute.is_err()) {
                    return Err(not_readable("the attributes of the root are broken"));
                }
                self.place = Place::Root;
            }
            Place::Root => {
                let index = self.fields.open(name.to_owned())?;
                if !tag.attributes_raw().trim_ascii().is_empty() {
                    let refused = Refused::new(Reason::AttributeNotAllowed, "a field has an attribute: text only");
                    return Err(refused.with_at(self.fields.place(index)));
                }
                self.place = Place::Field { index, text: String::new() };
            }
            Place::Field { index, .. } => return Err(self.fields.nested(*index)),
            Place::After => return Err(not_readable("there is a second root element")),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refused> {
        match std::mem::replace(&mut self.place, Place::After) {
            Place::Field { index, text } => {
                self.place = Place::Root;
                if text.chars().all(is_allowed) {
                    return self.fields.set(index, Some(text));
                }
                Err(not_readable("the text holds a character that XML does not allow")
                    .with_at(self.fields.place(index)))
            }
            _ => Ok(()),
        }
    }

    /// Text belongs to a field, and white space may stand anywhere.
    fn text(&mut self, piece: &str) -> Result<(), Refused> {
        match &mut self.place {
            Place::Field { text, .. } => text.push_str(piece),
            _ if piece.chars().all(|c| " \t\r\n".contains(c)) => {}
            _ => return Err(not_readable("text stands beside the elements: a sidecar is a root of fields")),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Refused> {
        let Place::Field { index, text } = &mut self.place else {
            return Err(not_readable("text stands beside the elements: a sidecar is a root of fields"));
        };
        let place = |fields: &Fields| fields.place(*index);
        let name: &str = reference;
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => match reference.resolve_char_ref() {
                Ok(Some(character)) => character,
                Ok(None) => {
                    let detail = "it uses an entity: only amp, lt, gt, quot, apos and numbers are allowed";
                    return Err(Refused::new(Reason::UnknownEntity, detail).with_at(place(self.fields)));
                }
                Err(_) => return Err(not_readable("a reference is no character").with_at(place(self.fields))),
            },
        };
        text.push(character);
        Ok(())
    }

    fn end(&self) -> Result<(), Refused> {
        match self.place {
            Place::After => Ok(()),
            Place::Before => Err(not_readable("there is no root element")),
            Place::Root | Place::Field { .. } => Err(not_readable("the text ends before its elements do")),
        }
    }
}

/// Whether a text may name an element. Letters beyond ASCII are not looked at closely.
fn is_name(name: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':' || !c.is_ascii();
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || c == '-' || c == '.';
    name.starts_with(starts) && name.chars().all(goes_on)
}

/// Whether XML 1.0 allows the character in a text.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
