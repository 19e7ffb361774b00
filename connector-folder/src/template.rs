//! File names by a template: `{ts}_{uid}_{session}`.

use std::fmt;
use std::ops::Range;

use connector_core::{Error, Result};
use regex::{Regex, RegexBuilder};

pub use self::field::Field;
use self::pattern::{Piece, Slot, slots};

mod field;
mod pattern;

/// No file system takes a longer name.
const NAME_LIMIT: usize = 255;

/// How large a compiled template may be, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Splits file names into fields, or refuses them. It never guesses.
///
/// A pattern is text in which `{name}` stands for a field, matched by the expression that the [`Field`] has, and
/// `{name:EXPRESSION}` for one with an expression of its own (a [regular expression](regex#syntax)). `{{` and `}}` are
/// braces. All other text is matched as it stands, upper and lower case included. The whole name has to match.
///
/// A name that can be split in more than one way is refused as well. A pattern that invites that is refused when it is
/// made: at most one field of it may be [`free`](Field::free), and of two fields side by side only one may be able to
/// hold the text between them.
///
/// ```
/// use connector_folder::{Field, Template};
///
/// let fields = [
///     Field::new("ts", "[0-9]{8}-[0-9]{6}"),
///     Field::new("uid", ".+").free(),
///     Field::new("dir", "[A-Za-z]+"),
///     Field::new("session", "[0-9A-Fa-f]+"),
/// ];
/// let template = Template::new("{ts}_{uid}_{dir:IN|OUT}_{session}", &fields)?;
/// let parts = template.matches("20261019-140253_joe_baducci_IN_55AA10").unwrap();
/// assert_eq!(parts.get("uid"), Some("joe_baducci"));
/// assert_eq!(parts.get("dir"), Some("IN"));
/// assert!(template.matches("20261019-140253_joe_baducci").is_none());
///
/// let error = Template::new("{ts}_{user}", &fields).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the name pattern has an unknown field \"user\" at character 6; the fields are ts, uid, dir, session"
/// );
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Template {
    pattern: String,
    fields: Vec<String>,
    longest_first: Regex,
    shortest_first: Regex,
}

impl Template {
    /// A template by its pattern and the fields that it may name.
    ///
    /// # Errors
    /// `is_config` for an unknown or repeated field, a brace without its other half, a bad expression, or a pattern that
    /// would leave open where one field ends; the message names the place.
    pub fn new(pattern: &str, fields: &[Field]) -> Result<Self> {
        let pieces = pattern::parse(pattern, fields)?;
        check_expressions(&pieces)?;
        check_free_fields(&pieces)?;
        check_neighbours(&pieces)?;
        let expression = expression(&pieces);
        Ok(Self {
            pattern: pattern.to_owned(),
            fields: slots(&pieces).map(|slot| slot.name.clone()).collect(),
            longest_first: compile(&expression, false)?,
            shortest_first: compile(&expression, true)?,
        })
    }

    /// The fields of a name. `None` when it does not match, is longer than 255 bytes, or can be split in another way.
    pub fn matches<'n>(&self, name: &'n str) -> Option<Parts<'_, 'n>> {
        if name.len() > NAME_LIMIT {
            return None;
        }
        let ranges = self.split(&self.longest_first, name)?;
        (ranges == self.split(&self.shortest_first, name)?).then_some(Parts { fields: &self.fields, name, ranges })
    }

    /// The names of the fields, in the order of the pattern.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    fn split(&self, expression: &Regex, name: &str) -> Option<Vec<Range<usize>>> {
        let captures = expression.captures(name)?;
        self.fields.iter().map(|field| captures.name(field).map(|part| part.range())).collect()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.pattern).finish()
    }
}

/// The pattern.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

/// The fields of one name. They may hold a login or a number: not for logs; `Debug` shows which there are.
#[derive(Clone)]
pub struct Parts<'t, 'n> {
    fields: &'t [String],
    name: &'n str,
    ranges: Vec<Range<usize>>,
}

impl<'t, 'n> Parts<'t, 'n> {
    /// What stands in a field; `None` when the pattern has no such field.
    pub fn get(&self, field: &str) -> Option<&'n str> {
        self.iter().find(|(name, _)| *name == field).map(|(_, text)| text)
    }

    /// The fields and what stands in them, in the order of the pattern.
    pub fn iter(&self) -> impl Iterator<Item = (&'t str, &'n str)> {
        self.fields.iter().zip(&self.ranges).map(|(field, range)| (field.as_str(), &self.name[range.clone()]))
    }
}

impl fmt::Debug for Parts<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// Each expression has to stand on its own, so that none can end the group of another.
fn check_expressions(pieces: &[Piece]) -> Result<()> {
    for slot in slots(pieces) {
        let wrong = |why: &str| {
            Error::config(format!("the expression of field {:?} at character {} {why}", slot.name, slot.place))
        };
        let expression = compile(&slot.expression, false)
            .map_err(|error| wrong("is none, or is too large").caused_by(error))
            .map_err(|error| error.advise("see the syntax of the crate regex"))?;
        if expression.capture_names().flatten().next().is_some() {
            return Err(wrong("names a group").advise("write (...) for a group"));
        }
    }
    Ok(())
}

fn check_free_fields(pieces: &[Piece]) -> Result<()> {
    let mut free = slots(pieces).filter(|slot| slot.free);
    if let (Some(one), Some(other)) = (free.next(), free.next()) {
        return Err(Error::config(format!(
            "the fields {:?} and {:?} can both hold any text, so where one ends is open",
            one.name, other.name
        ))
        .advise(format!("give one of them an expression, such as {{{}:[^_]+}}", other.name)));
    }
    Ok(())
}

/// Of two fields with a text between them, only one may be able to hold that text.
fn check_neighbours(pieces: &[Piece]) -> Result<()> {
    for three in pieces.windows(3) {
        let [Piece::Slot(left), Piece::Text(between), Piece::Slot(right)] = three else { continue };
        if can_hold(left, between)? && can_hold(right, between)? {
            return Err(Error::config(format!(
                "the fields {:?} and {:?} at character {} can both hold the {between:?} between them, so where one ends is open",
                left.name, right.name, left.place
            ))
            .advise("leave that text out of one of the expressions"));
        }
    }
    Ok(())
}

/// Whether an expression matches some text with this one in it. A few are tried; what slips through is found when a
/// name can be split in two ways.
fn can_hold(slot: &Slot, text: &str) -> Result<bool> {
    if slot.free {
        return Ok(true);
    }
    let expression = compile(&whole(&slot.expression), false)?;
    let around = ["", "0", "00000000", "a", "aaaaaaaa", "A", "AAAAAAAA"];
    Ok(around.iter().any(|around| expression.is_match(&format!("{around}{text}{around}"))))
}

/// One expression with a group for each field.
fn expression(pieces: &[Piece]) -> String {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => regex::escape(text),
        Piece::Slot(slot) => format!("(?P<{}>{})", slot.name, slot.expression),
    });
    whole(&parts.collect::<String>())
}

fn whole(expression: &str) -> String {
    format!(r"\A(?:{expression})\z")
}

fn compile(expression: &str, shortest_first: bool) -> Result<Regex> {
    RegexBuilder::new(expression)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .nest_limit(50)
        .swap_greed(shortest_first)
        .build()
        .map_err(|error| {
            Error::config("the name pattern is too large, or an expression in it is wrong").caused_by(error)
        })
}

#[cfg(test)]
mod tests;
