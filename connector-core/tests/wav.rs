//! WAV headers written by other programs, by nobody, and by somebody with bad intentions.

use std::time::Duration;

use connector_core::Error;
use connector_core::wav::{Encoding, Header, Layout};
use proptest::prelude::*;

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!("fixtures/wav/", $name)).as_slice())
    };
}

/// Name and content; what soxi says: encoding, channels, rate, bits, samples of each channel.
type Fixture = ((&'static str, &'static [u8]), Encoding, u16, u32, u16, u64);

const FIXTURES: [Fixture; 12] = [
    (fixture!("pcm16-mono.wav"), Encoding::Pcm, 1, 8_000, 16, 1_600),
    (fixture!("pcm16-stereo.wav"), Encoding::Pcm, 2, 8_000, 16, 1_600),
    (fixture!("pcm8.wav"), Encoding::Pcm, 1, 8_000, 8, 1_600),
    (fixture!("pcm24.wav"), Encoding::Pcm, 1, 8_000, 24, 1_600),
    (fixture!("pcm32.wav"), Encoding::Pcm, 1, 8_000, 32, 1_600),
    (fixture!("float32.wav"), Encoding::Float, 1, 8_000, 32, 1_600),
    (fixture!("mu-law.wav"), Encoding::MuLaw, 1, 8_000, 8, 1_600),
    (fixture!("a-law.wav"), Encoding::ALaw, 1, 8_000, 8, 1_600),
    (fixture!("gsm.wav"), Encoding::Gsm, 1, 8_000, 0, 1_600),
    (fixture!("odd.wav"), Encoding::Pcm, 1, 8_000, 8, 801),
    (fixture!("speech.wav"), Encoding::Pcm, 1, 22_050, 16, 2_905),
    // soxi believes the header of this one (715826517 samples); the file it was made of has 1600.
    (fixture!("piped.wav"), Encoding::Pcm, 1, 8_000, 24, 1_600),
];

fn parse(file: &[u8]) -> Result<Header, Error> {
    Header::parse(file, Some(file.len() as u64))
}

/// A file of these chunks; their sizes are as given, whatever they hold.
fn riff(chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    for (name, size, content) in chunks {
        file.extend_from_slice(*name);
        file.extend_from_slice(&size.to_le_bytes());
        file.extend_from_slice(content);
    }
    let size = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

/// The content of a format chunk: one second of sound has `rate * align` bytes.
fn format(tag: u16, channels: u16, rate: u32, align: u16, bits: u16) -> Vec<u8> {
    let mut format = Vec::new();
    format.extend(tag.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(align)).to_le_bytes());
    format.extend(align.to_le_bytes());
    format.extend(bits.to_le_bytes());
    format
}

#[test]
fn headers_of_other_programs_are_read_as_soxi_reads_them() {
    for ((name, file), encoding, channels, rate, bits, samples) in FIXTURES {
        let header = parse(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (header.encoding, header.channels, header.sample_rate, header.bits),
            (encoding, channels, rate, bits),
            "{name}"
        );
        let nanos = samples * 1_000_000_000 / u64::from(rate);
        assert_eq!(header.duration(), Some(Duration::from_nanos(nanos)), "{name}");
        assert!(!header.is_cut_short(file.len() as u64), "{name}");
    }
}

#[test]
fn an_encoding_without_a_name_keeps_its_tag_and_goes_by_its_byte_rate() {
    let header = parse(include_bytes!("fixtures/wav/ima-adpcm.wav")).unwrap();
    assert_eq!(header.encoding, Encoding::Other(0x11));
    assert_eq!(header.encoding.to_string(), "format 0x0011");
    // soxi: 2020 samples, 0.2525 s; the byte rate is a whole number and so a little off.
    assert!(header.duration().unwrap().abs_diff(Duration::from_micros(252_500)) < Duration::from_millis(1));
}

#[test]
fn the_size_of_a_file_written_into_a_pipe_is_the_size_of_the_file() {
    for (piped, whole) in [
        (include_bytes!("fixtures/wav/piped.wav").as_slice(), include_bytes!("fixtures/wav/pcm24.wav").as_slice()),
        (include_bytes!("fixtures/wav/speech-piped.wav"), include_bytes!("fixtures/wav/speech.wav")),
    ] {
        assert_eq!(parse(piped).unwrap(), parse(whole).unwrap());
        assert_eq!(Header::parse(piped, None).unwrap().data_len, None);
    }
}

#[test]
fn sizes_that_no_writer_can_mean_are_taken_from_the_file() {
    let mut file = include_bytes!("fixtures/wav/pcm16-mono.wav").to_vec();
    for (riff, data) in [(0u32, 0u32), (u32::MAX, u32::MAX), (36, 0), (0, u32::MAX)] {
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        file[40..44].copy_from_slice(&data.to_le_bytes());
        let header = parse(&file).unwrap();
        assert_eq!((header.data_start, header.data_len), (44, Some(3200)), "{riff} {data}");
        assert_eq!(Header::parse(&file, None).unwrap().duration(), None, "{riff} {data}");
    }
    file[4..8].copy_from_slice(&0u32.to_le_bytes());
    file[40..44].copy_from_slice(&3200u32.to_le_bytes());
    assert_eq!(Header::parse(&file, None).unwrap().data_len, Some(3200));
}

