//! What the targets were given once, and that they look at something at all.

use super::*;
use crate::events::channel::frame::Frame;

/// Bytes without any order, the same ones for the same number.
fn noise(number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(number);
    (0..random.usize(..2_000)).map(|_| random.u8(..)).collect()
}

#[test]
fn whatever_a_session_is_told_the_rules_hold() {
    (0..500).for_each(|number| session(&noise(number)));
}

#[test]
fn nobody_comes_in_by_noise_and_who_signed_does() {
    (0..500).for_each(|number| door(&noise(number)));
    door(&[]);
}

#[test]
fn a_notification_is_one_in_either_envelope() {
    let text = r#"{"topicName": "v2.users.a9e10001.conversations.calls", "eventBody": {"id": "c0de0001", "participants":
        [{"id": "9a970002", "purpose": "agent", "state": "connected", "user": {"id": "a9e10001"}}]}}"#;
    assert!(matches!(Frame::read(text), Frame::State(_)));
    notification(text);
    notification("{}");
    notification("");
}
