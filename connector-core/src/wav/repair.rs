//! Files whose writer was stopped in the middle.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Header;
use super::layout::{LONGEST, Layout, MOST};
use crate::{Error, Result};

/// Gives a file that a [`Writer`](super::Writer) did not finish a header that tells all of its sound, and returns it;
/// `None` when there is not one whole sample in it, and then nothing is changed. It blocks.
///
/// A file that is finished stays as it is, so that it may be done twice. Part of a sample at the end is cut off.
///
/// # Errors
/// `is_invalid` when the file was not begun by a writer, `is_too_large` when it holds more than 4 GiB; those of the disk.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use connector_core::wav::{Layout, Writer, repair};
///
/// let path = std::env::temp_dir().join(format!("repair-{}.wav", std::process::id()));
/// let mut writer = Writer::new(std::fs::File::create(&path)?, Layout::pcm16(1, 8_000))?;
/// writer.write(&[0; 8_000])?;
/// drop(writer); // as if the process had died here
/// let header = repair(&path)?.expect("half a second");
/// assert_eq!((header.data_len, repair(&path)?), (Some(8_000), Some(header)));
/// # std::fs::remove_file(&path)?;
/// # Ok(()) }
/// ```
pub fn repair(path: impl AsRef<Path>) -> Result<Option<Header>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    let mut beginning = Vec::with_capacity(LONGEST);
    (&file).take(LONGEST as u64).read_to_end(&mut beginning)?;
    let Some(layout) = Layout::of(&beginning) else {
        return if is_begun(&beginning) {
            Ok(None)
        } else {
            Err(Error::invalid("this file was not begun by a writer"))
        };
    };
    let start = layout.header_len() as u64;
    let sound = size.saturating_sub(start);
    if sound > MOST {
        return Err(Error::too_large("the WAV file holds more sound than its header can tell"));
    }
    let finished = finished(&layout, &beginning, size);
    let whole = finished.unwrap_or(sound - sound % u64::from(layout.block()));
    if whole == 0 {
        return Ok(None);
    }
    if finished.is_none() {
        finish(&mut file, &layout, whole)?;
    }
    let size = start + whole + whole % 2;
    Header::parse(&layout.header(whole), Some(size)).map(Some)
}

/// How much sound the file has, if it is finished.
fn finished(layout: &Layout, beginning: &[u8], size: u64) -> Option<u64> {
    let start = layout.header_len();
    let told = u64::from(u32::from_le_bytes(*beginning.get(..start)?.last_chunk()?));
    let is_so = beginning[..start] == layout.header(told) && start as u64 + told + told % 2 == size;
    (is_so && told.is_multiple_of(layout.block().into())).then_some(told)
}

/// The header before the byte that makes it even: otherwise that would count as sound, should this be stopped too.
fn finish(file: &mut File, layout: &Layout, whole: u64) -> Result<()> {
    let end = layout.header_len() as u64 + whole;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&layout.header(whole))?;
    file.set_len(end + whole % 2)?;
    file.sync_all()?;
    Ok(())
}

/// Whether it is the beginning of a header, and no more.
fn is_begun(beginning: &[u8]) -> bool {
    let known = |layout: Layout| {
        let expected = layout.header(0);
        // Behind these stand sizes, channels and rates, which are not known then.
        let fixed = [0..4, 8..16, 16..22];
        let is_alike = |at: usize| beginning.get(at).is_none_or(|byte| *byte == expected[at]);
        beginning.len() < expected.len() && fixed.into_iter().flatten().all(is_alike)
    };
    known(Layout::pcm16(1, 1)) || known(Layout::mu_law(1, 1))
}

#[cfg(test)]
mod tests;
