//! Sound that resembles two people talking, made of integers alone.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use sha2::{Digest, Sha256};

use super::voice;
use crate::wav::Layout;

const SAMPLE_RATE: u32 = 8_000;
const SAMPLE_BYTES: u64 = 2;

/// About how many bytes a chunk has.
const CHUNK: usize = 64 * 1024;

/// How many different syllables each voice has.
const SYLLABLES: u32 = 6;

/// The longest pause, and into how many steps it is divided.
const PAUSE: usize = SAMPLE_RATE as usize / 2;
const PAUSE_STEPS: u32 = 10;

/// The sound of a call as a WAV file: 16-bit PCM, 8000 samples per second.
///
/// Customer and agent take turns; in stereo the customer is on the left and the agent on the right. The same number,
/// length and channels give the same bytes on every machine. Nothing is computed before it is asked for, and
/// [`chunks`](Self::chunks) takes the same little memory for a second and for a day.
///
/// ```
/// use std::time::Duration;
/// use connector_core::testing::Clip;
/// use connector_core::wav::Header;
///
/// let clip = Clip::stereo(7, Duration::from_secs(2));
/// let wav = clip.wav();
/// assert_eq!(wav.len() as u64, clip.len());
/// let header = Header::parse(&wav, Some(clip.len()))?;
/// assert_eq!((header.channels, header.duration()), (2, Some(Duration::from_secs(2))));
/// assert_eq!(clip.chunks().flatten().collect::<Vec<u8>>(), wav);
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clip {
    seed: u64,
    length: Duration,
    channels: Channels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Channels {
    Mixed,
    CustomerAndAgent,
}

impl Channels {
    /// Appends the samples of one speaker as bytes of the file; the other one is silent meanwhile.
    fn lay_out(self, samples: &[i16], speaker: usize, table: &mut Vec<u8>) {
        for sample in samples {
            let [low, high] = sample.to_le_bytes();
            match (self, speaker) {
                (Self::Mixed, _) => table.extend([low, high]),
                (Self::CustomerAndAgent, 0) => table.extend([low, high, 0, 0]),
                (Self::CustomerAndAgent, _) => table.extend([0, 0, low, high]),
            }
        }
    }
}

impl Clip {
    /// One channel with both voices.
    pub fn mono(seed: u64, length: Duration) -> Self {
        Self { seed, length, channels: Channels::Mixed }
    }

    /// The customer on the left, the agent on the right.
    pub fn stereo(seed: u64, length: Duration) -> Self {
        Self { seed, length, channels: Channels::CustomerAndAgent }
    }

    /// The number that it is made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How long it plays, to the sample below.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// 1 or 2.
    pub fn channels(&self) -> u16 {
        match self.channels {
            Channels::Mixed => 1,
            Channels::CustomerAndAgent => 2,
        }
    }

    /// Samples per second and channel.
    pub fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    /// The size of the WAV file in bytes.
    #[expect(clippy::len_without_is_empty, reason = "the file always has a header")]
    pub fn len(&self) -> u64 {
        self.header().len() as u64 + self.sound()
    }

    /// The WAV file.
    pub fn wav(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(usize::try_from(self.len()).unwrap_or_default());
        self.chunks().for_each(|chunk| file.extend_from_slice(&chunk));
        file
    }

    /// The WAV file in pieces of about 64 KiB, each computed when it is asked for.
    pub fn chunks(&self) -> Chunks {
        Chunks { header: Some(self.header()), left: self.sound(), talk: Talk::new(self) }
    }

    /// The sound alone as G.711 µ-law, as live sessions carry it: a byte a sample, all channels in turn.
    ///
    /// ```
    /// use std::time::Duration;
    /// use connector_core::testing::Clip;
    ///
    /// assert_eq!(Clip::stereo(7, Duration::from_secs(2)).mu_law().len(), 2 * 2 * 8_000);
    /// ```
    pub fn mu_law(&self) -> Vec<u8> {
        let samples = |pair: &[u8]| mu_law(i16::from_le_bytes([pair[0], pair[1]]));
        self.wav()[self.header().len()..].chunks_exact(2).map(samples).collect()
    }

    /// SHA-256 of the WAV file in lower-case hex.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        self.chunks().for_each(|chunk| hash.update(&chunk));
        hex::encode(hash.finalize())
    }

    fn header(&self) -> Vec<u8> {
        Layout::pcm16(self.channels(), SAMPLE_RATE).header(self.sound())
    }

    /// How many bytes of sound there are.
    fn sound(&self) -> u64 {
        let frames = u128::from(SAMPLE_RATE) * self.length.as_nanos() / 1_000_000_000;
        let frame = u64::from(self.channels()) * SAMPLE_BYTES;
        u64::try_from(frames).unwrap_or(u64::MAX).min(u64::MAX / 8) * frame
    }
}

