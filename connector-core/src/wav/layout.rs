//! How the files that we write begin.

use super::UNKNOWN;

/// The longest header that is written.
pub(super) const LONGEST: usize = 58;

/// The most bytes of sound whose size a header can tell.
pub(super) const MOST: u64 = (u32::MAX - LONGEST as u32 - 1) as u64;

/// How the sound of a file that is written is laid out.
///
/// ```
/// use connector_core::wav::Layout;
/// assert_eq!((Layout::mu_law(2, 8_000).block(), Layout::pcm16(2, 16_000).block()), (2, 4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    tag: u16,
    sample: u16,
    channels: u16,
    rate: u32,
}

const PCM: u16 = 1;
const MU_LAW: u16 = 7;

impl Layout {
    /// Integers of 16 bits, the low byte first.
    pub fn pcm16(channels: u16, sample_rate: u32) -> Self {
        Self { tag: PCM, sample: 2, channels, rate: sample_rate }
    }

    /// G.711 µ-law.
    pub fn mu_law(channels: u16, sample_rate: u32) -> Self {
        Self { tag: MU_LAW, sample: 1, channels, rate: sample_rate }
    }

    /// The bytes of one sample of every channel.
    pub fn block(&self) -> u16 {
        self.channels.saturating_mul(self.sample)
    }

    /// The most samples of each channel that a file holds.
    pub fn most_samples(&self) -> u64 {
        MOST / u64::from(self.block().max(1))
    }

    /// Bytes per second.
    pub(crate) fn byte_rate(&self) -> u32 {
        self.rate.saturating_mul(self.block().into())
    }

    /// The byte that silence is made of.
    pub(super) fn silence(&self) -> u8 {
        if self.tag == MU_LAW { 0xFF } else { 0 }
    }

    /// Whether a header can tell what it is.
    pub(super) fn is_possible(&self) -> bool {
        let fits = self.channels.checked_mul(self.sample).is_some();
        fits && self.channels > 0 && self.rate > 0 && self.rate.checked_mul(self.block().into()).is_some()
    }

    /// The size of the header.
    pub(super) fn header_len(&self) -> usize {
        if self.tag == PCM { 44 } else { LONGEST }
    }

    /// That of a file that begins so, if it is one of ours.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        let u16_at = |at: usize| Some(u16::from_le_bytes(*beginning.get(at..)?.first_chunk()?));
        let rate = u32::from_le_bytes(*beginning.get(24..)?.first_chunk()?);
        let layout = match u16_at(20)? {
            PCM => Self::pcm16(u16_at(22)?, rate),
            MU_LAW => Self::mu_law(u16_at(22)?, rate),
            _ => return None,
        };
        let header = beginning.get(..layout.header_len())?;
        let told = u32::from_le_bytes(*header.last_chunk()?);
        // All but the sizes, which a crash may have left half-written, is as we write it.
        let (expected, mut found) = (layout.header(told.into()), [0; LONGEST]);
        found[..header.len()].copy_from_slice(header);
        for &at in layout.sizes() {
            found[at..at + 4].copy_from_slice(&expected[at..at + 4]);
        }
        (found == expected && layout.is_possible()).then_some(layout)
    }

    /// Where the sizes stand.
    fn sizes(&self) -> &'static [usize] {
        if self.tag == PCM { &[4, 40] } else { &[4, 46, 54] }
    }

    /// The header of so many bytes of sound; behind its end there are zeros. More than 4 GiB are of unknown length.
    pub(super) fn header(&self, data_len: u64) -> [u8; LONGEST] {
        let length = self.header_len();
        let known = u32::try_from(data_len).ok();
        let known = known.and_then(|data| Some((data.checked_add(length as u32 - 8 + data % 2)?, data)));
        let (riff, data) = known.unwrap_or((UNKNOWN, UNKNOWN));
        let mut header = [0; LONGEST];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"RIFF");
        put(4, &riff.to_le_bytes());
        put(8, b"WAVEfmt ");
        put(16, &(if self.tag == PCM { 16u32 } else { 18 }).to_le_bytes());
        put(20, &self.tag.to_le_bytes());
        put(22, &self.channels.to_le_bytes());
        put(24, &self.rate.to_le_bytes());
        put(28, &self.byte_rate().to_le_bytes());
        put(32, &self.block().to_le_bytes());
        put(34, &(self.sample * 8).to_le_bytes());
        if self.tag != PCM {
            // Behind the format there is the size of its extension: none. What is no PCM tells its samples in a `fact`.
            let samples = if data == UNKNOWN { UNKNOWN } else { data / u32::from(self.block().max(1)) };
            put(38, b"fact");
            put(42, &4u32.to_le_bytes());
            put(46, &samples.to_le_bytes());
        }
        put(length - 8, b"data");
        put(length - 4, &data.to_le_bytes());
        header
    }
}