#[test]
fn a_finished_recording_of_nothing_is_empty_whatever_follows_it() {
    let file = riff(&[(b"fmt ", 16, &format(1, 1, 8_000, 2, 16)), (b"data", 0, b""), (b"LIST", 4, b"INFO")]);
    assert_eq!(parse(&file).unwrap().duration(), Some(Duration::ZERO));
}

#[test]
fn every_cut_is_noticed() {
    for ((name, file), ..) in FIXTURES {
        let whole = parse(file).unwrap();
        let (start, len) = (whole.data_start as usize, whole.data_len.unwrap() as usize);
        for end in 0..file.len() {
            let size = end as u64;
            match parse(&file[..end]) {
                Err(error) => assert!(end < start && error.is_invalid(), "{name} to {end}: {error}"),
                Ok(header) => {
                    assert!(end >= start, "{name} to {end}");
                    let expected = name != "piped.wav" && end < start + len;
                    assert_eq!(header.is_cut_short(size), expected, "{name} to {end}");
                    assert_eq!(header.data_in(size).end, size.min((start + len) as u64), "{name} to {end}");
                }
            }
        }
    }
}

#[test]
fn too_few_bytes_of_a_longer_file_are_an_answer() {
    for ((name, file), ..) in FIXTURES {
        let whole = parse(file).unwrap();
        for end in 0..whole.data_start as usize {
            for size in [Some(file.len() as u64), None] {
                let error = Header::parse(&file[..end], size).unwrap_err();
                assert!(error.is_too_large(), "{name} to {end}: {error}");
            }
        }
        let just_enough = Header::parse(&file[..whole.data_start as usize], Some(file.len() as u64));
        assert_eq!(just_enough.unwrap(), whole, "{name}");
    }
    let only_a_header = Layout::pcm16(1, 8_000).header(0);
    assert!(Header::parse(&only_a_header[..43], Some(44)).unwrap_err().is_too_large());
    assert!(Header::parse(&only_a_header[..43], Some(43)).unwrap_err().is_invalid());
}

#[test]
fn chunks_before_the_sound_are_skipped_in_any_order() {
    let mulaw = format(7, 1, 8_000, 1, 8);
    let file = riff(&[
        (b"bext", 5, b"abcde\0"),
        (b"fmt ", 16, &mulaw),
        (b"fact", 4, &[0; 4]),
        (b"LIST", 3, b"abc\0"),
        (b"data", 3, b"123\0"),
    ]);
    let header = parse(&file).unwrap();
    assert_eq!((header.encoding, header.data_start, header.data_len), (Encoding::MuLaw, 82, Some(3)));
}

#[test]
fn a_sub_format_is_a_tag_only_with_the_right_guid() {
    let file = include_bytes!("fixtures/wav/pcm24.wav");
    let mut other = file.to_vec();
    other[46] ^= 1;
    assert_eq!(parse(file).unwrap().encoding, Encoding::Pcm);
    assert_eq!(parse(&other).unwrap().encoding, Encoding::Other(0xFFFE));
    let short = riff(&[(b"fmt ", 16, &format(0xFFFE, 1, 8_000, 2, 16)), (b"data", 2, &[0; 2])]);
    assert_eq!(parse(&short).unwrap().encoding, Encoding::Other(0xFFFE));
}

