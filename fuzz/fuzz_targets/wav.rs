//! WAV headers: nothing that a file claims leads beyond what is there.
#![no_main]

use connector_core::wav::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &[u8])| {
    let (size, bytes) = input;
    for file_size in [None, Some(bytes.len() as u64), Some(size)] {
        let Ok(header) = Header::parse(bytes, file_size) else { continue };
        let _ = header.duration();
        let here = header.data_in(bytes.len() as u64);
        assert!(here.start <= here.end && here.end <= bytes.len() as u64);
        if let Some(size) = file_size {
            let range = header.data_in(size);
            assert!(range.start <= range.end && range.end <= size.max(range.start));
            let _ = header.is_cut_short(size);
        }
    }
});
