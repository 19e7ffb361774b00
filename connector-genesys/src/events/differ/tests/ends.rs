//! How calls end, and what is kept until then.

use super::*;

fn talking() -> Snapshot {
    call([customer(Phase::Connected), agent("a", 1, Phase::Connected)])
}

fn over() -> Snapshot {
    call([customer(Phase::Over), agent("a", 1, Phase::Over)])
}

/// Ours has handed it to somebody who is not.
fn passed_on() -> Snapshot {
    let ours = Party { has_passed_on: true, ..agent("a", 1, Phase::Over) };
    call([customer(Phase::Connected), ours, agent("x", 2, Phase::Connected)])
}

#[test]
fn a_call_that_looks_over_ends_once_the_vendor_says_so() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    assert_eq!(heard.see(&over(), 60), ["leg_ended a-1", "confirm"]);
    assert!(heard.see(&over(), 60).is_empty(), "it was asked");
    assert!(heard.confirmed(Confirmed::Going, 61).is_empty());
    assert_eq!(heard.tick(64), [""; 0]);
    assert_eq!(heard.tick(65), ["confirm"], "after five seconds");
    assert_eq!(heard.confirmed(Confirmed::Over(Some(at(61))), 66), ["ended"]);
    let end = heard.events()[2];
    assert_eq!((end.at.at, end.at.source, end.key.as_str()), (at(61), StampSource::Vendor, "c-1:ended"));
    for late in [talking(), over(), passed_on()] {
        assert!(heard.see(&late, 70).is_empty(), "nothing after the end");
    }
    assert!(heard.confirmed(Confirmed::Over(None), 71).is_empty());
    assert_eq!(heard.tick(1000), [""; 0]);
}

#[test]
fn a_call_that_is_hidden_is_over_once_nobody_of_ours_has_it() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    assert!(heard.confirmed(Confirmed::Hidden, 10).is_empty(), "somebody of ours has it");
    heard.see(&passed_on(), 60);
    assert_eq!(heard.tick(65), ["confirm"]);
    assert_eq!(heard.confirmed(Confirmed::Hidden, 66), ["ended"]);
    assert_eq!(heard.events().last().map(|end| end.at.source), Some(StampSource::Derived));
    assert_eq!(heard.differ.open(), 0);
}

#[test]
fn the_vendor_is_asked_less_and_less_often_until_the_call_is_over() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    assert_eq!(heard.see(&passed_on(), 60), ["transferred a-1", "leg_ended a-1"], "it goes on with somebody else");
    let asked: Vec<i64> = (61..1500).filter(|second| !heard.tick(*second).is_empty()).collect();
    assert_eq!(asked, [65, 70, 80, 100, 140, 220, 380, 680, 980, 1280]);
    assert_eq!(heard.confirmed(Confirmed::Over(Some(at(1490))), 1500), ["ended"]);
    assert_eq!(heard.differ.open(), 0);
}

#[test]
fn who_is_asked_about_a_call_that_then_looks_over_is_asked_at_once() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    heard.see(&passed_on(), 60);
    (61..=100).for_each(|second| drop(heard.tick(second)));
    let parties = passed_on().parties.into_iter().map(|party| Party { ended: Some(at(101)), ..party });
    assert_eq!(heard.see(&call(parties), 101), ["confirm"]);
    assert_eq!(heard.tick(106), ["confirm"], "and soon again");
}

#[test]
fn a_call_that_comes_back_to_us_is_not_asked_about() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    heard.see(&passed_on(), 60);
    let parties = passed_on().parties.into_iter().chain([agent("a", 3, Phase::Connected)]);
    assert_eq!(heard.see(&call(parties), 62), ["answered a-3"]);
    assert_eq!(heard.tick(200), [""; 0]);
    let parties = passed_on().parties.into_iter().chain([agent("a", 3, Phase::Over)]);
    assert_eq!(heard.see(&call(parties), 201), ["leg_ended a-3"]);
    assert_eq!(heard.tick(206), ["confirm"]);
}

