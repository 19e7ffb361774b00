//! A file that stands in base64 within JSON, read as it comes: nothing of it is kept but what is not passed on yet.

use bytes::{Bytes, BytesMut};
use connector_core::http::Body;
use connector_core::{Error, Result};
use futures_util::{StreamExt, stream};

/// The key of the file in `{"files": {"fileName": "..", "file": ".."}}`.
const KEY: &[u8] = b"file";

/// How many bytes tell a WAV file from anything else.
const MARK: usize = 12;

/// The bytes of the file, of which so many are left out at the beginning.
///
/// The stream ends with `is_transient` when the answer breaks off, `is_changed` when the file has another size than it is
/// known to have, `is_too_large` beyond `max`, and `is_invalid` when it is no WAV file, or none in base64.
pub(crate) fn embedded(body: Body, skip: u64, size: Option<u64>, max: u64) -> Body {
    let reader = Reader { skip, size, max, ..Reader::default() };
    let pieces = stream::unfold(Some((reader, body)), |state| async {
        let (mut reader, mut body) = state?;
        let piece = match body.next().await {
            Some(piece) => piece.and_then(|piece| reader.feed(&piece)),
            None => match reader.finish() {
                Ok(()) => return None,
                Err(error) => Err(error),
            },
        };
        match piece {
            Ok(piece) => Some((Ok(piece), Some((reader, body)))),
            Err(error) => Some((Err(error.during("download")), None)),
        }
    });
    pieces.filter(|piece| std::future::ready(!piece.as_ref().is_ok_and(Bytes::is_empty))).boxed()
}

#[derive(Default)]
struct Reader {
    json: Json,
    base64: Base64,
    /// The first bytes, until they are known to be those of a WAV file.
    mark: Vec<u8>,
    /// How many bytes there were so far.
    at: u64,
    skip: u64,
    size: Option<u64>,
    max: u64,
}

impl Reader {
    fn feed(&mut self, piece: &[u8]) -> Result<Bytes> {
        let mut decoded = BytesMut::with_capacity(piece.len() / 4 * 3 + 3);
        for byte in piece {
            if let Some(letter) = self.json.next(*byte)? {
                self.base64.next(letter, &mut decoded)?;
            }
        }
        if self.json.found == Found::Whole {
            self.base64.end(&mut decoded)?;
        }
        self.check(&decoded)?;
        let before = self.at - decoded.len() as u64;
        let cut = self.skip.saturating_sub(before).min(decoded.len() as u64);
        let cut = usize::try_from(cut).unwrap_or(decoded.len());
        Ok(decoded.split_off(cut).freeze())
    }

    fn check(&mut self, decoded: &[u8]) -> Result<()> {
        self.at += decoded.len() as u64;
        if self.at > self.max {
            return Err(Error::too_large(format!("the recording is larger than {} bytes", self.max)));
        }
        if self.size.is_some_and(|size| self.at > size) {
            return Err(self.changed());
        }
        let missing = MARK - self.mark.len();
        self.mark.extend(decoded.iter().take(missing));
        let (riff, wave) = (self.mark.get(..4), self.mark.get(8..));
        if riff.is_some_and(|riff| riff != b"RIFF") || self.mark.len() == MARK && wave != Some(b"WAVE") {
            return Err(Error::invalid("the file is no WAV file"));
        }
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        match self.json.found {
            Found::Whole => {}
            Found::Nothing if self.json.is_over => return Err(Error::invalid("the answer holds no file")),
            _ => return Err(Error::transient(format!("the recording broke off after {} bytes", self.at))),
        }
        if self.mark.len() < MARK {
            return Err(Error::invalid("the file is no WAV file"));
        }
        if self.size.is_some_and(|size| self.at != size) {
            return Err(self.changed());
        }
        Ok(())
    }

