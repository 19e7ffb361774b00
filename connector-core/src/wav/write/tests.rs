use std::io;

use proptest::prelude::*;

use super::*;
use crate::wav::{Encoding, Header, repair};

/// A disk on which so many bytes can be written, in all, until it fails or the process dies.
#[derive(Default)]
struct Disk {
    bytes: Vec<u8>,
    at: usize,
    left: usize,
    /// Whether it failed in the middle of a header.
    is_torn: bool,
}

impl Disk {
    fn of(left: usize) -> Self {
        Self { left, ..Self::default() }
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.left);
        if length == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.resize(self.bytes.len().max(self.at + length), 0);
        self.bytes[self.at..self.at + length].copy_from_slice(&bytes[..length]);
        self.is_torn = self.at == 0 && length < bytes.len();
        (self.at, self.left) = (self.at + length, self.left - length);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else { panic!("{to:?}") };
        self.at = at as usize;
        Ok(at)
    }
}

/// So few samples a second that the header is written often.
const RATE: u32 = 5;

/// Writes these pieces, as far as it goes.
fn write(disk: &mut Disk, layout: Layout, pieces: &[Vec<u8>]) -> Result<()> {
    let mut writer = Writer::new(disk, layout)?;
    for piece in pieces {
        writer.write(piece)?;
    }
    writer.finish().map(drop)
}

/// As [`repair`], for what lies on a disk.
fn repaired(bytes: &[u8]) -> Result<(Option<Header>, Vec<u8>)> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), bytes)?;
    let header = repair(file.path())?;
    Ok((header, std::fs::read(file.path())?))
}

fn layouts() -> impl Strategy<Value = Layout> {
    prop_oneof![
        Just(Layout::mu_law(1, RATE)),
        Just(Layout::mu_law(2, RATE)),
        Just(Layout::mu_law(3, RATE)),
        Just(Layout::pcm16(1, RATE)),
        Just(Layout::pcm16(2, RATE)),
    ]
}

/// A session: a layout, and pieces of sound in it, none of which is 0.
fn sessions() -> impl Strategy<Value = (Layout, Vec<Vec<u8>>)> {
    (layouts(), prop::collection::vec(0usize..70, 0..12)).prop_map(|(layout, lengths)| {
        let mut next = 0u8;
        let mut sound = |samples: usize| {
            let bytes = samples * usize::from(layout.block());
            (0..bytes)
                .map(|_| {
                    next = next % 251 + 1;
                    next
                })
                .collect()
        };
        let pieces = lengths.into_iter().map(&mut sound).collect();
        (layout, pieces)
    })
}

proptest! {
    #[test]
    fn whatever_is_on_the_disk_when_the_process_dies_can_be_read_and_repaired(
        (layout, pieces) in sessions(),
        cut in 0.0..1.1f64,
    ) {
        let mut whole = Disk::of(usize::MAX);
        write(&mut whole, layout, &pieces).unwrap();
        let total = usize::MAX - whole.left;
        let mut disk = Disk::of((total as f64 * cut) as usize);
        let _ = write(&mut disk, layout, &pieces);

        let (start, block) = (layout.header_len(), usize::from(layout.block()));
        let sound: Vec<u8> = pieces.concat();
        let on_disk = disk.bytes.len().saturating_sub(start).min(sound.len());
        if disk.bytes.len() >= start {
            let size = disk.bytes.len() as u64;
            let header = Header::parse(&disk.bytes, Some(size)).unwrap();
            let told = header.data_len.unwrap() as usize;
            prop_assert!(told <= on_disk, "{told} of {on_disk}");
            prop_assert!(disk.is_torn || on_disk - told <= 2 * layout.byte_rate() as usize, "{told} of {on_disk}");
            prop_assert!(!header.is_cut_short(size));
        }

        let (header, file) = repaired(&disk.bytes).unwrap();
        let kept = on_disk / block * block;
        prop_assert_eq!(header.map(|header| header.data_len.unwrap() as usize), (kept > 0).then_some(kept));
        if kept > 0 {
            prop_assert_eq!(&file[start..start + kept], &sound[..kept]);
            prop_assert_eq!(file.len(), start + kept + kept % 2, "an even size");
            prop_assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize, file.len() - 8);
            let (again, twice) = repaired(&file).unwrap();
            prop_assert_eq!((again.is_some(), twice), (true, file));
        } else {
            prop_assert_eq!(file, disk.bytes, "nothing is changed");
        }
    }

    #[test]
    fn a_finished_file_is_as_long_as_its_sound_and_not_repaired((layout, pieces) in sessions()) {
        let mut disk = Disk::of(usize::MAX);
        write(&mut disk, layout, &pieces).unwrap();
        let header = Header::parse(&disk.bytes, Some(disk.bytes.len() as u64)).unwrap();
        let sound = pieces.concat();
        prop_assert_eq!(header.data_len, Some(sound.len() as u64));
        prop_assert_eq!(&disk.bytes[layout.header_len()..][..sound.len()], &sound);
        prop_assert_eq!(repaired(&disk.bytes).unwrap().1, disk.bytes);
    }
}

