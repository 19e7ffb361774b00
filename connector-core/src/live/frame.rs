//! Sound, and the samples in it.

use std::fmt;
use std::iter::StepBy;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::{AudioFormat, Position, SampleFormat};
use crate::{Error, Result, Speaker};

/// Sound, some samples of every channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where its first sample belongs.
    pub position: Position,
    format: Arc<AudioFormat>,
    bytes: Bytes,
}

impl Frame {
    /// Sound at so many samples from the beginning.
    ///
    /// # Errors
    /// `is_invalid` when the bytes are no whole samples of all channels.
    pub fn new(format: &Arc<AudioFormat>, at: u64, bytes: Bytes) -> Result<Self> {
        if !bytes.len().is_multiple_of(format.block()) {
            let what = format!("sound of {} bytes, where a sample of all channels has {}", bytes.len(), format.block());
            return Err(Error::invalid(what));
        }
        Ok(Self { position: format.position(at), format: format.clone(), bytes })
    }

    /// How the sound is written down.
    pub fn format(&self) -> &AudioFormat {
        &self.format
    }

    /// How many samples of each channel there are.
    pub fn samples(&self) -> u64 {
        (self.bytes.len() / self.format.block()) as u64
    }

    /// Where the sample after its last one belongs.
    pub fn end(&self) -> u64 {
        self.position.samples.saturating_add(self.samples())
    }

    /// The samples as they are written down, of all channels in turn.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The samples of a speaker as 16-bit numbers; none where the speaker has no channel.
    pub fn channel(&self, speaker: Speaker) -> Samples<'_> {
        let (size, block) = (self.format.samples.bytes(), self.format.block());
        let start = self.format.speakers.iter().position(|known| *known == speaker);
        let start = start.map_or(self.bytes.len(), |channel| channel * size);
        Samples { bytes: &self.bytes, format: self.format.samples, starts: (start..self.bytes.len()).step_by(block) }
    }
}

/// The sound itself is not shown.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} samples at {})", self.samples(), self.position)
    }
}

/// The samples of one channel, as 16-bit numbers.
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    bytes: &'a [u8],
    format: SampleFormat,
    starts: StepBy<Range<usize>>,
}

impl Iterator for Samples<'_> {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        let start = self.starts.next()?;
        self.format.decode(self.bytes.get(start..)?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.starts.size_hint()
    }
}

impl ExactSizeIterator for Samples<'_> {}
