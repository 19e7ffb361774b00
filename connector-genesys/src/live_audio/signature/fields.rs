//! The part of RFC 8941 that signatures are written in: dictionaries of byte sequences, and of inner lists of strings.
//!
//! What is allowed there and never used here (items with parameters, tokens, booleans, decimals, a label or a key that is
//! given twice) is read as nothing at all.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most digits of an integer.
const MOST_DIGITS: usize = 15;

/// What a parameter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i64),
    Text(String),
}

/// An inner list of strings with its parameters, both in the order in which they came. `Display` writes it anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InnerList {
    pub(super) items: Vec<String>,
    pub(super) parameters: Vec<(String, Value)>,
}

/// Reads `label=("a" "b");key="value";other=1, label2=…`.
pub(super) fn inner_lists(text: &str) -> Option<Vec<(&str, InnerList)>> {
    dictionary(text, Reader::inner_list)
}

/// Reads `label=:base64:, label2=…`.
pub(super) fn byte_sequences(text: &str) -> Option<Vec<(&str, Vec<u8>)>> {
    dictionary(text, Reader::byte_sequence)
}

fn dictionary<'a, T>(text: &'a str, member: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Vec<(&'a str, T)>> {
    let mut reader = Reader { rest: text.trim_matches(' ') };
    let mut members: Vec<(&str, T)> = Vec::new();
    loop {
        let label = reader.key()?;
        reader.eat('=')?;
        if members.iter().any(|(known, _)| *known == label) {
            return None;
        }
        members.push((label, member(&mut reader)?));
        if reader.rest.is_empty() {
            return Some(members);
        }
        reader.take(|letter| matches!(letter, ' ' | '\t'));
        reader.eat(',')?;
        reader.take(|letter| matches!(letter, ' ' | '\t'));
    }
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, letter: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(letter)?;
        Some(())
    }

    /// All letters of this kind.
    fn take(&mut self, kind: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|letter| !kind(letter)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn key(&mut self) -> Option<&'a str> {
        let key = self.take(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '-' | '.' | '*'));
        key.starts_with(|first: char| first.is_ascii_lowercase() || first == '*').then_some(key)
    }

    fn inner_list(&mut self) -> Option<InnerList> {
        let mut list = InnerList::default();
        self.eat('(')?;
        loop {
            self.take(|letter| letter == ' ');
            if self.eat(')').is_some() {
                break;
            }
            list.items.push(self.string()?);
            if !self.rest.starts_with([' ', ')']) {
                return None;
            }
        }
        while self.eat(';').is_some() {
            self.take(|letter| letter == ' ');
            let key = self.key()?;
            self.eat('=')?;
            if list.parameters.iter().any(|(known, _)| known == key) {
                return None;
            }
            list.parameters.push((key.to_owned(), self.value()?));
        }
        Some(list)
    }

    fn value(&mut self) -> Option<Value> {
        if self.rest.starts_with('"') { self.string().map(Value::Text) } else { self.integer().map(Value::Integer) }
    }

    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        self.eat('"')?;
        loop {
            text.push_str(self.take(|letter| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\')));
            if self.eat('"').is_some() {
                return Some(text);
            }
            self.eat('\\')?;
            let escaped = self.rest.chars().next().filter(|letter| matches!(letter, '"' | '\\'))?;
            self.eat(escaped)?;
            text.push(escaped);
        }
    }

    fn integer(&mut self) -> Option<i64> {
        let is_negative = self.eat('-').is_some();
        let digits = self.take(|letter| letter.is_ascii_digit());
        let number: i64 = (digits.len() <= MOST_DIGITS).then(|| digits.parse().ok())??;
        Some(if is_negative { -number } else { number })
    }

    /// The last letter before the padding has no stray bits: no two texts are the same bytes.
    fn byte_sequence(&mut self) -> Option<Vec<u8>> {
        self.eat(':')?;
        let text = self.take(|letter| letter != ':');
        self.eat(':')?;
        STANDARD.decode(text).ok()
    }
}

/// A string as it is written.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

impl fmt::Display for InnerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<_> = self.items.iter().map(|item| Quoted(item).to_string()).collect();
        write!(f, "({})", items.join(" "))?;
        self.parameters.iter().try_for_each(|(key, value)| match value {
            Value::Integer(number) => write!(f, ";{key}={number}"),
            Value::Text(text) => write!(f, ";{key}={}", Quoted(text)),
        })
    }
}

#[cfg(test)]
mod tests;
