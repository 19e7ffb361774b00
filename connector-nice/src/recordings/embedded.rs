//! A file that stands in base64 within JSON, read as it comes: nothing of it is kept but what is not passed on yet.

mod base64;
mod json;

use bytes::{Bytes, BytesMut};
use connector_core::http::Body;
use connector_core::{Error, Result};
use futures_util::{StreamExt, stream};

use base64::Base64;
use json::{Found, Json};

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

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use proptest::prelude::*;

    use super::json::KEY;
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
