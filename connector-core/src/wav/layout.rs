//! How the sound of the files that we write is laid out, and how they begin.

use super::UNKNOWN;

/// The longest header that is written.
pub(super) const LONGEST: usize = 58;

/// The most bytes of sound whose size a header can tell.
pub(super) const MOST: u64 = (u32::MAX - LONGEST as u32 - 1) as u64;

/// How the sound of a file that is written is laid out, and what the file begins with.
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
    #[cfg(feature = "files")]
    pub(crate) fn most_samples(&self) -> u64 {
        MOST / u64::from(self.block().max(1))
    }

    /// That of a file that begins so: its first 58 bytes are enough. `None` unless it was written with one.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let u16_at = |at: usize| Some(u16::from_le_bytes(*beginning.get(at..)?.first_chunk()?));
        let rate = u32::from_le_bytes(*beginning.get(24..)?.first_chunk()?);
        let layout = match u16_at(20)? {
            PCM => Self::pcm16(u16_at(22)?, rate),
            MU_LAW => Self::mu_law(u16_at(22)?, rate),
            _ => return None,
        };
        let mut found = beginning.get(..layout.header_len())?.to_vec();
        let told = u32::from_le_bytes(*found.last_chunk()?);
        // All but the sizes, which a crash may have left half-written, is as we write it.
        let expected = layout.header(told.into());
        for &at in layout.sizes() {
            found[at..at + 4].copy_from_slice(&expected[at..at + 4]);
        }
        (found == expected && layout.is_possible()).then_some(layout)
    }

    /// What stands before so many bytes of sound. Behind an odd number of them there is one more, which is no sound. More
    /// than 4 GiB are announced as of unknown length.
    ///
    /// ```
    /// use connector_core::wav::Layout;
    /// let header = Layout::pcm16(2, 8_000).header(64);
    /// assert_eq!((header.len(), &header[..4], &header[40..]), (44, &b"RIFF"[..], &64u32.to_le_bytes()[..]));
    /// assert_eq!(Layout::of(&header), Some(Layout::pcm16(2, 8_000)));
    /// ```
    pub fn header(&self, data_len: u64) -> Vec<u8> {
        let length = self.header_len();
        let known = u32::try_from(data_len).ok();
        let known = known.and_then(|data| Some((data.checked_add(length as u32 - 8 + data % 2)?, data)));
        let (riff, data) = known.unwrap_or((UNKNOWN, UNKNOWN));
        let is_pcm = self.tag == PCM;
        let mut header = Vec::with_capacity(length);
        let mut put = |bytes: &[u8]| header.extend_from_slice(bytes);
        put(b"RIFF");
        put(&riff.to_le_bytes());
        put(b"WAVEfmt ");
        put(&(if is_pcm { 16u32 } else { 18 }).to_le_bytes());
        put(&self.tag.to_le_bytes());
        put(&self.channels.to_le_bytes());
        put(&self.rate.to_le_bytes());
        put(&self.byte_rate().to_le_bytes());
        put(&self.block().to_le_bytes());
        put(&(self.sample * 8).to_le_bytes());
        if !is_pcm {
            // The size of the format's extension: none. What is no PCM tells its samples in a `fact`.
            let samples = if data == UNKNOWN { UNKNOWN } else { data / u32::from(self.block().max(1)) };
            put(&0u16.to_le_bytes());
            put(b"fact");
            put(&4u32.to_le_bytes());
            put(&samples.to_le_bytes());
        }
        put(b"data");
        put(&data.to_le_bytes());
        header
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

    /// Bytes per second.
    pub(super) fn byte_rate(&self) -> u32 {
        self.rate.saturating_mul(self.block().into())
    }

    /// The size of the header.
    pub(super) fn header_len(&self) -> usize {
        if self.tag == PCM { 44 } else { LONGEST }
    }

    /// Where the sizes stand.
    fn sizes(&self) -> &'static [usize] {
        if self.tag == PCM { &[4, 40] } else { &[4, 46, 54] }
    }
}
