//! What the vendor's own client expects, message by message.

use super::*;

fn begins(effects: &[Effect]) -> Option<&Beginning> {
    effects.iter().find_map(|effect| if let Effect::Begin(beginning) = effect { Some(&**beginning) } else { None })
}

#[test]
fn opened_has_the_vendors_numbers_and_comes_before_anything_else() {
    let mut vendor = Vendor::new();
    let done = vendor.says("open", opening(&[stereo(), offer(&["external"]), offer(&["internal"])]));
    assert!(matches!(done[..], [Effect::Send(_), Effect::Begin(_)]), "{done:?}");
    let opened = json!({ "startPaused": false, "media": [stereo()] });
    assert_eq!(sent(&done), [message("opened", 1, 1, opened)]);
}

#[test]
fn a_session_knows_its_call_and_who_is_on_which_channel() {
    let mut vendor = Vendor::new();
    let done = vendor.says("open", opening(&[stereo()]));
    let beginning = begins(&done).unwrap();
    assert_eq!((beginning.conversation.as_str(), beginning.began), (CALL, start()));
    assert_eq!(beginning.format, AudioFormat::new(SampleFormat::MuLaw, 8_000, [Speaker::Customer, Speaker::Agent]));
    assert_eq!(beginning.customer.as_ref().unwrap().reveal(), "+15550100");
    assert_eq!(beginning.dialled.as_ref().unwrap().reveal(), "+15550199");
    assert_eq!(beginning.language.as_deref(), Some("en-US"));
    let raw: Value = serde_json::from_slice(&beginning.raw.as_ref().unwrap().bytes).unwrap();
    assert_eq!(raw["parameters"]["customConfig"]["tenant"], "acme");
    let shown = format!("{done:?}");
    assert!(!shown.contains("555") && !shown.contains("Caller"), "{shown}");
}

#[test]
fn the_first_message_is_kept_only_where_that_is_wanted() {
    let mut vendor = Vendor::with(Rules { keeps_raw: false, ..rules() });
    assert!(begins(&vendor.says("open", opening(&[stereo()]))).unwrap().raw.is_none());
}

#[test]
fn each_offer_is_answered_with_one_entry_word_for_word() {
    let (inverted, external, internal) = (offer(&["internal", "external"]), offer(&["external"]), offer(&["internal"]));
    for (offers, answer) in [
        (vec![stereo(), external.clone(), internal.clone()], stereo()),
        (vec![inverted.clone(), internal.clone(), external.clone()], inverted),
        (vec![stereo()], stereo()),
        (vec![external.clone()], external),
        (vec![internal.clone()], internal),
    ] {
        let done = Vendor::new().says("open", opening(&offers));
        assert_eq!(sent(&done)[0]["parameters"]["media"], json!([answer]), "{offers:?}");
        let format = &begins(&done).unwrap().format;
        let who = |channel: &Value| if channel == "external" { Speaker::Customer } else { Speaker::Agent };
        let speakers: Vec<_> = answer["channels"].as_array().unwrap().iter().map(who).collect();
        assert_eq!(format.speakers, speakers);
        assert_eq!(notes(&done), if speakers.len() == 1 { vec![Note::Mono] } else { vec![] });
    }
}

#[test]
fn the_first_pong_has_the_number_two_and_comes_first() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    assert_eq!(only(&vendor.says("ping", json!({}))), message("pong", 2, 2, json!({})));
    assert_eq!(only(&vendor.says("ping", json!({ "rtt": "PT0.0413S" }))), message("pong", 3, 3, json!({})));
    // Also where the ping shows that sound is missing.
    vendor.position += 60.0;
    vendor.now += TimeDelta::seconds(60);
    let done = vendor.says("ping", json!({}));
    assert!(matches!(done[..], [Effect::Send(_), Effect::Lost { .. }]), "{done:?}");
}

