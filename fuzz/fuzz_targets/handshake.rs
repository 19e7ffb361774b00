//! Handshakes of AudioHook with any headers: nobody is let in without the secret.
#![no_main]

use connector_genesys::fuzzing::door;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| door(bytes));