    fn changed(&self) -> Error {
        Error::changed(format!("the recording has not the {} bytes that were announced", self.size.unwrap_or_default()))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Found {
    #[default]
    Nothing,
    /// We are in the middle of it.
    Begun,
    Whole,
}

/// Finds one text in JSON. It trusts the rest of it to be JSON, and looks for nothing but that text.
#[derive(Default)]
struct Json {
    found: Found,
    depth: u32,
    /// The outermost object was closed.
    is_over: bool,
    /// What stands in the text that goes on or was the last one, as far as it can be the key.
    text: Vec<u8>,
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
    fn next(&mut self, byte: u8) -> Result<Option<u8>> {
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

/// Reads base64, with or without padding, with breaks of lines in it or without.
#[derive(Default)]
struct Base64 {
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
    fn next(&mut self, letter: u8, decoded: &mut BytesMut) -> Result<()> {
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
    fn end(&mut self, decoded: &mut BytesMut) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use proptest::prelude::*;

    use super::*;

    const WAV: &str = "UklGRgQAAABXQVZFAQIDBA==";
    const BYTES: &[u8] = b"RIFF\x04\0\0\0WAVE\x01\x02\x03\x04";

    /// Reads an answer that comes in pieces of this size.
    async fn read(text: &str, pieces: usize, skip: u64, size: Option<u64>, max: u64) -> Result<Vec<u8>> {
        let pieces: Vec<Result<Bytes>> =
            text.as_bytes().chunks(pieces).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let pieces: Vec<Bytes> = embedded(stream::iter(pieces).boxed(), skip, size, max).try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn the_file_is_found_wherever_it_stands_and_however_it_is_written() {
        let escaped = WAV.replace('=', "\\u003d").replace("AA", "A\\r\\nA");
        for text in [
            format!(r#"{{"files":{{"fileName":"x.wav","file":"{WAV}"}}}}"#),
            format!(r#"{{ "files" : {{ "file" : "{WAV}" , "fileName" : "x.wav" }} }}"#),
            format!(
                r#"{{"files":{{"fileName":"file","note":"\"file\":\"no\\","size":[1,{{"a":null}}],"File":"{WAV}"}}}}"#
            ),
            format!(r#"{{"resultSet":{{"files":[{{"file":null}},{{"file":"{escaped}"}}]}}}}"#),
            format!(r#"{{"files":{{"file":"{}"}}}}"#, WAV.trim_end_matches('=')),
        ] {
            for pieces in [1, 2, 3, 7, 1000] {
                assert_eq!(read(&text, pieces, 0, Some(16), 16).await.unwrap(), BYTES, "{text}");
            }
            assert_eq!(read(&text, 5, 14, None, 16).await.unwrap(), BYTES[14..], "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_not_whole_or_no_recording_is_told_apart() {
        let file = |text: &str| format!(r#"{{"files":{{"file":"{text}"}}}}"#);
        let error = async |text: &str, size, max| read(text, 4, 0, size, max).await.unwrap_err();
        assert!(error(&file(WAV)[..30], None, 99).await.is_transient());
        assert!(error(r#"{"fil"#, None, 99).await.is_transient());
        assert!(error(&file(WAV), Some(15), 99).await.is_changed());
        assert!(error(&file(WAV), Some(17), 99).await.is_changed());
        assert!(error(&file(WAV), None, 15).await.is_too_large());
        for text in ["UklGRgQAAABXQVZ", "UklGRgQAAABXQVZGAQIDBA==", "AAAA", "UklG", "UklG*gQA", "UklGRgQAAABXQVZFA", ""]
        {
            assert!(error(&file(text), None, 99).await.is_invalid(), "{text}");
        }
        for text in [r#"{"files":{}}"#, r#"{"files":{"file":null}}"#, r#"{"files":{"file":12,"x":"UklGR"}}"#, "{}"] {
            assert!(error(text, None, 99).await.is_invalid(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..9) {
            let mut reader = Reader { max: 1000, ..Reader::default() };
            let mut pieces = [br#"{"file":"UklGRgQAAABXQVZF"#, &bytes[..]].concat();
            pieces.push(b'"');
            for piece in pieces.chunks(size) {
                if reader.feed(piece).is_err() {
                    break;
                }
            }
            prop_assert!(reader.at <= 1000 && reader.json.text.len() <= KEY.len() + 1);
        }
    }
}