#[test]
fn a_ping_and_a_close_right_behind_it_are_both_answered() {
    let mut vendor = Vendor::open();
    assert_eq!(only(&vendor.says("ping", json!({}))), message("pong", 2, 2, json!({})));
    let done = vendor.says("close", json!({ "reason": "end" }));
    // What was heard is handed on before it is said that it is closed.
    assert!(matches!(done[..], [Effect::End { .. }, Effect::Send(_)]), "{done:?}");
    assert_eq!(sent(&done), [message("closed", 3, 3, json!({}))]);
}

#[test]
fn a_probe_is_answered_in_full_and_heard_by_nobody() {
    let mut vendor = Vendor::new();
    let mut probe = opening(&[stereo()]);
    probe["conversationId"] = NOBODY.into();
    probe["participant"] = json!({ "id": NOBODY, "ani": "", "aniName": "", "dnis": "" });
    let mut done = vendor.says("open", probe);
    assert_eq!(sent(&done), [message("opened", 1, 1, json!({ "startPaused": false, "media": [] }))]);
    assert_eq!(notes(&done), [Note::Probe]);
    done.extend(vendor.says("ping", json!({})));
    done.extend(vendor.talks(1));
    let closed = vendor.says("close", json!({ "reason": "end" }));
    assert_eq!(only(&closed), message("closed", 3, 3, json!({})));
    assert!(handed_on(&done).is_empty() && handed_on(&closed).is_empty());
}

#[test]
fn another_organization_than_that_of_the_handshake_may_not_open() {
    for other in [json!(NOBODY), json!(""), json!(null), json!(7)] {
        let mut vendor = Vendor::new();
        let mut open = opening(&[stereo()]);
        open["organizationId"] = other;
        let done = vendor.says("open", open);
        assert_eq!(sent(&done), [message("disconnect", 1, 1, json!({ "reason": "unauthorized" }))]);
        assert_eq!(notes(&done), [Note::OtherOrganization]);
        let done = vendor.says("close", json!({ "reason": "disconnect" }));
        assert_eq!(only(&done), message("closed", 2, 2, json!({})));
    }
    let mut open = opening(&[stereo()]);
    open["organizationId"] = ORGANIZATION.to_uppercase().into();
    assert!(begins(&Vendor::new().says("open", open)).is_some());
}

#[test]
fn update_discarded_error_and_a_pause_keep_it_alive() {
    let mut vendor = Vendor::open();
    assert_eq!(only(&vendor.says("update", json!({ "language": "de-DE" })))["type"], "updated");
    vendor.position = 0.4;
    assert_eq!(
        handed_on(&vendor.says("discarded", json!({ "start": "PT0S", "discarded": "PT0.4S" }))),
        ["lost 0 3200"]
    );
    let blamed = vendor.says("error", json!({ "code": 429, "message": "of +15550100", "retryAfter": "PT3S" }));
    assert!(matches!(blamed[..], [Effect::Note(Note::Blamed(Some(429)))]), "{blamed:?}");
    assert_eq!(handed_on(&vendor.says("paused", json!({}))), ["paused 3200"]);
    assert!(vendor.waits(10).is_empty());
    vendor.position = 10.4;
    assert_eq!(
        handed_on(&vendor.says("resumed", json!({ "start": "PT0.4S", "discarded": "PT10S" }))),
        ["resumed 83200"]
    );
    assert_eq!(only(&vendor.says("ping", json!({})))["type"], "pong");
    assert_eq!(handed_on(&vendor.talks(1)), ["frame 83200 3200"]);
    assert_eq!(vendor.session.tally(), Tally::default());
}

#[test]
fn pings_beyond_what_may_be_said_are_left_without_an_answer() {
    let mut vendor = Vendor::open();
    let answers: usize = (0..100).map(|_| vendor.says("ping", json!({})).len()).sum();
    // The first of 25 was `opened`.
    assert_eq!((answers, vendor.session.tally().unsaid), (24, 76));
    vendor.now += TimeDelta::seconds(1);
    assert_eq!(only(&vendor.says("ping", json!({})))["clientseq"], 102);
    assert_eq!(only(&vendor.says("close", json!({ "reason": "end" }))[1..])["type"], "closed");
}