#[test]
fn a_repair_that_is_cut_short_can_be_done_again() {
    // A repair cuts off, writes the header, then makes the size even: as it may lie there before the last step.
    let mut disk = Disk::of(usize::MAX);
    write(&mut disk, Layout::mu_law(1, RATE), &[vec![7; 9]]).unwrap();
    let whole = disk.bytes.clone();
    disk.bytes.pop();
    assert_eq!(repaired(&disk.bytes).unwrap().1, whole);
}

#[test]
fn the_header_of_mu_law_has_what_the_format_asks_for() {
    let mut disk = Disk::of(usize::MAX);
    write(&mut disk, Layout::mu_law(2, 8_000), &[vec![0xFF; 16]]).unwrap();
    let expected = b"RIFF\x42\0\0\0WAVEfmt \x12\0\0\0\x07\0\x02\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x08\0\0\0\
        fact\x04\0\0\0\x08\0\0\0data\x10\0\0\0";
    assert_eq!(&disk.bytes[..58], expected);
    let header = Header::parse(&disk.bytes, Some(74)).unwrap();
    assert_eq!((header.encoding, header.block_align, header.bits, header.data_start), (Encoding::MuLaw, 2, 8, 58));
}

#[test]
fn silence_is_that_of_the_encoding() {
    for (layout, byte) in [(Layout::mu_law(3, 8_000), 0xFF), (Layout::pcm16(2, 8_000), 0)] {
        let mut writer = Writer::new(Disk::of(usize::MAX), layout).unwrap();
        writer.write(&vec![7; layout.block().into()]).unwrap();
        writer.silence(20_000).unwrap();
        assert_eq!(writer.samples(), 20_001);
        let file = writer.finish().unwrap().bytes;
        let silent = &file[layout.header_len() + usize::from(layout.block())..];
        assert!(silent[..20_000 * usize::from(layout.block())].iter().all(|sample| *sample == byte));
    }
}

#[test]
fn a_full_disk_costs_what_finds_no_room_and_nothing_else() {
    let layout = Layout::mu_law(1, 8_000);
    let mut writer = Writer::new(Disk::of(58 + 13), layout).unwrap();
    writer.write(&[1; 10]).unwrap();
    assert!(writer.write(&[2; 10]).unwrap_err().is_storage());
    assert_eq!(writer.samples(), 10);
    // Somebody made room.
    writer.to.left = 1_000;
    writer.write(&[3; 2]).unwrap();
    let file = writer.finish().unwrap().bytes;
    assert_eq!(file[58..70], [&[1; 10][..], &[3; 2]].concat());
    assert_eq!(Header::parse(&file, None).unwrap().data_len, Some(12));
}

#[test]
fn what_no_wav_file_can_hold_is_refused() {
    for layout in [Layout::mu_law(0, 8_000), Layout::mu_law(2, 0), Layout::pcm16(40_000, 1), Layout::pcm16(2, 1 << 31)]
    {
        assert!(Writer::new(Disk::of(1_000), layout).unwrap_err().is_config(), "{layout:?}");
    }
    let mut writer = Writer::new(Disk::of(1_000), Layout::pcm16(2, 8_000)).unwrap();
    assert!(writer.write(&[0; 3]).unwrap_err().is_invalid());
    for samples in [1 << 30, u64::MAX] {
        assert!(writer.silence(samples).unwrap_err().is_too_large());
    }
    writer.written = MOST - 3;
    assert!(writer.write(&[0; 4]).unwrap_err().is_too_large());
    assert_eq!(writer.to.bytes.len(), 44, "nothing of it is written");
    let most = Layout::mu_law(1, 8_000).header(MOST);
    assert_eq!(Header::parse(&most, Some(58 + MOST)).unwrap().data_len, Some(MOST), "its size can be told");
}
