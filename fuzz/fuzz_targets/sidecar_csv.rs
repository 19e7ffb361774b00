//! A sidecar in CSV: whatever the bytes, what is taken keeps the rules.
#![no_main]

use connector_universal::sidecar::Format;
use libfuzzer_sys::fuzz_target;

#[path = "../sidecar.rs"]
mod sidecar;

fuzz_target!(|bytes: &[u8]| sidecar::check(Format::Csv, bytes));