/// ITU-T G.711: the sign, the segment and four bits within it, all inverted. What is louder than the loudest is that.
fn mu_law(sample: i16) -> u8 {
    let loudness = sample.unsigned_abs().min(32_635) + 0x84;
    let segment = 8 - loudness.leading_zeros();
    let step = (loudness >> (segment + 3)) & 0xF;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (segment << 4) as u8 | step as u8)
}

/// A WAV file in pieces: see [`Clip::chunks`].
#[derive(Debug)]
pub struct Chunks {
    header: Option<Vec<u8>>,
    left: u64,
    talk: Talk,
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut chunk = Vec::with_capacity(CHUNK);
        chunk.extend(self.header.take().unwrap_or_default());
        let room = usize::try_from(self.left).map_or(CHUNK, |left| (chunk.len() + left).min(CHUNK));
        let before = chunk.len();
        while chunk.len() < room {
            self.talk.speak(&mut chunk, room);
        }
        self.left -= (chunk.len() - before) as u64;
        (!chunk.is_empty()).then(|| chunk.into())
    }
}

/// Two voices that take turns. What they say is put together from one table of syllables.
#[derive(Debug)]
struct Talk {
    rng: Rng,
    /// The customer's syllables, the agent's syllables, and silence, as bytes of the file.
    table: Vec<u8>,
    /// Where the syllables of each speaker lie.
    syllables: [Vec<Range<usize>>; 2],
    silence: Range<usize>,
    speaker: usize,
    /// How many syllables are left before the other one speaks.
    turn: u32,
    /// What is said now, as far as it is not said yet.
    now: Range<usize>,
}

impl Talk {
    fn new(clip: &Clip) -> Self {
        let mut rng = Rng::with_seed(clip.seed);
        let mut table = Vec::new();
        let mut add = |samples: &[i16], speaker| {
            let start = table.len();
            clip.channels.lay_out(samples, speaker, &mut table);
            start..table.len()
        };
        let pitches = [rng.u32(170..230), rng.u32(95..140)];
        let syllables = [0, 1].map(|speaker| {
            (0..SYLLABLES).map(|_| add(&voice::syllable(&mut rng, pitches[speaker]), speaker)).collect::<Vec<_>>()
        });
        let silence = add(&[0; PAUSE], 0);
        // the agent speaks first
        Self { rng, table, syllables, silence, speaker: 1, turn: 9, now: 0..0 }
    }

    /// Adds what is said next, but never beyond `room` bytes.
    fn speak(&mut self, chunk: &mut Vec<u8>, room: usize) {
        if self.now.is_empty() {
            self.now = self.next();
        }
        let end = self.now.end.min(self.now.start + room - chunk.len());
        chunk.extend_from_slice(&self.table[self.now.start..end]);
        self.now.start = end;
    }

