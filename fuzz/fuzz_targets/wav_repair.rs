//! Recordings that were cut: one of ours tells all of its sound afterwards, one of somebody else stays as it is.
#![no_main]

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use connector_core::wav::{Encoding, Header, Layout, Writer, repair};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u16, u8, &[u8], u32, Option<u8>, u8)| {
    let (layout, seconds, channels, sound, cut, over, is_finished) = input;
    let path = std::env::temp_dir().join(format!("fuzz-wav-{}", std::process::id()));
    foreign(&path, sound);
    let rate = [1, 8_000, 44_100][usize::from(layout / 2) % 3];
    let channels = u16::from(channels % 4) + 1;
    let layout = if layout % 2 == 0 { Layout::mu_law(channels, rate) } else { Layout::pcm16(channels, rate) };
    let file = written(layout, u64::from(seconds), sound, is_finished % 2 == 0);
    ours(&path, layout, &file, cut as usize % (file.len() + 1), over);
});

/// A file of ours, as it lies there when the process dies.
fn written(layout: Layout, samples: u64, sound: &[u8], is_finished: bool) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut writer = Writer::new(&mut file, layout).expect("a possible layout");
    let whole = sound.len() - sound.len() % usize::from(layout.block());
    writer.silence(samples).expect("it fits");
    writer.write(&sound[..whole]).expect("whole samples");
    if is_finished {
        writer.finish().expect("memory is no disk");
    }
    file.into_inner()
}

/// Cut where the disk lost the rest, and with the sizes overwritten, as a machine that failed in between may do it.
fn ours(path: &PathBuf, layout: Layout, file: &[u8], cut: usize, over: Option<u8>) {
    let (start, block) = (if file[20] == 1 { 44 } else { 58 }, usize::from(layout.block()));
    let mut file = file[..cut].to_vec();
    if let (Some(byte), true) = (over, cut >= start) {
        file[start - 4..start].fill(byte);
        file[4..8].fill(byte);
    }
    let whole = cut.saturating_sub(start) / block * block;
    let told = check(path, &file).expect("it was begun by us");
    let Some(header) = told else { return assert_eq!(whole, 0, "sound was given up") };
    let told = usize::try_from(header.data_len.expect("a size")).expect("it was in memory");
    // An odd file has one byte more, which is sound as long as its header does not say otherwise.
    assert!(told == whole || told + block >= whole && over.is_none(), "{told} of {whole} bytes");
    let after = fs::read(path).expect("a file that can be read");
    assert_eq!(&after[start..start + told], &file[start..start + told], "the sound is another one");
}

/// Any bytes.
fn foreign(path: &PathBuf, bytes: &[u8]) {
    let is_like_ours = Header::parse(bytes, Some(bytes.len() as u64)).is_ok_and(|header| {
        matches!(header.encoding, Encoding::MuLaw | Encoding::Pcm) && matches!(header.data_start, 44 | 58)
    });
    if let Ok(Some(_)) = check(path, bytes) {
        assert!(is_like_ours, "a file of somebody else was changed");
    }
}

/// Repairs a file twice. It is read as what it is said to be, and is as it was where there is nothing to be said.
fn check(path: &PathBuf, bytes: &[u8]) -> Result<Option<Header>, ()> {
    fs::write(path, bytes).expect("a file that can be written");
    let told = repair(path).map_err(drop);
    let after = fs::read(path).expect("a file that can be read");
    let Ok(Some(header)) = &told else {
        assert_eq!(after, bytes, "changed, and not repaired");
        return told;
    };
    let size = after.len() as u64;
    assert_eq!(Header::parse(&after, Some(size)).as_ref().ok(), Some(header));
    assert!(
        !header.is_cut_short(size) && header.data_len.is_some_and(|len| len > 0 && header.data_start + len <= size)
    );
    assert_eq!(repair(path).map_err(drop), told, "what is repaired is as it is");
    assert_eq!(fs::read(path).expect("a file that can be read"), after);
    told
}
