//! A stretch of a WAV file as a WAV file of its own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use connector_core::wav::{Header, Layout};
use connector_core::{Error, Result};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};

use super::disk::{failed, on_disk};

/// How much is read at once, in bytes.
const PIECE: u64 = 256 << 10;

/// A file of sound that is open: one that we have recorded.
#[derive(Debug)]
pub(crate) struct SoundFile {
    file: File,
    layout: Layout,
    /// Where its samples lie.
    data: Range<u64>,
}

impl SoundFile {
    /// Opens a file; none where there is no such file.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let size = file.metadata().map_err(|error| failed(&error))?.len();
        let mut beginning = Vec::new();
        (&mut file).take(Header::PREFIX as u64).read_to_end(&mut beginning).map_err(|error| failed(&error))?;
        let unknown = || Error::invalid("this is no file that we have recorded");
        let layout = Layout::of(&beginning).ok_or_else(unknown)?;
        let data = Header::parse(&beginning, Some(size))?.data_in(size);
        Ok(Some(Self { file, layout, data }))
    }

    /// How many samples of each channel there are.
    pub(crate) fn samples(&self) -> u64 {
        (self.data.end - self.data.start) / self.block()
    }

    /// A stretch of it, as far as it is there: a header and its samples, read piece by piece.
    pub(crate) fn part(&self, samples: &Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        let block = self.block();
        let end = samples.end.min(self.samples());
        let from = samples.start.min(end);
        let bytes = (end - from) * block;
        let start = self.data.start + from * block;
        let file = self.file.try_clone().map_err(|error| failed(&error))?;
        let beginning = stream::iter([Ok(Bytes::from(self.layout.header(bytes)))]);
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

    /// Bytes of one sample of every channel.
    fn block(&self) -> u64 {
        self.layout.block().into()
    }
}

fn read(mut file: File, at: u64, len: u64) -> Result<(File, Bytes)> {
    let mut piece = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut piece));
    read.map_err(|error| failed(&error))?;
    Ok((file, piece.into()))
}

#[cfg(test)]
mod tests {
    use connector_core::wav::Writer;
    use futures_util::TryStreamExt;
    use proptest::prelude::*;

    use super::*;

    fn recorded(layout: Layout, samples: u64) -> (tempfile::TempDir, Vec<u8>) {
        let home = tempfile::tempdir().unwrap();
        let sound: Vec<u8> = (0..samples * u64::from(layout.block())).map(|byte| (byte % 251) as u8).collect();
        let mut writer = Writer::new(File::create(home.path().join("s.wav")).unwrap(), layout).unwrap();
        writer.write(&sound).unwrap();
        writer.finish().unwrap();
        (home, sound)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Whatever is cut out is a file of its own with exactly those samples, as far as they are there.
        #[test]
        fn a_part_is_a_file_with_exactly_its_samples(
            channels in 1u16..3, is_pcm in any::<bool>(), samples in 0u64..300_000, from in 0u64..300_000, length in 1u64..300_000,
        ) {
            let layout = if is_pcm { Layout::pcm16(channels, 8_000) } else { Layout::mu_law(channels, 8_000) };
            let (home, sound) = recorded(layout, samples);
            let source = SoundFile::open(&home.path().join("s.wav")).unwrap().unwrap();
            prop_assert_eq!(source.samples(), samples);
            let pieces = source.part(&(from..from + length)).unwrap().try_collect::<Vec<_>>();
            let pieces = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pieces).unwrap();
            let file = pieces.concat();
            let header = Header::parse(&file, Some(file.len() as u64)).unwrap();
            let block = u64::from(layout.block());
            let there = (from.min(samples) * block) as usize..((from + length).min(samples) * block) as usize;
            prop_assert_eq!(header.data_len, Some(there.len() as u64));
            prop_assert_eq!((header.channels, header.sample_rate), (channels, 8_000));
            let data = header.data_start as usize..header.data_start as usize + there.len();
            prop_assert!(file[data] == sound[there]);
            prop_assert_eq!(file.len() % 2, 0, "padded");
            let riff = u32::from_le_bytes(*file[4..].first_chunk().unwrap());
            prop_assert_eq!(riff as usize, file.len() - 8);
            if !is_pcm {
                let told = u32::from_le_bytes(*file[46..].first_chunk().unwrap());
                prop_assert_eq!(u64::from(told) * block, header.data_len.unwrap());
            }
        }
    }

    #[test]
    fn what_we_have_not_recorded_is_not_cut() {
        let home = tempfile::tempdir().unwrap();
        assert!(SoundFile::open(&home.path().join("none.wav")).unwrap().is_none());
        std::fs::write(home.path().join("text.wav"), "no sound").unwrap();
        assert!(SoundFile::open(&home.path().join("text.wav")).unwrap_err().is_invalid());
    }
}
