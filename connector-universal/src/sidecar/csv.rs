//! CSV sidecars: a header and one record, with commas and double quotes.

use csv::{ReaderBuilder, StringRecord};

use super::fields::{Fields, not_readable, too_many};
use crate::{Reason, Refused};

/// Reads the header and the one record under it. Empty lines count for nothing.
pub(super) fn parse(text: &str, fields: &mut Fields) -> Result<(), Refused> {
    check_cells(text, fields.limit)?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut next = |record: &mut StringRecord| reader.read_record(record).map_err(|_| not_readable("it is not CSV"));
    let mut header = StringRecord::new();
    if !next(&mut header)? {
        return Ok(());
    }
    for name in &header {
        fields.open(name.to_owned())?;
    }
    let mut record = StringRecord::new();
    if !next(&mut record)? {
        return Err(not_one("there is a header and no record"));
    }
    if next(&mut StringRecord::new())? {
        return Err(not_one("there is more than one record"));
    }
    if record.len() != header.len() {
        let (names, cells) = (header.len(), record.len());
        return Err(not_readable(format!("the header has {names} cells and the record {cells}")));
    }
    for (index, cell) in record.iter().enumerate() {
        fields.set(index, Some(cell.to_owned()))?;
    }
    Ok(())
}

fn not_one(found: &str) -> Refused {
    Refused::new(Reason::NotExactlyOneRecord, format!("{found}: a CSV sidecar is a header and one record"))
}

/// Where in a cell the check is.
#[derive(Clone, Copy, PartialEq)]
enum Cell {
    Start,
    Bare,
    Quoted,
    Closed,
}

/// Refuses what the reader would take: more cells than there may be fields, and quotes that do not pair up, of which it
/// would drop some, or swallow the next record, without a word.
fn check_cells(text: &str, most: usize) -> Result<(), Refused> {
    let (mut cell, mut cells, mut line, mut opened) = (Cell::Start, 1, 1, 1);
    for byte in text.bytes() {
        match byte {
            b',' if cell != Cell::Quoted => cells += 1,
            b'\n' if cell != Cell::Quoted => cells = 1,
            _ => {}
        }
        if cells > most {
            return Err(too_many(most));
        }
        cell = match (cell, byte) {
            (Cell::Quoted, b'"') => Cell::Closed,
            (Cell::Quoted, _) => Cell::Quoted,
            (Cell::Closed, b'"') => Cell::Quoted,
            (_, b',' | b'\r' | b'\n') => Cell::Start,
            (Cell::Start, b'"') => {
                opened = line;
                Cell::Quoted
            }
            (Cell::Closed, _) => {
                return Err(not_readable("text follows a closing quote: write a quote inside quotes twice")
                    .with_at(format!("line {line}")));
            }
            _ => Cell::Bare,
        };
        line += usize::from(byte == b'\n');
    }
    if cell == Cell::Quoted {
        return Err(not_readable("a quote is not closed").with_at(format!("line {opened}")));
    }
    Ok(())
}