    /// The next syllable, or the silence before the other one speaks.
    fn next(&mut self) -> Range<usize> {
        if self.turn == 0 {
            self.turn = self.rng.u32(3..16);
            self.speaker = 1 - self.speaker;
            let steps = self.silence.len() / PAUSE_STEPS as usize;
            return self.silence.start..self.silence.start + steps * self.rng.u32(4..=PAUSE_STEPS) as usize;
        }
        self.turn -= 1;
        self.syllables[self.speaker][self.rng.u32(0..SYLLABLES) as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav::Header;
    use crate::{AudioFormat, Frame, SampleFormat, Speaker};

    fn samples(clip: &Clip) -> Vec<i16> {
        clip.wav()[44..].chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect()
    }

    #[test]
    fn the_bytes_never_change() {
        let second = Duration::from_secs(1);
        assert_eq!(Clip::mono(1, second).sha256(), "6bb71c619d8d92fe82974f1bac4bd583abeb22ae8ba844aaf04352a31b754d8f");
        assert_eq!(
            Clip::stereo(1, second).sha256(),
            "c6539964f0d9398c8619b7d9cdd7fc1ea7c7b22f6038d996a2e98b635b1c6f03"
        );
    }

    #[test]
    fn mu_law_is_what_is_decoded_to_it_and_silence_stays_silence() {
        // There are two zeroes.
        for byte in (0..=u8::MAX).filter(|byte| *byte != 0x7F) {
            assert_eq!(mu_law(decoded(byte)), byte);
        }
        for sample in (-32_635..=32_635).step_by(7) {
            let off = (i32::from(decoded(mu_law(sample))) - i32::from(sample)).abs();
            assert!(off * 32 <= i32::from(sample).abs() + 0x84, "{sample} is off by {off}");
        }
        assert_eq!((mu_law(0), mu_law(i16::MAX), mu_law(i16::MIN)), (0xFF, 0x80, 0x00));
        let clip = Clip::stereo(3, Duration::from_millis(2_047));
        let bytes: Vec<u8> = samples(&clip).into_iter().map(mu_law).collect();
        assert_eq!(clip.mu_law(), bytes);
    }

    fn decoded(byte: u8) -> i16 {
        let format = std::sync::Arc::new(AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Mixed]));
        let frame = Frame::new(&format, 0, vec![byte].into()).unwrap();
        frame.channel(Speaker::Mixed).next().unwrap()
    }

    #[test]
    fn every_number_gives_another_sound() {
        let hashes: std::collections::BTreeSet<_> =
            (0..200).map(|seed| Clip::mono(seed, Duration::from_millis(50)).sha256()).collect();
        assert_eq!(hashes.len(), 200);
    }

    #[test]
    fn the_pieces_are_the_file_and_the_header_is_right() {
        for millis in [0, 1, 49, 2_047, 4_093, 10_000] {
            for clip in [Clip::mono(3, Duration::from_millis(millis)), Clip::stereo(3, Duration::from_millis(millis))] {
                let wav = clip.wav();
                assert_eq!(wav.len() as u64, clip.len());
                let header = Header::parse(&wav, Some(clip.len())).unwrap();
                assert_eq!(header.data_len, Some(clip.len() - 44));
                assert_eq!((header.channels, header.duration()), (clip.channels(), Some(clip.length())));
                assert!(clip.chunks().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK));
                assert_eq!(clip.sha256(), hex::encode(Sha256::digest(&wav)));
            }
        }
    }

    #[test]
    fn both_are_heard_in_turns_and_on_their_own_side() {
        let minute = Duration::from_secs(60);
        for seed in 0..10 {
            let stereo = samples(&Clip::stereo(seed, minute));
            let loud = |side: usize| stereo.chunks_exact(2).filter(|frame| frame[side].unsigned_abs() > 500).count();
            assert!(loud(0) > 40_000 && loud(1) > 40_000, "{seed}: {} {}", loud(0), loud(1));
            assert!(stereo.chunks_exact(2).all(|frame| frame[0] == 0 || frame[1] == 0), "{seed}");
            let pauses = stereo.chunks(1_600).filter(|tenth| tenth.iter().all(|sample| *sample == 0)).count();
            assert!(pauses > 10, "{seed}: {pauses}");
            let both: Vec<i16> = stereo.chunks_exact(2).map(|frame| frame[0] + frame[1]).collect();
            assert_eq!(both, samples(&Clip::mono(seed, minute)), "{seed}");
        }
    }

    #[test]
    fn two_gib_come_in_small_pieces() {
        let clip = Clip::stereo(5, Duration::from_secs((2 << 30) / 32_000));
        let (mut total, mut largest) = (0, 0);
        for chunk in clip.chunks() {
            total += chunk.len() as u64;
            largest = largest.max(chunk.len());
        }
        assert_eq!((total, largest), (clip.len(), CHUNK));
    }

    #[test]
    fn a_clip_without_end_still_has_a_size() {
        let clip = Clip::stereo(5, Duration::MAX);
        assert!(clip.len() > u64::MAX / 4);
        assert_eq!(clip.chunks().next().unwrap().len(), CHUNK);
    }
}