#[test]
fn between_two_of_ours_the_call_goes_on() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    let first = || Party { has_passed_on: true, ..agent("a", 1, Phase::Over) };
    let told = heard.see(&call([customer(Phase::Connected), first(), agent("a", 2, Phase::Connected)]), 60);
    assert_eq!(told, ["transferred a-1", "leg_ended a-1", "answered a-2"]);
    let told = heard.see(&call([customer(Phase::Over), first(), agent("a", 2, Phase::Over)]), 90);
    assert_eq!(told, ["leg_ended a-2", "confirm"]);
    assert_eq!(heard.confirmed(Confirmed::Over(None), 91), ["ended"]);
}

#[test]
fn a_machine_that_is_still_connected_keeps_no_call_going() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    let queue = Party { phase: Phase::Connected, ..party("queue", Role::Machine) };
    assert_eq!(heard.see(&call(over().parties.into_iter().chain([queue])), 60), ["leg_ended a-1", "confirm"]);
}

#[test]
fn an_end_without_a_time_is_when_the_last_one_left() {
    for answer in [Confirmed::Over(None), Confirmed::Unknown] {
        let mut heard = Heard::default();
        heard.see(&talking(), 0);
        heard.see(&over(), 70);
        assert_eq!(heard.confirmed(answer, 71), ["ended"]);
        let end = heard.events()[2];
        assert_eq!((end.at.at, end.at.source), (at(60), StampSource::Derived));
    }
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    assert_eq!(heard.confirmed(Confirmed::Unknown, 71), ["leg_ended a-1", "ended"]);
    let end = heard.events()[2];
    assert_eq!((end.at.at, end.at.source), (at(71), StampSource::Received), "nobody left");
}

#[test]
fn wrap_up_comes_after_the_end() {
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    heard.see(&over(), 60);
    heard.confirmed(Confirmed::Over(None), 61);
    let ours = Party { wrap_up: Some(WrapUp { at: Some(at(90)) }), ..agent("a", 1, Phase::Over) };
    let wrapped_up = call([customer(Phase::Over), ours]);
    assert_eq!(heard.see(&wrapped_up, 91), ["wrap_up_ended a-1"]);
    assert!(heard.see(&wrapped_up, 92).is_empty());
}

#[test]
fn what_nobody_ends_ends_by_itself() {
    let hours = |hours: i64| hours * 3600;
    let mut heard = Heard::default();
    heard.see(&talking(), 0);
    assert_eq!(heard.tick(hours(12) - 1), [""; 0]);
    assert_eq!(heard.tick(hours(12)), ["leg_ended a-1", "ended"]);
    assert!(heard.see(&talking(), hours(12)).is_empty(), "it stays so");
    assert_eq!(heard.tick(hours(13)), [""; 0]);
    assert_eq!(heard.differ.due(), None, "and is forgotten");

    let mut heard = Heard::default();
    heard.see(&call([agent("a", 1, Phase::Ringing)]), 0);
    assert_eq!(heard.tick(hours(12)), [""; 0], "what nobody had has no end");
    assert_eq!(heard.differ.open(), 0);
}

#[test]
fn what_only_rang_is_no_call_and_is_forgotten() {
    let mut heard = Heard::default();
    heard.see(&call([customer(Phase::Connected), agent("a", 1, Phase::Ringing)]), 0);
    let declined = Party { answered: None, ..agent("a", 1, Phase::Over) };
    let declined = call([customer(Phase::Connected), declined]);
    assert!(heard.see(&declined, 10).is_empty());
    assert!(heard.see(&declined, 20).is_empty());
    assert_eq!((heard.differ.open(), heard.differ.due()), (0, Some(at(10 + 1800))));
    assert_eq!(heard.tick(10 + 1800), [""; 0]);
    assert!(heard.differ.calls.len() == 0);
    assert!(heard.see(&declined, 1900).is_empty() && heard.differ.calls.len() == 0, "it opens nothing anew");
}

#[test]
fn after_silence_all_calls_that_go_on_are_asked_about() {
    let mut heard = Heard::default();
    let numbered = |n: u32, snapshot: Snapshot| Snapshot { conversation: format!("c-{n}"), ..snapshot };
    heard.see(&numbered(1, talking()), 0);
    heard.see(&numbered(2, talking()), 0);
    heard.see(&numbered(3, passed_on()), 0);
    heard.see(&numbered(1, over()), 60);
    heard.confirmed(Confirmed::Over(None), 61);
    let mut out = Vec::new();
    heard.differ.ask_all(&everybody, &mut out);
    assert_eq!(out, ["c-2", "c-3"].map(|id| Effect::Confirm(id.to_owned())));
}

