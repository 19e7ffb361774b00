use connector_core::{
    AgentRef, Conversation, ConversationRef, Locator, PhoneNumber, Recording, Revision, Stamp, Vendor,
};
use ingestion_pipeline::Media;

use super::*;

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-10-19T{time}Z").parse().unwrap()
}

fn stamp(time: &str) -> Stamp {
    Stamp::vendor(at(time))
}

fn leg(id: &str, login: &str, times: [Option<&str>; 3]) -> Leg {
    let mut leg = Leg::new(id);
    leg.agent = Some(AgentRef::default().with_login(login));
    [leg.started, leg.answered, leg.ended] = times.map(|time| time.map(stamp));
    leg
}

/// The call of the manual: a hold, a transfer, one stereo recording.
fn story() -> Story {
    let mut document = Conversation::new(ConversationRef::new("6f0c2a"), Vendor::GENESYS);
    document.direction = Direction::Inbound;
    document.customer = Some(PhoneNumber::new("+15550100142"));
    (document.started, document.ended) = (Some(stamp("14:02:53")), Some(stamp("14:09:11")));
    let mut first = leg("1", "nadia.verne", [Some("14:02:53"), Some("14:03:01"), Some("14:06:30")]);
    first.queue = Some(Named::by_name("Support"));
    first.revision = Some(Revision::new(at("14:09:12"), "aa"));
    first.holds.push(Hold { started: stamp("14:05:11"), ended: Some(stamp("14:05:42")) });
    let mut second = leg("2", "o.klee", [Some("14:06:30"), None, Some("14:09:11")]);
    second.end_reason = Some("customer".to_owned());
    second.totals.wrap_up = Some(Duration::from_secs(40));
    second.dispositions.push(Named::by_name("Resolved"));
    document.legs = vec![first, second];
    let mut recording = Recording::new("1", document.this.clone(), Locator::new("x"));
    recording.channels = Some(vec![Speaker::Customer, Speaker::Agent]);
    recording.length = Some(Duration::from_secs(370));
    let stored = StoredRecording {
        recording,
        object: "acme/genesys-us/2026/10/19/6f0c2a/1.wav".to_owned(),
        sha256: "00".repeat(32),
        size: 2_911_000,
        stored: at("14:12:39"),
        resumed: 2,
    };
    let call = StoredCall {
        origin: Origin::new("acme", "genesys-us"),
        version: 1,
        document,
        recordings: vec![stored],
        media: Media::Complete,
        prefix: "acme/genesys-us/2026/10/19/6f0c2a".to_owned(),
        first_seen: at("14:09:12"),
        stored: at("14:12:40"),
        updated: at("14:12:40"),
    };
    let event = EventRow { kind: "ended".to_owned(), at: at("14:09:11"), received: at("14:09:12") };
    Story { call, sessions: Vec::new(), events: vec![event], published: vec![at("14:12:41")] }
}

#[test]
fn a_call_is_told_from_ring_to_analysis_queue() {
    insta::assert_snapshot!(story().tell(&Zone::UTC), @r#"
    inbound, Mon 19 Oct 2026 14:02:53–14:09:11 UTC (6 min 18 s), queue Support, +1 555 •••• 42
      14:02:53  ring   nadia.verne    8 s
      14:03:01  talk   nadia.verne    2 min 10 s
      14:05:11  hold   nadia.verne    31 s
      14:05:42  talk   nadia.verne    48 s        transfer
      14:06:30  talk   o.klee         2 min 41 s
      14:09:11  ended  by customer    wrap-up 40 s, disposition "Resolved"
    recordings
      1  call, stereo (customer, agent)  6 min 10 s  2.9 MB  stored 14:12:39, taken up again 2 times
    how it came   event 14:09:12 → recording 14:12:39 → metadata 14:12:40 → analysis queue 14:12:41 (version 1)
    "#);
}

#[test]
fn what_was_heard_while_it_went_on_is_told() {
    let mut story = story();
    let session = |id: &str| SessionRow::new(story.call.origin.clone(), id, "6f0c2a", at("14:02:53"));
    let (mut whole, mut cut, open) = (session("s-1"), session("s-2"), session("s-3"));
    (whole.state, whole.samples, whole.whole) = (SessionState::Matched, 1_040_000, true);
    (cut.state, cut.samples, cut.lost) = (SessionState::Waiting, 80_000, 16_000);
    let mut broken = cut.clone();
    broken.lost = 0;
    story.sessions = vec![whole, cut, broken, open];
    let told = story.tell(&Zone::UTC);
    let told = told.lines().skip_while(|line| *line != "heard while it went on").collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(told, @r"
    heard while it went on
      14:02:53  matched  2 min 10 s  session s-1
      14:02:53  waiting  10 s  2 s lost  session s-2
      14:02:53  waiting  10 s  broken off  session s-2
      14:02:53  open  0 s  session s-3
    how it came   event 14:09:12 → recording 14:12:39 → metadata 14:12:40 → analysis queue 14:12:41 (version 1)
    ");
}

#[test]
fn times_are_shown_in_the_zone_that_is_named() {
    let told = story().tell(&"Europe/Berlin".parse().unwrap());
    assert!(told.starts_with("inbound, Mon 19 Oct 2026 16:02:53–16:09:11 Europe/Berlin"), "{told}");
}

#[test]
fn a_call_of_which_little_is_known_is_told_without_gaps() {
    let mut story = story();
    story.call.document = Conversation::new(ConversationRef::new("x"), Vendor::UNIVERSAL);
    story.call.recordings.clear();
    let told = story.tell(&Zone::UTC);
    insta::assert_snapshot!(told, @r"
    call, at an unknown time
    how it came   event 14:09:12 → metadata 14:12:40 → analysis queue 14:12:41 (version 1)
    ");
}

#[test]
fn the_number_of_the_customer_is_masked() {
    assert!(!story().tell(&Zone::UTC).contains("0100142"));
}
