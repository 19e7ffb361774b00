//! A message of a socket that says anything.

use std::collections::HashSet;

use chrono::DateTime;

use crate::events::channel::frame::Frame;
use crate::events::differ::{Confirmed, Differ, Effect};
use crate::events::eventbridge;

/// A message of a socket: whatever it says, each thing that it tells has a key of its own and is of its call, and what comes
/// by EventBridge is read in the same way.
pub fn notification(text: &str) {
    let received = DateTime::UNIX_EPOCH;
    let frame = Frame::read(text);
    assert_eq!(frame, Frame::read(text));
    let delivery = eventbridge::decode(&format!("{{\"detail\": {text}}}"), received);
    let Frame::State(snapshot) = frame else { return };
    let (mut differ, mut told) = (Differ::default(), Vec::new());
    for _ in 0..2 {
        differ.see(&snapshot, &|_| true, received, &mut told);
    }
    differ.confirmed(&snapshot.conversation, Confirmed::Over(None), received, &mut told);
    let events = told.iter().filter_map(|effect| if let Effect::Emit(event) = effect { Some(event) } else { None });
    let mut keys = HashSet::new();
    for event in events {
        assert_eq!(event.conversation.id, snapshot.conversation);
        assert!(keys.insert(event.key.clone()), "{:?} is told twice", event.kind);
    }
    let decoded = delivery.expect("what can be read as a message is a delivery with an envelope around it");
    assert_eq!(decoded.conversation.is_some(), !snapshot.parties.is_empty());
    assert!(decoded.events.iter().all(|event| keys.contains(&event.key)), "EventBridge tells what a socket does not");
}
