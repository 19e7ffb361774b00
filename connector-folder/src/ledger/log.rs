//! The lines of a ledger's file: writing them, reading them back, telling a torn one from a damaged one.
//!
//! The first line names the format. Each line after it is one [`Entry`] and the checksum of its text:
//! `{"sum":907060870,"entry":{"put":[["key",{"touched":"2026-10-19T14:10:00Z","text":"taken"}]]}}`.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Note;

/// The first line, with its line break.
pub(super) const HEADER: &[u8] = b"{\"ledger\":\"connector-folder\",\"version\":1}\n";

/// What one line does.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// These notes replace what stood under their keys.
    Put(Vec<(String, Note)>),
    /// Every note that was touched last before this time is forgotten.
    Forget(DateTime<Utc>),
}

/// The same as [`Entry::Put`], of notes that stay where they are.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EntryRef<'a> {
    Put(&'a [(&'a String, &'a Note)]),
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    sum: u32,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// What a ledger's file holds.
#[derive(Default)]
pub(super) struct Replayed {
    /// The notes that stand.
    pub(super) notes: HashMap<String, Note>,
    /// How many notes the file holds, those that were replaced and forgotten included.
    pub(super) written: usize,
    /// How many bytes of the file are good; what follows is a torn line.
    pub(super) good: u64,
}

/// Reads a ledger from its first line on. A torn last line is left out; damage before it is an error.
pub(super) fn replay(mut file: impl BufRead) -> Result<Replayed> {
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line)?;
    if line.len() < HEADER.len() && HEADER.starts_with(&line) {
        return Ok(Replayed::default());
    }
    if line != HEADER {
        return Err(foreign(&line));
    }
    let mut replayed = Replayed { good: HEADER.len() as u64, ..Replayed::default() };
    for number in 2u64.. {
        line.clear();
        let length = file.read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let Some(entry) = line.strip_suffix(b"\n").and_then(parse) else {
            // Whether it was torn or damaged shows in what follows.
            if file.fill_buf()?.is_empty() {
                break;
            }
            return Err(Error::invalid(format!("line {number} of the ledger is damaged"))
                .advise("put a copy of the file back; without the ledger every file counts as new"));
        };
        replayed.apply(entry);
        replayed.good += length as u64;
    }
    Ok(replayed)
}

impl Replayed {
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Put(notes) => {
                self.written += notes.len();
                self.notes.extend(notes);
            }
            Entry::Forget(before) => self.notes.retain(|_, note| note.touched >= before),
        }
    }
}

fn parse(line: &[u8]) -> Option<Entry> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let text = line.entry.get();
    if checksum(text.as_bytes()) != line.sum {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn foreign(line: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct Header {
        ledger: String,
        version: u64,
    }
    match serde_json::from_slice::<Header>(line) {
        Ok(header) if header.ledger == "connector-folder" => {
            Error::config(format!("the ledger is of version {}, which this program does not know", header.version))
                .advise("use the program that wrote it, or a newer one")
        }
        _ => Error::invalid("line 1 of the file is not that of a ledger")
            .advise("name another file, or put a copy of the ledger back"),
    }
}

/// The line of an entry, with its line break.
pub(super) fn line(entry: &impl Serialize) -> io::Result<Vec<u8>> {
    let entry = serde_json::value::to_raw_value(entry)?;
    let mut line = serde_json::to_vec(&Line { sum: checksum(entry.get().as_bytes()), entry: &entry })?;
    line.push(b'\n');
    Ok(line)
}

/// Writes a whole ledger: the first line, and these notes.
pub(super) fn write_all(notes: &HashMap<String, Note>, mut file: impl Write) -> io::Result<u64> {
    /// Few enough that a line is small, many enough that the lines' own text is little.
    const NOTES_A_LINE: usize = 64;
    file.write_all(HEADER)?;
    let mut length = HEADER.len();
    let notes: Vec<_> = notes.iter().collect();
    for some in notes.chunks(NOTES_A_LINE) {
        let line = line(&EntryRef::Put(some))?;
        file.write_all(&line)?;
        length += line.len();
    }
    file.flush()?;
    Ok(length as u64)
}

/// CRC-32 as in gzip.
fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let mut value = n as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[n] = value;
            n += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum: u32, byte| (sum >> 8) ^ TABLE[usize::from(sum as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_newer_version_is_not_read() {
        let error = replay(&b"{\"ledger\":\"connector-folder\",\"version\":2}\n"[..]).err().unwrap();
        assert!(error.is_config() && error.to_string().contains("version 2"), "{error}");
        let error = replay(&b"uid,name\n1,x\n"[..]).err().unwrap();
        assert!(error.is_invalid() && error.to_string().contains("line 1"), "{error}");
    }
}
