use super::*;
use crate::wav::Writer;

fn repaired(bytes: &[u8]) -> (Result<Option<Header>>, Vec<u8>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    (repair(file.path()), std::fs::read(file.path()).unwrap())
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let mut with_a_list = [&Layout::pcm16(1, 8_000).header(4)[..], &[0; 4], b"LIST\x04\0\0\0INFO"].concat();
    let of_24_bits = include_bytes!("../../../tests/fixtures/wav/pcm24.wav").to_vec();
    with_a_list[36..40].copy_from_slice(b"LIST");
    let endless = [&Layout::pcm16(0, 8_000).header(4)[..], &[0; 4]].concat();
    for file in
        [with_a_list, of_24_bits, endless, b"RIFX".to_vec(), b"a text that is no sound at all, but long".to_vec()]
    {
        let (result, after) = repaired(&file);
        assert!(result.unwrap_err().is_invalid());
        assert_eq!(after, file);
    }
}

#[test]
fn a_header_that_promises_more_than_there_is_tells_what_there_is() {
    // As after a failure of the machine, when the disk had the header and not all of the sound.
    let file = [&Layout::pcm16(2, 8_000).header(8_000)[..], &[7; 403]].concat();
    let (header, after) = repaired(&file);
    assert_eq!(header.unwrap().unwrap().data_len, Some(400));
    assert_eq!(after, [&Layout::pcm16(2, 8_000).header(400)[..], &[7; 400]].concat());
}

#[test]
fn a_file_without_one_whole_sample_is_none() {
    let mut writer = Writer::new(std::io::Cursor::new(Vec::new()), Layout::pcm16(2, 8_000)).unwrap();
    writer.write(&[]).unwrap();
    let empty = writer.finish().unwrap().into_inner();
    for length in 0..=empty.len() {
        let (header, after) = repaired(&empty[..length]);
        assert_eq!((header.unwrap(), &after[..]), (None, &empty[..length]), "{length} bytes");
    }
    assert_eq!(repaired(&[&empty[..], &[0; 3]].concat()).0.unwrap(), None);
    assert!(repair("/nowhere/at-all.wav").unwrap_err().is_not_found());
}
