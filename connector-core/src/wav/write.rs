//! WAV files that are written while the sound arrives.

use std::fmt;
use std::io::{Seek, SeekFrom, Write};

use super::layout::{Layout, MOST};
use crate::{Error, Result};

/// How many seconds of sound the header may be behind: an even number, so that before its end no file tells an odd number
/// of bytes. The byte behind those could be sound, or the one that makes the file even.
const BEHIND: u64 = 2;

/// How much silence is written at a time, in bytes.
const PIECE: usize = 4 << 10;

/// Writes a WAV file whose length nobody knows yet. It blocks: use it on a thread that may.
///
/// What is written so far can be read at any time: the header never promises more sound than was written before it, and is
/// 2 s behind at most. [`repair`](super::repair) gives a file that was not finished all of its sound. This holds when the
/// process dies; when the machine does, the file is what its disk made of it.
///
/// A file holds 4 GiB of sound at most.
///
/// ```
/// use std::io::Cursor;
/// use connector_core::wav::{Encoding, Header, Layout, Writer};
///
/// let mut writer = Writer::new(Cursor::new(Vec::new()), Layout::mu_law(2, 8_000))?;
/// writer.write(&[0x80; 1_600])?;
/// writer.silence(7_200)?;
/// assert_eq!(writer.samples(), 8_000);
/// let file = writer.finish()?.into_inner();
/// let header = Header::parse(&file, Some(file.len() as u64))?;
/// assert_eq!((header.encoding, header.channels), (Encoding::MuLaw, 2));
/// assert_eq!(header.duration().unwrap().as_secs(), 1);
/// # Ok::<(), connector_core::Error>(())
/// ```
pub struct Writer<W> {
    to: W,
    layout: Layout,
    /// Bytes of sound that are written, in whole blocks.
    written: u64,
    /// How many of them the header tells.
    told: u64,
    /// Whether the next byte of sound belongs where `to` stands.
    is_in_place: bool,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file at the beginning of `to`, which is empty.
    ///
    /// # Errors
    /// `is_config` when no header can tell so many channels or samples per second; those of the disk.
    pub fn new(to: W, layout: impl Into<Layout>) -> Result<Self> {
        let layout = layout.into();
        if !layout.is_possible() {
            return Err(Error::config("no WAV file can have so many channels and samples per second"));
        }
        let mut writer = Self { to, layout, written: 0, told: 0, is_in_place: false };
        writer.tell()?;
        Ok(writer)
    }

    /// Appends sound.
    ///
    /// # Errors
    /// `is_invalid` when it is no whole samples of all channels, `is_too_large` when the file cannot hold it; then nothing
    /// of it is written. Those of the disk: then [`samples`](Self::samples) tells how much of it is.
    pub fn write(&mut self, sound: &[u8]) -> Result<()> {
        if !sound.len().is_multiple_of(self.layout.block().into()) {
            return Err(Error::invalid("sound that is no whole samples of all channels"));
        }
        self.room_for(sound.len() as u64)?;
        let mut rest = sound;
        while !rest.is_empty() {
            rest = self.piece(rest)?;
        }
        Ok(())
    }

    /// Appends silence: so many samples of every channel.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn silence(&mut self, samples: u64) -> Result<()> {
        if samples == 0 {
            return Ok(());
        }
        let block = usize::from(self.layout.block());
        let mut left = samples.saturating_mul(block as u64);
        self.room_for(left)?;
        let piece = vec![self.layout.silence(); (PIECE / block).max(1) * block];
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            self.write(&piece[..length])?;
            left -= length as u64;
        }
        Ok(())
    }

    /// How many samples of each channel are written.
    pub fn samples(&self) -> u64 {
        self.written / u64::from(self.layout.block())
    }

    /// Writes the final sizes and gives back what was written to.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn finish(mut self) -> Result<W> {
        self.tell()?;
        if self.written % 2 == 1 {
            self.go_to(self.end())?;
            self.to.write_all(&[0])?;
        }
        self.to.flush()?;
        Ok(self.to)
    }

    fn room_for(&self, bytes: u64) -> Result<()> {
        match self.written.checked_add(bytes) {
            Some(length) if length <= MOST => Ok(()),
            _ => Err(Error::too_large("a WAV file holds 4 GiB of sound at most")),
        }
    }

    /// Writes as much of it as the header may be behind; the rest of it.
    fn piece<'a>(&mut self, sound: &'a [u8]) -> Result<&'a [u8]> {
        let may = BEHIND * u64::from(self.layout.byte_rate());
        if self.written - self.told >= may {
            self.tell()?;
        }
        let may = usize::try_from(may - (self.written - self.told)).unwrap_or(usize::MAX);
        let (piece, rest) = sound.split_at(may.min(sound.len()));
        if !self.is_in_place {
            self.go_to(self.end())?;
        }
        self.is_in_place = false;
        self.to.write_all(piece)?;
        self.is_in_place = true;
        self.written += piece.len() as u64;
        Ok(rest)
    }

    /// Writes the header for what is written. Behind its sound, so that it never promises what is not there.
    fn tell(&mut self) -> Result<()> {
        self.to.flush()?;
        self.is_in_place = false;
        self.go_to(0)?;
        self.to.write_all(&self.layout.header(self.written))?;
        self.told = self.written;
        Ok(())
    }

    fn end(&self) -> u64 {
        self.layout.header_len() as u64 + self.written
    }

    fn go_to(&mut self, place: u64) -> Result<()> {
        self.to.seek(SeekFrom::Start(place))?;
        Ok(())
    }
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("layout", &self.layout).field("written", &self.written).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
