//! YAML sidecars: one document with one mapping of scalars.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::fields::{Fields, not_readable};
use crate::{Reason, Refused};

/// Most brackets, commas, quotes and other signs in one sidecar that has brackets.
///
/// Where a bracket may begin a key, the parser reads to its other half before it says anything, and keeps what it reads:
/// about 300 bytes a sign. With this limit that is 20 MB, and a sidecar of 1,000 fields stays far below it.
const SIGNS: usize = 65_536;

/// Reads the mapping. Scalars stay text; only a plain `~`, `null` or nothing at all is null.
pub(super) fn parse(text: &str, fields: &mut Fields) -> Result<(), Refused> {
    if text.contains(['[', '{']) && text.matches(|c| "[]{},:?\"'&*!".contains(c)).nth(SIGNS).is_some() {
        return Err(Refused::new(
            Reason::TooManyFields,
            format!("it holds brackets and more than {SIGNS} other signs"),
        ));
    }
    let mut events = Events { parser: Parser::new_from_str(text), text };
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd, _) => return Ok(()),
            (Event::MappingStart(anchor, tag), span) => {
                let place = line_and_column(&span.start);
                check_properties(anchor, tag.as_deref(), &place)?;
                mapping(&mut events, fields)?;
                return events.end();
            }
            (Event::Scalar(value, ScalarStyle::Plain, 0, None), _) if is_null(&value) => return events.end(),
            (_, span) => {
                let refused = not_readable("a YAML sidecar is one mapping of fields");
                return Err(refused.with_at(line_and_column(&span.start)));
            }
        }
    }
}

struct Events<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Refused> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            // An alias of an anchor that does not exist is an error to the parser, an alias to us.
            Some(Err(error)) if self.text.chars().nth(error.marker().index()) == Some('*') => {
                Err(alias(&line_and_column(error.marker())))
            }
            Some(Err(error)) => Err(not_readable("it is not YAML").with_at(line_and_column(error.marker()))),
            None => Err(not_readable("the text ends too early")),
        }
    }

    /// After the mapping nothing may follow.
    fn end(&mut self) -> Result<(), Refused> {
        loop {
            match self.next()? {
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => {
                    let refused = Refused::new(Reason::MoreThanOneDocument, "a YAML sidecar is one document");
                    return Err(refused.with_at(line_and_column(&span.start)));
                }
            }
        }
    }
}

fn mapping(events: &mut Events<'_>, fields: &mut Fields) -> Result<(), Refused> {
    loop {
        let index = match events.next()? {
            (Event::MappingEnd, _) => return Ok(()),
            (Event::Scalar(name, _, anchor, tag), span) => {
                check_properties(anchor, tag.as_deref(), &line_and_column(&span.start))?;
                fields.open(name.into_owned())?
            }
            (Event::Alias(_), span) => return Err(alias(&line_and_column(&span.start))),
            (_, span) => {
                let refused = Refused::new(Reason::NestedField, "the name of a field is a list or a mapping");
                return Err(refused.with_at(line_and_column(&span.start)));
            }
        };
        let value = match events.next()?.0 {
            Event::Scalar(value, style, anchor, tag) => {
                check_properties(anchor, tag.as_deref(), &fields.place(index))?;
                (style != ScalarStyle::Plain || !is_null(&value)).then(|| Cow::into_owned(value))
            }
            Event::Alias(_) => return Err(alias(&fields.place(index))),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                check_properties(anchor, tag.as_deref(), &fields.place(index))?;
                return Err(fields.nested(index));
            }
            _ => return Err(not_readable("a field has no value").with_at(fields.place(index))),
        };
        fields.set(index, value)?;
    }
}

/// Refuses what changes the meaning of a value behind its text.
fn check_properties(anchor: usize, tag: Option<&Tag>, place: &str) -> Result<(), Refused> {
    if anchor != 0 {
        let detail = "a value has an anchor (&): write it out; a text that starts with & needs quotes";
        return Err(Refused::new(Reason::AnchorNotAllowed, detail).with_at(place));
    }
    if tag.is_some() {
        let detail = "a value has a tag (!): all values are text; a text that starts with ! needs quotes";
        return Err(Refused::new(Reason::TagNotAllowed, detail).with_at(place));
    }
    Ok(())
}

fn alias(place: &str) -> Refused {
    let detail = "a value is an alias (*): write it out; a text that starts with * needs quotes";
    Refused::new(Reason::AliasNotAllowed, detail).with_at(place)
}

fn is_null(plain: &str) -> bool {
    matches!(plain, "" | "~" | "null" | "Null" | "NULL")
}

fn line_and_column(marker: &Marker) -> String {
    format!("line {}, column {}", marker.line(), marker.col() + 1)
}
