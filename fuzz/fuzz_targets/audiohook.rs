//! Sessions of AudioHook, told anything: what is answered keeps to the protocol, and positions never go back.
#![no_main]

use connector_genesys::fuzzing::session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| session(bytes));
