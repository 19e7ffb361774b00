//! Base64, read letter by letter.

use bytes::BytesMut;
use connector_core::{Error, Result};

/// Reads base64, with or without padding, with breaks of lines in it or without.
#[derive(Default)]
pub(super) struct Base64 {
    bits: u32,
    /// Letters that make no whole group of four yet.
    letters: u8,
    padded: bool,
}

/// What is no letter of base64.
const NONE: u8 = 64;

/// The six bits of each letter.
const LETTERS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut table, mut index) = ([NONE; 256], 0);
    while index < 64 {
        table[alphabet[index] as usize] = index as u8;
        index += 1;
    }
    table
};

impl Base64 {
    pub(super) fn next(&mut self, letter: u8, decoded: &mut BytesMut) -> Result<()> {
        let bits = LETTERS[usize::from(letter)];
        match letter {
            b'=' => self.padded = true,
            _ if letter.is_ascii_whitespace() => {}
            _ if bits == NONE || self.padded => return Err(Error::invalid("the file is not in base64")),
            _ => {
                self.bits = self.bits << 6 | u32::from(bits);
                self.letters += 1;
                if self.letters == 4 {
                    decoded.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                    (self.bits, self.letters) = (0, 0);
                }
            }
        }
        Ok(())
    }

    /// The last group, which may be a short one.
    pub(super) fn end(&mut self, decoded: &mut BytesMut) -> Result<()> {
        let bytes = (self.bits << (6 * (4 - u32::from(self.letters)) % 24)).to_be_bytes();
        match self.letters {
            0 => {}
            2 => decoded.extend_from_slice(&bytes[1..2]),
            3 => decoded.extend_from_slice(&bytes[1..3]),
            _ => return Err(Error::invalid("the file is not in base64")),
        }
        (self.bits, self.letters) = (0, 0);
        Ok(())
    }
}
