//! How a sample is written.

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
