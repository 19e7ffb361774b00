//! How sessions come to their end.

use super::*;

#[test]
fn a_session_is_whole_only_where_the_vendor_says_that_it_is_over() {
    for (reason, how) in [
        ("end", "Finished"),
        ("error", "BrokenOff"),
        ("reconnect", "BrokenOff"),
        ("disconnect", "BrokenOff"),
        ("x", "BrokenOff"),
    ] {
        let done = Vendor::open().says("close", json!({ "reason": reason }));
        assert_eq!(handed_on(&done), [format!("end 0 {how}")]);
        assert_eq!(sent(&done)[0]["type"], "closed");
    }
}

#[test]
fn a_socket_that_is_gone_without_a_close_breaks_it_off() {
    for input in [Input::Closed, Input::Broken] {
        let mut vendor = Vendor::open();
        vendor.talks(3);
        let done = vendor.does(input);
        assert!(matches!(done[..], [Effect::End { at: 4_800, how: LiveEnd::BrokenOff }]), "{done:?}");
        assert!(vendor.session.due().is_none());
        assert!(vendor.talks(1).is_empty() && vendor.says("ping", json!({})).is_empty());
    }
    assert!(Vendor::new().does(Input::Broken).is_empty());
}

#[test]
fn silence_breaks_it_off() {
    let mut vendor = Vendor::open();
    vendor.talks(1);
    assert!(vendor.waits(19).is_empty());
    vendor.says("ping", json!({}));
    assert_eq!(vendor.session.due(), Some(vendor.now + TimeDelta::seconds(20)));
    vendor.talks(1);
    let done = vendor.waits(20);
    assert_eq!(handed_on(&done), ["end 3200 BrokenOff"]);
    assert_eq!(notes(&done), [Note::Silent]);
    assert!(matches!(done.last(), Some(Effect::Close)));
    assert!(vendor.waits(20).is_empty());
}

#[test]
fn a_socket_on_which_nothing_is_said_is_closed() {
    let done = Vendor::new().waits(20);
    assert!(matches!(done[..], [Effect::Note(Note::Silent), Effect::Close]), "{done:?}");
}

#[test]
fn whoever_stops_says_so_and_hears_what_still_comes() {
    for input in [Input::Stop, Input::Deserted] {
        let mut vendor = Vendor::open();
        vendor.talks(1);
        assert_eq!(only(&vendor.does(input)), message("disconnect", 2, 1, json!({ "reason": "completed" })));
        assert!(vendor.does(Input::Stop).is_empty() && vendor.does(Input::Deserted).is_empty());
        assert_eq!(handed_on(&vendor.talks(1)), ["frame 1600 3200"]);
        assert_eq!(only(&vendor.says("ping", json!({})))["type"], "pong");
        let done = vendor.says("close", json!({ "reason": "disconnect" }));
        assert_eq!(handed_on(&done), ["end 3200 Stopped"]);
        assert_eq!(sent(&done), [message("closed", 4, 3, json!({}))]);
    }
}

#[test]
fn a_call_that_is_over_while_we_stop_is_whole() {
    let mut vendor = Vendor::open();
    vendor.does(Input::Stop);
    assert_eq!(handed_on(&vendor.says("close", json!({ "reason": "end" }))), ["end 0 Finished"]);
}

#[test]
fn a_farewell_that_is_not_answered_is_waited_for_five_seconds() {
    let mut vendor = Vendor::open();
    vendor.does(Input::Stop);
    assert!(vendor.waits(4).is_empty());
    // Whatever else is said gives no more time.
    vendor.talks(1);
    let done = vendor.waits(1);
    assert_eq!(handed_on(&done), ["end 1600 Stopped"]);
    assert!(matches!(done.last(), Some(Effect::Close)) && notes(&done).is_empty());

    let mut vendor = Vendor::new();
    assert_eq!(sent(&vendor.does(Input::Stop))[0]["type"], "disconnect");
    assert!(vendor.says("open", opening(&[stereo()])).is_empty());
    assert!(matches!(vendor.waits(5)[..], [Effect::Close]));
}

#[test]
fn a_socket_that_the_vendor_does_not_close_is_closed_after_five_seconds() {
    let mut vendor = Vendor::open();
    vendor.says("close", json!({ "reason": "end" }));
    assert!(vendor.waits(4).is_empty());
    assert!(matches!(vendor.waits(1)[..], [Effect::Close]));
}
