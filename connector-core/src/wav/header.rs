//! What the header of a WAV file says.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::UNKNOWN;
use crate::{Error, Result};

/// What sox and espeak-ng put into a pipe for the size of the data, rounded down to whole blocks.
const UNKNOWN_IN_A_PIPE: u32 = 0x7FFF_F000;

/// A GSM 6.10 block of two frames: so many bytes hold so many samples.
const GSM_BLOCK: (u64, u64) = (65, 320);

/// The last 14 bytes of a sub-format that stands for a plain format tag.
const TAG_GUID: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Integers: unsigned with 8 bits, signed with more.
    Pcm,
    /// IEEE floating-point numbers.
    Float,
    /// G.711 A-law, 8 bits.
    ALaw,
    /// G.711 µ-law, 8 bits.
    MuLaw,
    /// GSM 6.10 full rate: 65 bytes for 320 samples.
    Gsm,
    /// Another, by its format tag.
    Other(u16),
}

impl Encoding {
    fn of_tag(tag: u16) -> Self {
        match tag {
            1 => Self::Pcm,
            3 => Self::Float,
            6 => Self::ALaw,
            7 => Self::MuLaw,
            49 => Self::Gsm,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pcm => f.write_str("PCM"),
            Self::Float => f.write_str("floating point"),
            Self::ALaw => f.write_str("A-law"),
            Self::MuLaw => f.write_str("µ-law"),
            Self::Gsm => f.write_str("GSM 6.10"),
            Self::Other(tag) => write!(f, "format {tag:#06x}"),
        }
    }
}

/// The header of a WAV file (RIFF, RF64 or BW64).
///
/// ```
/// use std::time::Duration;
/// use connector_core::wav::{Encoding, Header, Layout};
///
/// let file_size = 44 + 16_000;
/// let header = Header::parse(&Layout::pcm16(1, 8_000).header(16_000), Some(file_size))?;
/// assert_eq!((header.encoding, header.bits, header.channels), (Encoding::Pcm, 16, 1));
/// assert_eq!(header.duration(), Some(Duration::from_secs(1)));
/// assert!(!header.is_cut_short(file_size));
/// assert!(header.is_cut_short(file_size - 1));
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// How a sample is stored.
    pub encoding: Encoding,
    /// How many channels there are; at least one.
    pub channels: u16,
    /// Samples per second and channel; at least one.
    pub sample_rate: u32,
    /// Bytes per second, as the file says it. It may be wrong or 0.
    pub byte_rate: u32,
    /// Bytes of the smallest piece that can be decoded: one sample of each channel, or a block; at least one.
    pub block_align: u16,
    /// Bits per sample; 0 where the encoding has no such number.
    pub bits: u16,
    /// Where the sound starts.
    pub data_start: u64,
    /// How many bytes of sound the header promises. When it was written before the length was known, it is the rest of
    /// the file; `None` when the size of the file is not known either.
    pub data_len: Option<u64>,
}

impl Header {
    /// How many bytes of the beginning are enough for ordinary files.
    pub const PREFIX: usize = 64 * 1024;

    /// Reads the header from the beginning of a file.
    ///
    /// [`PREFIX`](Self::PREFIX) bytes are enough for ordinary files; more do no harm. An error is
    /// [`is_too_large`](Error::is_too_large) when the header goes on after the bytes that were given: give more. It is
    /// [`is_invalid`](Error::is_invalid) when this is no WAV file, or one that ends within its header; without a
    /// `file_size` the latter cannot be told.
    pub fn parse(beginning: &[u8], file_size: Option<u64>) -> Result<Self> {
        let file = Beginning::new(beginning, file_size);
        let magic = file.array::<4>(0)?;
        if !matches!(&magic, b"RIFF" | b"RF64" | b"BW64") || &file.array::<4>(8)? != b"WAVE" {
            return Err(Error::invalid("this is no WAV file: it does not begin with RIFF and WAVE"));
        }
        let mut sizes = Sizes { riff: file.u32(4)?.into(), wide_data: None };
        let mut format: Option<Format> = None;
        let mut at = 12;
        loop {
            let (name, size) = (file.array::<4>(at)?, file.u32(at + 4)?);
            let content = at + 8;
            match &name {
                b"data" => {
                    let format = format.ok_or_else(|| Error::invalid("the WAV file has sound before its format"))?;
                    return Ok(format.header(content, sizes.data(size, content, &format, file_size)?));
                }
                b"fmt " if format.is_none() => format = Some(Format::parse(&file, content, size)?),
                b"ds64" if &magic != b"RIFF" && size >= 16 => {
                    sizes = Sizes { riff: file.u64(content)?, wide_data: Some(file.u64(content + 8)?) };
                }
                _ => {}
            }
            at = content + u64::from(size) + u64::from(size & 1);
        }
    }

    /// How long the sound is that the header promises, whether or not all of it is there.
    ///
    /// Exact for the encodings that have a name here; for others it is what their byte rate says, and `None` when that
    /// is 0.
    pub fn duration(&self) -> Option<Duration> {
        let bytes = u128::from(self.data_len?);
        let (units, per_second) = match self.encoding {
            Encoding::Gsm => (bytes / u128::from(GSM_BLOCK.0) * u128::from(GSM_BLOCK.1), self.sample_rate),
            Encoding::Other(_) => (bytes, self.byte_rate),
            _ => (bytes / u128::from(self.block_align), self.sample_rate),
        };
        let nanos = (units * 1_000_000_000).checked_div(per_second.into())?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        Some(Duration::from_secs(seconds) + Duration::from_nanos((nanos % 1_000_000_000) as u64))
    }

