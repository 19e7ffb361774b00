//! How sound is written down.

use std::fmt;
use std::time::Duration;

use crate::Speaker;
use crate::wav::Layout;

/// How the sound of a session is written down: samples of all speakers in turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AudioFormat {
    /// How a sample is written.
    pub samples: SampleFormat,
    /// Samples per second and channel; at least one.
    pub rate: u32,
    /// Who is on which channel, in their order; at least one.
    pub speakers: Vec<Speaker>,
}

impl AudioFormat {
    /// Sound of these speakers, a channel each.
    pub fn new(samples: SampleFormat, rate: u32, speakers: impl IntoIterator<Item = Speaker>) -> Self {
        let mut speakers: Vec<_> = speakers.into_iter().collect();
        if speakers.is_empty() {
            speakers.push(Speaker::Mixed);
        }
        Self { samples, rate: rate.max(1), speakers }
    }

    /// The bytes of one sample of every channel.
    pub fn block(&self) -> usize {
        self.samples.bytes() * self.speakers.len()
    }

    /// A position so many samples from the beginning.
    pub fn position(&self, samples: u64) -> Position {
        Position { samples, rate: self.rate }
    }

    /// How many samples last so long, to the nearest one.
    pub fn samples_in(&self, length: Duration) -> u64 {
        let samples = (length.as_nanos() * u128::from(self.rate) + 500_000_000) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }
}

/// As a WAV file has it.
impl From<&AudioFormat> for Layout {
    fn from(format: &AudioFormat) -> Self {
        // A file cannot have more, and one without channels is refused.
        let channels = u16::try_from(format.speakers.len()).unwrap_or_default();
        match format.samples {
            SampleFormat::MuLaw => Self::mu_law(channels, format.rate),
            SampleFormat::Pcm16 => Self::pcm16(channels, format.rate),
        }
    }
}

/// A moment in the stream of a session. `Display` shows seconds: `12.345`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Samples of one channel from the beginning. Pauses and whatever was lost count.
    pub samples: u64,
    /// Samples per second.
    pub rate: u32,
}

impl Position {
    /// How long after the beginning it is.
    pub fn since_start(&self) -> Duration {
        let rate = u64::from(self.rate.max(1));
        let nanos = self.samples % rate * 1_000_000_000 / rate;
        Duration::new(self.samples / rate, u32::try_from(nanos).unwrap_or_default())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.since_start();
        f.pad(&format!("{}.{:03}", time.as_secs(), time.subsec_millis()))
    }
}

/// How a sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SampleFormat {
    /// G.711 µ-law: a byte.
    MuLaw,
    /// A signed number of 16 bits, the low byte first.
    Pcm16,
}

impl SampleFormat {
    /// Its size.
    pub fn bytes(self) -> usize {
        match self {
            Self::MuLaw => 1,
            Self::Pcm16 => 2,
        }
    }

    /// The byte that silence is made of.
    pub fn silence(self) -> u8 {
        match self {
            Self::MuLaw => 0xFF,
            Self::Pcm16 => 0,
        }
    }

    /// The sample that these bytes begin with.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<i16> {
        match self {
            Self::MuLaw => bytes.first().map(|byte| MU_LAW[usize::from(*byte)]),
            Self::Pcm16 => bytes.first_chunk().map(|bytes| i16::from_le_bytes(*bytes)),
        }
    }
}

/// What each byte of µ-law stands for.
static MU_LAW: [i16; 256] = mu_law();

/// ITU-T G.711, table 2: three bits for the segment, four within it, all inverted, the sign in the highest one.
const fn mu_law() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let bits = !(byte as u8);
        let (segment, step) = ((bits >> 4) & 7, (bits & 15) as i16);
        let loudness = (((step << 3) + 0x84) << segment) - 0x84;
        table[byte] = if bits & 0x80 == 0 { loudness } else { -loudness };
        byte += 1;
    }
    table
}