#[test]
fn sound_beyond_4_gib_has_its_size_in_its_own_chunk() {
    let len = 5u64 << 30;
    let ds64: Vec<u8> = [len + 72, len, len / 2, 0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let chunks: [(&[u8; 4], u32, &[u8]); 3] =
        [(b"ds64", 28, &ds64[..28]), (b"fmt ", 16, &format(1, 1, 8_000, 2, 16)), (b"data", u32::MAX, b"")];
    let mut file = riff(&chunks);
    for magic in [b"RF64", b"BW64"] {
        file[..4].copy_from_slice(magic);
        let header = Header::parse(&file, Some(len + 80)).unwrap();
        assert_eq!((header.data_start, header.data_len), (80, Some(len)));
        assert_eq!(header.duration(), Some(Duration::from_secs(len) / 16_000));
        assert!(header.is_cut_short(len + 79));
    }
    file[28..36].copy_from_slice(&(u64::MAX - 1).to_le_bytes());
    let error = Header::parse(&file, Some(len)).unwrap_err();
    assert!(error.is_invalid() && error.to_string().contains("claims"), "{error}");
}

#[test]
fn what_cannot_be_played_is_refused_with_the_reason() {
    let good = format(1, 1, 8_000, 2, 16);
    let with = |format: &[u8]| riff(&[(b"fmt ", format.len() as u32, format), (b"data", 2, &[0; 2])]);
    for (file, reason) in [
        (with(&format(1, 0, 8_000, 2, 16)), "channels"),
        (with(&format(1, 1, 0, 2, 16)), "sample rate"),
        (with(&format(1, 1, 8_000, 0, 16)), "block align"),
        (with(&good[..14]), "14 bytes"),
        (riff(&[(b"data", 2, &[0; 2]), (b"fmt ", 16, &good)]), "before its format"),
        (riff(&[(b"fmt ", 16, &good)]), "before its sound"),
        (riff(&[(b"LIST", u32::MAX, b""), (b"fmt ", 16, &good), (b"data", 2, &[0; 2])]), "before its sound"),
        (riff(&[(b"fmt ", u32::MAX, &good), (b"data", 2, &[0; 2])]), "before its sound"),
        (b"RIFF\0\0\0\0AVI LIST".to_vec(), "no WAV file"),
        (b"ID3\x03 and so on, an MP3".to_vec(), "no WAV file"),
        (b"<html>not here</html>".to_vec(), "no WAV file"),
        (Vec::new(), "ends after 0 bytes"),
    ] {
        let error = parse(&file).unwrap_err();
        assert!(error.is_invalid() && error.to_string().contains(reason), "{reason}: {error}");
    }
}

#[test]
fn thousands_of_tiny_chunks_end_in_an_answer() {
    let mut chunks: Vec<(&[u8; 4], u32, &[u8])> = vec![(b"junk", 1, b"x\0"); 50_000];
    let sound = format(6, 2, 8_000, 2, 8);
    chunks.extend([(b"fmt ", 16, sound.as_slice()), (b"data", 4, &[0; 4])]);
    let file = riff(&chunks);
    assert_eq!(parse(&file).unwrap().encoding, Encoding::ALaw);
    let error = Header::parse(&file[..Header::PREFIX], Some(file.len() as u64)).unwrap_err();
    assert!(error.is_too_large() && error.advice().is_some(), "{error}");
}

#[test]
fn our_own_header_is_read_back() {
    for (channels, len) in [(1, 0), (1, 3_201), (2, 16_000)] {
        let header = Header::parse(&Layout::pcm16(channels, 8_000).header(len), Some(44 + len)).unwrap();
        let expected = (Encoding::Pcm, channels, 8_000, 2 * channels, 16, 44, Some(len));
        let Header { encoding, channels, sample_rate, block_align, bits, data_start, data_len, .. } = header;
        assert_eq!((encoding, channels, sample_rate, block_align, bits, data_start, data_len), expected);
    }
    let beyond = 5 << 30;
    assert_eq!(
        Header::parse(&Layout::pcm16(1, 8_000).header(beyond), Some(44 + beyond)).unwrap().data_len,
        Some(beyond)
    );
}

/// Bytes that begin like a WAV file, so that the walk gets somewhere.
fn nearly_wav() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![*b"fmt ", *b"data", *b"ds64", *b"fact", *b"junk"]);
    let size = prop_oneof![0u32..64, Just(16), Just(40), Just(u32::MAX), any::<u32>()];
    let chunk = (name, size, prop::collection::vec(any::<u8>(), 0..64));
    let magic = prop::sample::select(vec![*b"RIFF", *b"RF64", *b"BW64"]);
    (magic, any::<u32>(), prop::collection::vec(chunk, 0..6)).prop_map(|(magic, riff, chunks)| {
        let mut file = [magic.as_slice(), &riff.to_le_bytes(), b"WAVE"].concat();
        for (name, size, content) in chunks {
            file.extend([name.as_slice(), &size.to_le_bytes(), &content].concat());
        }
        file
    })
}

fn check(beginning: &[u8], size: Option<u64>) {
    let Ok(header) = Header::parse(beginning, size) else { return };
    assert!(header.channels > 0 && header.sample_rate > 0 && header.block_align > 0);
    assert!(header.data_start <= beginning.len() as u64);
    assert!(header.data_len.is_none_or(|len| header.data_start.checked_add(len).is_some()));
    let _ = header.duration();
    if let Some(size) = size {
        let there = header.data_in(size);
        assert!(there.start <= there.end && there.end <= size, "{there:?} of {size}");
        let len = header.data_len.expect("the size of the file is known");
        assert_eq!(header.is_cut_short(size), there.end - there.start < len);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_claim_more_than_there_is(
        bytes in prop_oneof![nearly_wav(), prop::collection::vec(any::<u8>(), 0..200)],
        size in prop_oneof![Just(None), any::<u64>().prop_map(Some), (0u64..400).prop_map(Some)],
    ) {
        check(&bytes, size);
        check(&bytes, Some(bytes.len() as u64));
    }

    #[test]
    fn a_changed_byte_in_a_real_header_does_no_harm(which in 0..FIXTURES.len(), at in 0usize..60, to: u8, size in 0u64..7_000) {
        let mut file = FIXTURES[which].0.1.to_vec();
        file[at] = to;
        check(&file, Some(size));
        check(&file, None);
    }
}