#[test]
fn who_is_in_a_call_is_busy_until_the_leg_is_over() {
    let mut heard = Heard::default();
    assert!(heard.differ.busy().is_empty() && !heard.differ.is_open("c-1"));
    heard.see(&call([agent("a", 1, Phase::Connected), agent("a2", 2, Phase::Ringing)]), 0);
    assert_eq!(heard.differ.busy(), BTreeSet::from(["a", "a2"]));
    heard.see(&call([agent("a", 1, Phase::Over), agent("a2", 2, Phase::Connected)]), 10);
    assert_eq!(heard.differ.busy(), BTreeSet::from(["a2"]));
    heard.see(&call([agent("a", 1, Phase::Over), agent("a2", 2, Phase::Over)]), 20);
    assert!(heard.differ.busy().is_empty() && heard.differ.is_open("c-1"), "the vendor was not asked yet");
    heard.confirmed(Confirmed::Over(None), 21);
    assert!(!heard.differ.is_open("c-1"), "it is only remembered");
}

#[test]
fn more_calls_than_there_is_room_for_are_a_gap() {
    let numbered = |n: u32, snapshot: Snapshot| Snapshot { conversation: format!("c-{n}"), ..snapshot };
    let mut heard = Heard::with(Limits { calls: 2, ..Limits::default() });
    for n in 1..=2 {
        assert_eq!(heard.see(&numbered(n, talking()), 0), ["answered a-1"]);
    }
    assert!(heard.see(&numbered(3, talking()), 10).is_empty());
    assert!(heard.see(&numbered(4, talking()), 20).is_empty());
    assert_eq!(heard.tick(30), [""; 0], "it lasts");
    assert_eq!(heard.see(&numbered(1, over()), 60), ["leg_ended a-1", "confirm"], "the others go on");
    heard.confirmed(Confirmed::Over(None), 61);
    assert_eq!(heard.tick(62), ["gap"]);
    let Some(Effect::Gap(gap)) = heard.effects.last() else { panic!("no gap") };
    assert_eq!((gap.from, gap.to), (at(10), at(62)));
    assert_eq!(heard.see(&numbered(3, talking()), 70), ["answered a-1"], "in the place of the one that is over");
    let known: Vec<&str> = heard.differ.calls.iter().map(|(id, _)| &**id).collect();
    assert_eq!(known, ["c-2", "c-3"]);
    assert_eq!(heard.tick(71), [""; 0], "told once");
}

#[test]
fn the_next_thing_to_do_is_known() {
    let mut heard = Heard::default();
    assert_eq!(heard.differ.due(), None);
    heard.see(&talking(), 0);
    assert_eq!(heard.differ.due(), Some(at(12 * 3600)));
    heard.see(&passed_on(), 60);
    assert_eq!(heard.differ.due(), Some(at(65)));
    heard.tick(65);
    assert_eq!(heard.differ.due(), Some(at(70)));
    heard.confirmed(Confirmed::Over(None), 66);
    assert_eq!(heard.differ.due(), Some(at(66 + 1800)));
    let forever = Heard::with(Limits { max_call: TimeDelta::MAX, ..Limits::default() });
    let mut forever = Heard { ..forever };
    forever.see(&talking(), 0);
    assert_eq!(forever.differ.due(), Some(DateTime::<Utc>::MAX_UTC));
}

#[test]
fn a_restart_has_to_hear_from_the_oldest_open_call_on() {
    let mut heard = Heard::default();
    assert_eq!(heard.differ.low_water(), None);
    let late = |snapshot: Snapshot| {
        let parties = snapshot.parties.into_iter().map(|party| Party { started: Some(at(40)), ..party }).collect();
        Snapshot { conversation: "c-2".to_owned(), parties }
    };
    heard.see(&talking(), 30);
    heard.see(&late(talking()), 50);
    assert_eq!(heard.differ.low_water(), Some(at(0)));
    heard.see(&over(), 60);
    heard.confirmed(Confirmed::Over(None), 61);
    assert_eq!(heard.differ.low_water(), Some(at(40)));
}
