//! Deliveries by Amazon EventBridge: whatever is in one, it tells of one conversation, and nothing twice.
#![no_main]

use std::collections::HashSet;

use chrono::DateTime;
use connector_genesys::eventbridge::decode;
use libfuzzer_sys::fuzz_target;

#[path = "../notifications.rs"]
mod notifications;

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = notifications::message(bytes) else { return };
    look(&text);
    look(&format!(r#"{{"version":"0","detail-type":"v2.users.{{id}}.conversations.calls","detail":{text}}}"#));
});

fn look(text: &str) {
    let Ok(decoded) = decode(text, DateTime::UNIX_EPOCH) else { return };
    assert_eq!(decode(text, DateTime::UNIX_EPOCH).ok().as_ref(), Some(&decoded), "the same text says the same");
    let mut keys = HashSet::new();
    for event in decoded.events {
        assert_eq!(Some(&event.conversation.id), decoded.conversation.as_ref().map(|call| &call.id));
        assert!(keys.insert(event.key), "{:?} is told twice", event.kind);
    }
}
