//! Where sound belongs: positions in samples of one channel, 8,000 a second.

use super::*;

/// The end of each, so that frames are not told one by one.
fn told(effects: Vec<Effect>) -> Vec<String> {
    handed_on(&effects).into_iter().filter(|word| !word.starts_with("frame")).collect()
}

#[test]
fn a_call_with_a_pause_and_a_loss_is_as_long_as_it_was() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    assert!(told(vendor.says("ping", json!({}))).is_empty());
    vendor.talks(23);
    assert_eq!(vendor.position, 5.6);
    assert_eq!(told(vendor.says("paused", json!({}))), ["paused 44800"]);
    vendor.position = 9.8;
    assert_eq!(told(vendor.says("resumed", json!({ "start": "PT5.6S", "discarded": "PT4.2S" }))), ["resumed 78400"]);
    let frames = handed_on(&vendor.talks(10));
    assert_eq!((frames[0].as_str(), frames[9].as_str()), ("frame 78400 3200", "frame 92800 3200"));
    vendor.position = 12.2;
    let lost = vendor.says("discarded", json!({ "start": "PT11.8S", "discarded": "PT0.4S" }));
    assert_eq!(told(lost), ["lost 94400 3200"]);
    assert_eq!(handed_on(&vendor.talks(12))[0], "frame 97600 3200");
    assert_eq!(vendor.position, 14.6);
    // 14.6 s of stream, of which 10.0 s were heard.
    assert_eq!(told(vendor.says("close", json!({ "reason": "end" }))), ["end 116800 Finished"]);
    assert_eq!(vendor.session.tally(), Tally::default());
}

#[test]
fn frames_of_any_length_follow_each_other_and_odd_ones_cost_themselves() {
    let mut vendor = Vendor::open();
    let mut send = |bytes: usize| handed_on(&vendor.does(Input::Binary(vec![7; bytes].into())));
    assert_eq!(send(2), ["frame 0 2"]);
    assert_eq!(send(100_000), ["frame 1 100000"]);
    assert!(send(0).is_empty());
    assert_eq!(send(3), ["lost 50001 2"]);
    assert_eq!(send(4), ["frame 50003 4"]);
    assert_eq!((vendor.session.tally().odd, vendor.session.tally().unheard), (1, 0));
}

#[test]
fn a_pause_that_lies_further_on_than_the_sound_that_came_tells_of_a_loss() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    vendor.position = 1.5;
    assert_eq!(told(vendor.says("paused", json!({}))), ["lost 8000 4000", "paused 12000"]);
}

#[test]
fn a_loss_that_is_told_late_moves_what_comes_after_it() {
    let mut vendor = Vendor::open();
    vendor.talks(10);
    // 0.5 s were lost at 1 s; half of what came belongs behind them.
    vendor.position = 2.5;
    let lost = vendor.says("discarded", json!({ "start": "PT1S", "discarded": "PT0.5S" }));
    assert_eq!(told(lost), ["lost 16000 4000"]);
    // The same again changes nothing.
    assert!(vendor.says("discarded", json!({ "start": "PT1S", "discarded": "PT0.5S" })).is_empty());
    assert_eq!(vendor.session.tally().ignored, 0);
}

#[test]
fn a_loss_without_numbers_is_seen_by_the_position() {
    let mut vendor = Vendor::open();
    vendor.position = 3.0;
    assert_eq!(told(vendor.says("discarded", json!({}))), ["lost 0 24000"]);
    vendor.says("paused", json!({}));
    vendor.position = 4.0;
    assert_eq!(told(vendor.says("resumed", json!({ "start": "nonsense" }))), ["resumed 32000"]);
}

#[test]
fn sound_on_its_way_is_waited_for_and_what_never_comes_is_lost() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    vendor.position = 6.0;
    assert!(told(vendor.says("ping", json!({}))).is_empty(), "5 s may be on their way");
    vendor.position = 6.1;
    assert_eq!(told(vendor.says("ping", json!({}))), ["lost 8000 40800"]);
    assert_eq!(handed_on(&vendor.talks(1)), ["frame 48800 3200"]);
}

#[test]
fn a_position_behind_ours_moves_nothing() {
    let mut vendor = Vendor::open();
    vendor.talks(10);
    vendor.position = 0.5;
    assert!(told(vendor.says("ping", json!({}))).is_empty());
    assert_eq!(told(vendor.says("paused", json!({}))), ["paused 16000"]);
    assert_eq!(told(vendor.says("resumed", json!({ "start": "PT0.5S", "discarded": "PT0.1S" }))), ["resumed 16000"]);
    assert_eq!(told(vendor.says("close", json!({ "reason": "end" }))), ["end 16000 Finished"]);
}

#[test]
fn a_position_that_cannot_be_is_not_believed() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    vendor.position = 3_600.0;
    assert!(told(vendor.says("ping", json!({}))).is_empty());
    assert!(told(vendor.says("discarded", json!({ "start": "PT1S", "discarded": "PT9999999999S" }))).is_empty());
    assert_eq!(told(vendor.says("paused", json!({}))), ["paused 8000"]);
    // An hour later it can be.
    vendor.now += TimeDelta::hours(1);
    assert_eq!(told(vendor.says("resumed", json!({}))), ["resumed 28800000"]);
}

#[test]
fn positions_count_from_where_the_vendor_was_at_the_beginning() {
    let mut vendor = Vendor::new();
    vendor.position = 100.0;
    vendor.says("open", opening(&[stereo()]));
    vendor.talks(5);
    vendor.position = 101.0;
    assert_eq!(told(vendor.says("paused", json!({}))), ["paused 8000"]);
    let resumed = vendor.says("resumed", json!({ "start": "PT101S", "discarded": "PT1S" }));
    assert_eq!(told(resumed), ["resumed 16000"]);
}

#[test]
fn a_call_that_ends_in_a_pause_is_as_long_as_the_vendor_says() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    vendor.says("paused", json!({}));
    vendor.position = 3.0;
    // A ping within the pause loses nothing.
    assert!(told(vendor.says("ping", json!({}))).is_empty());
    assert_eq!(told(vendor.says("close", json!({ "reason": "end" }))), ["end 24000 Finished"]);
}

#[test]
fn what_is_missing_at_the_end_is_lost() {
    let mut vendor = Vendor::open();
    vendor.talks(5);
    vendor.position = 1.1;
    assert_eq!(told(vendor.says("close", json!({ "reason": "end" }))), ["lost 8000 800", "end 8800 Finished"]);
}
