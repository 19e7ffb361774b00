//! Messages of Genesys that are nearly right.

/// The topics, and a body of each kind.
pub const MESSAGES: [(&str, &str); 5] = [
    (
        "v2.users.a9e10001.conversations.calls",
        r#"{"id":"c0de0001","recordingState":"active","participants":[{"id":"9a970001","purpose":"customer","state":"connected","connectedTime":"2026-09-21T14:00:00Z"},{"id":"9a970002","purpose":"agent","state":"disconnected","held":true,"startHoldTime":"2026-09-21T14:01:00Z","connectedTime":"2026-09-21T14:00:21.400Z","endTime":"2026-09-21T14:07:45.900Z","disconnectType":"transfer","muted":true,"securePause":false,"user":{"id":"a9e10001"},"wrapup":{"code":"w1","endTime":"2026-09-21T14:08:00Z"},"endAcwTime":"2026-09-21T14:08:00Z"}]}"#,
    ),
    (
        "v2.users.a9e10001.conversations",
        r#"{"id":"c0de0001","participants":[{"id":"9a970002","purpose":"agent","userId":"a9e10001","startTime":"2026-09-21T14:00:00Z","connectedTime":"2026-09-21T14:00:01Z","endTime":"2026-09-21T14:07:45Z","wrapup":{"code":"w1"},"calls":[{"state":"terminated","connectedTime":"2026-09-21T14:00:21.400Z","disconnectedTime":"2026-09-21T14:07:45.900Z","held":true,"startHoldTime":"2026-09-21T14:01:00Z","recordingState":"paused","disconnectType":"transfer"},{"state":"connected","muted":true}]}]}"#,
    ),
    (
        "v2.detail.events.conversation.c0de0001.user.end",
        r#"{"conversationId":"c0de0001","participantId":"9a970002","userId":"a9e10001","eventTime":1790000000000,"mediaType":"VOICE","interactingDurationMs":1000,"disconnectType":"TRANSFER"}"#,
    ),
    (
        "v2.detail.events.conversation.c0de0001.wrapup",
        r#"{"conversationId":"c0de0001","participantId":"9a970002","eventTime":1790000000000,"wrapupCode":"w1"}"#,
    ),
    ("v2.system.channel_no_longer_subscribed", r#"{"message":"evicted"}"#),
];

/// Such a message: one of these with some of it replaced, or the bytes as they are.
pub fn message(bytes: &[u8]) -> Option<String> {
    let (&[which, from_low, from_high, cut], put) = bytes.split_first_chunk()?;
    if which >= 250 {
        return String::from_utf8(put.to_vec()).ok();
    }
    let (topic, body) = MESSAGES[usize::from(which) % MESSAGES.len()];
    let text =
        format!(r#"{{"topicName":"{topic}","version":"2","eventBody":{body},"metadata":{{"CorrelationId":"x"}}}}"#);
    let from = usize::from(u16::from_le_bytes([from_low, from_high])) % (text.len() + 1);
    let to = (from + usize::from(cut)).min(text.len());
    String::from_utf8([&text.as_bytes()[..from], put, &text.as_bytes()[to..]].concat()).ok()
}
