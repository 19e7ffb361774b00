//! Messages of Genesys' sockets: each is read in one way, and what it tells is told once.
#![no_main]

use connector_genesys::fuzzing::notification;
use libfuzzer_sys::fuzz_target;

#[path = "../notifications.rs"]
mod notifications;

fuzz_target!(|bytes: &[u8]| {
    if let Some(text) = notifications::message(bytes) {
        notification(&text);
    }
});
