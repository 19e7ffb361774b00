//! What has a place in which state.

use super::*;

fn is_error(effects: &[Effect]) -> bool {
    sent(effects).first().is_some_and(|said| said["type"] == "disconnect" && said["parameters"]["reason"] == "error")
}

/// What a sound vendor's `type`s bring where they have no place: nothing.
fn is_passed_over(vendor: &mut Vendor, kind: &str, parameters: Value) {
    let before = vendor.session.tally().ignored;
    let done = vendor.says(kind, parameters);
    assert!(done.is_empty(), "{kind}: {done:?}");
    assert_eq!(vendor.session.tally().ignored, before + 1, "{kind}");
}

#[test]
fn before_open_nothing_has_a_place_but_a_ping_and_a_close() {
    let mut vendor = Vendor::new();
    for kind in ["paused", "resumed", "discarded", "update"] {
        is_passed_over(&mut vendor, kind, json!({}));
    }
    assert_eq!(only(&vendor.says("ping", json!({}))), message("pong", 1, 5, json!({})));
    assert_eq!(only(&vendor.says("close", json!({ "reason": "error" }))), message("closed", 2, 6, json!({})));
}

#[test]
fn sound_before_open_breaks_the_protocol() {
    let mut vendor = Vendor::new();
    let done = vendor.does(Input::Binary(vec![0; 3_200].into()));
    assert!(is_error(&done), "{done:?}");
    // The vendor ends it in order.
    assert_eq!(only(&vendor.says("close", json!({ "reason": "disconnect" })))["type"], "closed");
}

#[test]
fn a_second_open_is_passed_over() {
    let mut vendor = Vendor::open();
    is_passed_over(&mut vendor, "open", opening(&[stereo()]));
    assert_eq!(handed_on(&vendor.talks(1)), ["frame 0 3200"]);
}

#[test]
fn a_pause_within_a_pause_and_an_end_without_one_are_passed_over() {
    let mut vendor = Vendor::open();
    is_passed_over(&mut vendor, "resumed", json!({ "start": "PT0S", "discarded": "PT9S" }));
    assert_eq!(handed_on(&vendor.says("paused", json!({}))), ["paused 0"]);
    is_passed_over(&mut vendor, "paused", json!({}));
    is_passed_over(&mut vendor, "discarded", json!({ "start": "PT0S", "discarded": "PT9S" }));
    assert_eq!(handed_on(&vendor.says("resumed", json!({ "start": "PT0S", "discarded": "PT1S" }))), ["resumed 8000"]);
}

#[test]
fn sound_that_is_on_its_way_when_a_pause_begins_is_not_heard() {
    let mut vendor = Vendor::open();
    vendor.says("paused", json!({}));
    assert!(vendor.talks(3).is_empty());
    assert_eq!(vendor.session.tally().unheard, 3);
    assert_eq!(only(&vendor.says("ping", json!({})))["type"], "pong");
}

#[test]
fn after_close_nothing_has_a_place() {
    let mut vendor = Vendor::open();
    vendor.says("close", json!({ "reason": "end" }));
    for kind in ["close", "open", "ping", "paused", "resumed", "discarded", "update", "moonlight"] {
        is_passed_over(&mut vendor, kind, json!({}));
    }
    assert!(vendor.talks(1).is_empty());
    assert!(vendor.does(Input::Stop).is_empty() && vendor.does(Input::Deserted).is_empty());
    assert!(vendor.does(Input::Closed).is_empty() && vendor.session.due().is_none());
}

#[test]
fn a_wrong_number_is_the_end() {
    for (what, changes) in [
        ("too high", json!({ "seq": 3 })),
        ("again", json!({ "seq": 1 })),
        ("none", json!({ "seq": null })),
        ("seen too much", json!({ "serverseq": 2 })),
        ("another session", json!({ "id": NOBODY })),
        ("no session", json!({ "id": null })),
    ] {
        let mut vendor = Vendor::open();
        vendor.talks(1);
        let mut ping = json!({ "version": "2", "id": SESSION, "type": "ping", "seq": 2, "serverseq": 1,
            "position": "PT0.2S", "parameters": {} });
        ping.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let done = vendor.sends(&ping);
        assert!(is_error(&done) && matches!(notes(&done)[..], [Note::Broke(_)]), "{what}: {done:?}");
        assert_eq!(handed_on(&done), ["end 1600 Stopped"], "{what}");
        assert!(sent(&done)[0]["parameters"]["info"].is_string());
        // What comes now is of no use, but the vendor may end it in order, whatever its numbers are.
        assert!(vendor.talks(1).is_empty());
        let close = json!({ "version": "2", "id": SESSION, "type": "close", "seq": 9, "serverseq": 2,
            "position": "PT0.4S", "parameters": { "reason": "disconnect" } });
        assert_eq!(only(&vendor.sends(&close)), message("closed", 3, 9, json!({})), "{what}");
    }
}