    /// Whether the header promises more sound than a file of this size has.
    pub fn is_cut_short(&self, file_size: u64) -> bool {
        self.data_len.is_some_and(|len| file_size.saturating_sub(self.data_start) < len)
    }

    /// Where the sound lies in a file of this size; it never reaches beyond it.
    pub fn data_in(&self, file_size: u64) -> Range<u64> {
        let start = self.data_start.min(file_size);
        let there = file_size - start;
        start..start + self.data_len.unwrap_or(there).min(there)
    }
}

/// The chunk `fmt `.
#[derive(Clone, Copy)]
struct Format {
    encoding: Encoding,
    channels: u16,
    sample_rate: u32,
    byte_rate: u32,
    block_align: u16,
    bits: u16,
}

impl Format {
    fn parse(file: &Beginning<'_>, at: u64, size: u32) -> Result<Self> {
        if size < 16 {
            return Err(Error::invalid(format!("the format of the WAV file has {size} bytes where 16 are needed")));
        }
        let encoding = match file.u16(at)? {
            0xFFFE if size >= 40 && file.array(at + 26)? == TAG_GUID => Encoding::of_tag(file.u16(at + 24)?),
            tag => Encoding::of_tag(tag),
        };
        let format = Self {
            encoding,
            channels: file.u16(at + 2)?,
            sample_rate: file.u32(at + 4)?,
            byte_rate: file.u32(at + 8)?,
            block_align: file.u16(at + 12)?,
            bits: file.u16(at + 14)?,
        };
        for (name, is_zero) in [
            ("channels", format.channels == 0),
            ("sample rate", format.sample_rate == 0),
            ("block align", format.block_align == 0),
        ] {
            if is_zero {
                return Err(Error::invalid(format!("the {name} of the WAV file is given as 0")));
            }
        }
        Ok(format)
    }

    fn header(self, data_start: u64, data_len: Option<u64>) -> Header {
        let Self { encoding, channels, sample_rate, byte_rate, block_align, bits } = self;
        Header { encoding, channels, sample_rate, byte_rate, block_align, bits, data_start, data_len }
    }
}

/// The sizes that stand before the data.
struct Sizes {
    riff: u64,
    wide_data: Option<u64>,
}

impl Sizes {
    /// How many bytes of sound there should be, from what the chunk `data` says of itself.
    fn data(&self, size: u32, start: u64, format: &Format, file_size: Option<u64>) -> Result<Option<u64>> {
        let claimed = match self.wide_data {
            Some(wide) if size == UNKNOWN => wide,
            _ => size.into(),
        };
        let rest = file_size.map(|size| size.saturating_sub(start));
        if self.is_unknown(claimed, format, rest, file_size) {
            return Ok(rest);
        }
        match start.checked_add(claimed) {
            Some(_) => Ok(Some(claimed)),
            None => Err(Error::invalid(format!("the WAV file claims to hold {claimed} bytes of sound"))),
        }
    }

    fn is_unknown(&self, claimed: u64, format: &Format, rest: Option<u64>, file_size: Option<u64>) -> bool {
        match u32::try_from(claimed) {
            // A finished file may be empty of sound; an unfinished one does not know its own size.
            Ok(0) => file_size != self.riff.checked_add(8),
            Ok(UNKNOWN) => self.wide_data.is_none(),
            Ok(size) => {
                let in_a_pipe = UNKNOWN_IN_A_PIPE - u32::from(format.block_align) < size && size <= UNKNOWN_IN_A_PIPE;
                in_a_pipe && rest.is_none_or(|rest| rest < claimed)
            }
            Err(_) => claimed == u64::MAX,
        }
    }
}

/// The first bytes of a file, and how long the whole is.
struct Beginning<'a> {
    bytes: &'a [u8],
    file_size: Option<u64>,
}

impl<'a> Beginning<'a> {
    fn new(bytes: &'a [u8], file_size: Option<u64>) -> Self {
        let end =
            file_size.and_then(|size| usize::try_from(size).ok()).map_or(bytes.len(), |size| size.min(bytes.len()));
        Self { bytes: &bytes[..end], file_size }
    }

    fn array<const N: usize>(&self, at: u64) -> Result<[u8; N]> {
        let from_there = usize::try_from(at).ok().and_then(|at| self.bytes.get(at..));
        from_there.and_then(|bytes| bytes.first_chunk()).copied().ok_or_else(|| self.missing(at + N as u64))
    }

    fn u16(&self, at: u64) -> Result<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: u64) -> Result<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn u64(&self, at: u64) -> Result<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    /// Why the bytes up to `end` are not there.
    fn missing(&self, end: u64) -> Error {
        match self.file_size {
            Some(size) if size < end => {
                Error::invalid(format!("the WAV file ends after {size} bytes, before its sound"))
            }
            _ => Error::too_large(format!("the header of the WAV file goes on after {} bytes", self.bytes.len()))
                .advise(format!("give the first {end} bytes or more")),
        }
    }
}
