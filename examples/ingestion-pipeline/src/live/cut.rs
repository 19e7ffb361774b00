//! A stretch of a WAV file as a WAV file of its own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use connector_core::wav::{Encoding, Header};
use connector_core::{AudioFormat, Error, Result, SampleFormat, Speaker};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};

use super::spool::{failed, on_disk};
use super::stand_in::header;

/// How much is read at once, in bytes.
const PIECE: u64 = 256 << 10;

/// A file of sound that is open.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    format: AudioFormat,
    /// Where its samples lie.
    data: Range<u64>,
}

impl Source {
    /// Opens a file whose channels are those of these speakers; none where there is no such file, or no sound in it.
    pub(crate) fn open(path: &Path, speakers: &[Speaker]) -> Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let size = file.metadata().map_err(|error| failed(&error))?.len();
        let mut beginning = Vec::new();
        (&mut file).take(Header::PREFIX as u64).read_to_end(&mut beginning).map_err(|error| failed(&error))?;
        let header = Header::parse(&beginning, Some(size))?;
        let samples = match (header.encoding, header.bits) {
            (Encoding::MuLaw, _) => SampleFormat::MuLaw,
            (Encoding::Pcm, 16) => SampleFormat::Pcm16,
            (other, bits) => return Err(Error::bug(format!("recorded as {other} of {bits} bits"))),
        };
        let format = AudioFormat::new(samples, header.sample_rate, speakers.iter().copied());
        if format.block() != usize::from(header.block_align) {
            return Err(Error::bug(format!("{} channels recorded for {} speakers", header.channels, speakers.len())));
        }
        Ok(Some(Self { file, format, data: header.data_in(size) }))
    }

    /// How many samples of each channel there are.
    pub(crate) fn samples(&self) -> u64 {
        (self.data.end - self.data.start) / self.format.block() as u64
    }

    /// A stretch of it, as far as it is there: a header and its samples, read piece by piece.
    pub(crate) fn part(&self, samples: &Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        let block = self.format.block() as u64;
        let end = samples.end.min(self.samples());
        let from = samples.start.min(end);
        let bytes = (end - from) * block;
        let start = self.data.start + from * block;
        let file = self.file.try_clone().map_err(|error| failed(&error))?;
        let beginning = stream::iter([Ok(Bytes::from(header(&self.format, bytes)))]);
        let pieces = stream::try_unfold((file, start, bytes), |(file, at, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let (file, piece) = on_disk(move || read(file, at, left.min(PIECE))).await?;
            let len = piece.len() as u64;
            Ok(Some((piece, (file, at + len, left - len))))
        });
        let pad = stream::iter((bytes % 2 == 1).then(|| Ok(Bytes::from_static(&[0]))));
        Ok(beginning.chain(pieces).chain(pad).boxed())
    }
}

fn read(mut file: File, at: u64, len: u64) -> Result<(File, Bytes)> {
    let mut piece = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut piece));
    read.map_err(|error| failed(&error))?;
    Ok((file, piece.into()))
}