#[test]
fn what_is_no_message_is_the_end() {
    for text in ["", "hello", "[1]", &json!({ "type": "ping", "x": "y".repeat(65_535) }).to_string()] {
        let mut vendor = Vendor::open();
        assert!(is_error(&vendor.does(Input::Text(text))));
        assert!(vendor.does(Input::Text(text)).is_empty(), "once is enough");
    }
}

#[test]
fn what_is_not_known_is_passed_over_and_counts() {
    let mut vendor = Vendor::open();
    is_passed_over(&mut vendor, "dtmf", json!({ "digit": "7" }));
    is_passed_over(&mut vendor, "playback_started", json!([]));
    assert_eq!(only(&vendor.says("ping", json!({ "new": {} }))), message("pong", 2, 4, json!({})));
    // One without a number counts for nothing, and one that is further on than it should be is followed.
    assert!(vendor.sends(&json!({ "hello": 1 })).is_empty());
    assert!(vendor.sends(&json!({ "type": "more", "seq": 40, "id": NOBODY, "serverseq": 99 })).is_empty());
    vendor.number = 40;
    assert_eq!(only(&vendor.says("ping", json!({})))["clientseq"], 41);
}

#[test]
fn messages_without_parameters_or_position_are_taken() {
    let mut vendor = Vendor::open();
    let pong = vendor.sends(&json!({ "id": SESSION, "type": "ping", "seq": 2 }));
    assert_eq!(only(&pong), message("pong", 2, 2, json!({})));
    assert_eq!(handed_on(&vendor.sends(&json!({ "id": SESSION, "type": "paused", "seq": 3 }))), ["paused 0"]);
    assert_eq!(handed_on(&vendor.sends(&json!({ "id": SESSION, "type": "resumed", "seq": 4 }))), ["resumed 0"]);
    let done = vendor.sends(&json!({ "id": SESSION, "type": "close", "seq": 5 }));
    assert_eq!(handed_on(&done), ["end 0 BrokenOff"]);
}

#[test]
fn a_session_of_no_call_or_of_unknown_sound_is_answered_and_not_heard() {
    let wide = json!({ "type": "audio", "format": "L16", "channels": ["external", "internal"], "rate": 8_000 });
    let mut without = opening(&[stereo()]);
    without["conversationId"] = json!("");
    for (open, note) in
        [(opening(std::slice::from_ref(&wide)), Note::NoSound), (opening(&[]), Note::NoSound), (without, Note::NoCall)]
    {
        let mut vendor = Vendor::new();
        let done = vendor.says("open", open);
        assert_eq!(sent(&done)[0]["parameters"]["media"], json!([]));
        assert_eq!(notes(&done), [note]);
        assert!(handed_on(&done).is_empty() && vendor.talks(1).is_empty());
        assert_eq!(only(&vendor.says("close", json!({ "reason": "end" })))["type"], "closed");
    }
    let mut vendor = Vendor::with(Rules { l16: Some(ByteOrder::Big), ..rules() });
    vendor.says("open", opening(&[wide]));
    let done = vendor.does(Input::Binary(vec![1, 2, 3, 4].into()));
    let [Effect::Frame { at: 0, bytes }] = &done[..] else { panic!("{done:?}") };
    assert_eq!(bytes[..], [2, 1, 4, 3]);
}

#[test]
fn the_id_is_sent_back_as_the_vendor_writes_it() {
    let mut vendor = Vendor::new();
    let id = SESSION.to_uppercase();
    let open = json!({ "id": id, "type": "open", "seq": 1, "parameters": opening(&[stereo()]) });
    assert_eq!(sent(&vendor.sends(&open))[0]["id"], id);
}
