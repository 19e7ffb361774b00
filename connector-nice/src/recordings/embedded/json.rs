//! One text in JSON, found as the JSON comes.

use connector_core::{Error, Result};

/// The key of the file in `{"files": {"fileName": "..", "file": ".."}}`.
pub(super) const KEY: &[u8] = b"file";

/// What was found of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Found {
    #[default]
    Nothing,
    /// We are in the middle of it.
    Begun,
    Whole,
}

/// Finds one text in JSON. It trusts the rest of it to be JSON, and looks for nothing but that text.
#[derive(Default)]
pub(super) struct Json {
    pub(super) found: Found,
    depth: u32,
    /// The outermost object was closed.
    pub(super) is_over: bool,
    /// What stands in the text that goes on or was the last one, as far as it can be the key.
    pub(super) text: Vec<u8>,
    in_text: bool,
    escape: Escape,
    /// A colon came after the key.
    is_next: bool,
}

/// What of an escape sequence in a text was read.
#[derive(Clone, Copy, Default)]
enum Escape {
    #[default]
    None,
    Backslash,
    /// `\u`, so many digits of a character's number, and the number.
    Number(u8, u32),
}

impl Json {
    /// Reads a byte; a letter of the text that is looked for.
    pub(super) fn next(&mut self, byte: u8) -> Result<Option<u8>> {
        if self.in_text || self.found == Found::Begun {
            return self.within(byte);
        }
        match byte {
            b'"' if self.is_next && self.found == Found::Nothing => (self.found, self.is_next) = (Found::Begun, false),
            b'"' => {
                self.text.clear();
                (self.in_text, self.is_next) = (true, false);
            }
            b':' => self.is_next = self.text.eq_ignore_ascii_case(KEY),
            b'{' | b'[' => (self.depth, self.is_next) = (self.depth.saturating_add(1), false),
            b'}' | b']' => {
                (self.depth, self.is_next) = (self.depth.saturating_sub(1), false);
                self.is_over = self.depth == 0;
            }
            b',' => self.is_next = false,
            _ => {}
        }
        Ok(None)
    }

    /// Reads a byte of a text.
    fn within(&mut self, byte: u8) -> Result<Option<u8>> {
        let letter = match (self.escape, byte) {
            (Escape::None, b'"') => {
                match self.in_text {
                    true => self.in_text = false,
                    false => self.found = Found::Whole,
                }
                return Ok(None);
            }
            (Escape::None, b'\\') => {
                self.escape = Escape::Backslash;
                return Ok(None);
            }
            (Escape::None, letter) => letter,
            (Escape::Backslash, b'u') => {
                self.escape = Escape::Number(0, 0);
                return Ok(None);
            }
            (Escape::Backslash, letter) => match letter {
                b'n' | b'r' | b't' | b'b' | b'f' => b' ',
                letter => letter,
            },
            (Escape::Number(digits, number), digit) => {
                let digit = char::from(digit).to_digit(16).ok_or_else(|| Error::invalid("the answer is no JSON"))?;
                let number = number << 4 | digit;
                if digits < 3 {
                    self.escape = Escape::Number(digits + 1, number);
                    return Ok(None);
                }
                u8::try_from(number).unwrap_or(b'?')
            }
        };
        self.escape = Escape::None;
        if !self.in_text {
            return Ok(Some(letter));
        }
        if self.text.len() <= KEY.len() {
            self.text.push(letter);
        }
        Ok(None)
    }
}
