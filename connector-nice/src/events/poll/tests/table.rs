//! One rule a test.

use super::*;

#[test]
fn the_first_sweep_without_a_position_only_notes_what_is_there() {
    let mut poller = Poller::new(None, at(0), TimeDelta::seconds(10));
    let rows = [Row::new(1, -5), Row::new(2, -3)];
    assert_eq!(keys(&sweep(&mut poller, &rows, 0)), [""; 0]);
    assert_eq!(keys(&sweep(&mut poller, &rows, 1)), [""; 0], "nor does the second one tell of them");
    let rows = [Row::new(2, -3), Row { note: 1, ..Row::new(1, 2) }, Row::new(3, 2)];
    assert_eq!(keys(&sweep(&mut poller, &rows, 3)), ["3:ended", "1:changed"]);
}

#[test]
fn a_row_that_comes_again_is_told_once_and_its_change_as_one() {
    let mut poller = waiting(0);
    let first = Row::new(1, 2);
    let changed = Row { note: 1, ..Row::new(1, 4) };
    for (rows, told) in [
        (vec![first.clone(), first.clone()], vec!["1:ended"]),
        (vec![first], vec![]),
        (vec![changed.clone(), changed.clone()], vec!["1:changed"]),
        (vec![changed.clone(), changed], vec![]),
    ] {
        let handover = sweep(&mut poller, &rows, 5);
        assert_eq!(keys(&handover), told);
    }
}

#[test]
fn a_row_that_shows_late_is_found_in_the_overlap() {
    let mut poller = waiting(0);
    sweep(&mut poller, &[Row::new(1, 19)], 20);
    assert_eq!(poller.question().0, at(10), "it asks again for the last ten seconds");
    assert_eq!(keys(&sweep(&mut poller, &[Row::new(2, 12), Row::new(1, 19)], 30)), ["2:ended"]);
}

#[test]
fn what_is_refused_is_owed_again_and_what_is_accepted_is_not() {
    let mut poller = waiting(0);
    let rows = [Row::new(1, 2)];
    let first = sweep(&mut poller, &rows, 5);
    sweep(&mut poller, &[], 40);
    poller.refused(first.id);
    assert!(poller.question().0 <= at(2), "the next sweep reaches back to it");
    let second = sweep(&mut poller, &rows, 41);
    assert_eq!(keys(&second), keys(&first));
    poller.accepted(second.id);
    poller.refused(second.id);
    assert_eq!(keys(&sweep(&mut poller, &rows, 42)), [""; 0]);
}

#[test]
fn the_position_waits_for_what_nobody_accepted() {
    let mut poller = waiting(0);
    let first = sweep(&mut poller, &[Row::new(1, 2)], 5);
    let second = sweep(&mut poller, &[Row::new(2, 50)], 55);
    assert!(since(&second.cursor) <= 2, "the first one is still owed");
    poller.accepted(first.id);
    let third = sweep(&mut poller, &[Row::new(3, 100)], 105);
    assert!((5..=55).contains(&since(&third.cursor)), "now the second one is");
    poller.accepted(second.id);
    poller.accepted(third.id);
    assert_eq!(since(&sweep(&mut poller, &[], 200).cursor), 200);
}

#[test]
fn the_position_waits_for_a_call_that_goes_on() {
    let mut poller = waiting(0);
    let first_leg = list([Row::new(1, 20).text()], 1);
    let goes_on = |_: &str| Some(family(&[(1, Some(15)), (2, None)]));
    let told = page_with(&mut poller, &first_leg, 30, goes_on, everyone);
    assert_eq!(keys(&told), [""; 0]);
    let later = page_with(&mut poller, &list([], 0), 900, goes_on, everyone);
    assert_eq!(since(&later.cursor), 20);
    let is_over = |_: &str| Some(family(&[(1, Some(15)), (2, Some(940))]));
    let second_leg = list([Row::new(2, 950).of(1).text()], 1);
    let told = page_with(&mut poller, &second_leg, 960, is_over, everyone);
    assert_eq!(keys(&told), ["1:ended"]);
    let Some(Item::Event(event)) = told.items.first() else { panic!("an event") };
    assert_eq!(event.at, Stamp::vendor(at(940)), "the vendor's own end");
    assert_eq!(event.facts.as_ref().map(|facts| facts.legs.len()), Some(2), "with both of its legs");
    assert!(poller.handed[&told.id].low <= at(20), "if it is refused, both legs are read again");
}

#[test]
fn a_leg_that_changes_while_its_call_goes_on_is_told_in_its_new_version() {
    let mut poller = waiting(0);
    let goes_on = |_: &str| Some(family(&[(1, Some(15)), (2, None)]));
    page_with(&mut poller, &list([Row::new(1, 20).text()], 1), 30, goes_on, everyone);
    let changed = Row { note: 7, ..Row::new(1, 40) };
    // Not on the last page, where all open calls are looked at.
    let found = list([changed.text(), Row::new(8, 41).text(), Row::new(9, 42).text()], 4);
    page_with(&mut poller, &found, 50, goes_on, everyone);
    let is_over = |_: &str| Some(family(&[(1, Some(15)), (2, Some(60))]));
    let told = page_with(&mut poller, &list([Row::new(2, 60).of(1).text()], 1), 70, is_over, everyone);
    let Some(Item::Event(event)) = told.items.first() else { panic!("an event") };
    let notes = event.facts.as_ref().and_then(|facts| facts.attributes.get("disposition_notes"));
    assert_eq!(notes.map(String::as_str), Some("n7"));
}

#[test]
fn a_call_whose_last_leg_never_shows_is_over_after_hours() {
    let mut poller = waiting(0);
    let goes_on = |_: &str| Some(family(&[(1, Some(15)), (2, None)]));
    page_with(&mut poller, &list([Row::new(1, 20).text()], 1), 30, goes_on, everyone);
    assert_eq!(keys(&page_with(&mut poller, &list([], 0), 3 * 3600, goes_on, everyone)), [""; 0]);
    assert_eq!(keys(&page_with(&mut poller, &list([], 0), 5 * 3600, goes_on, everyone)), ["1:ended"]);
}

#[test]
fn only_calls_of_those_who_are_watched_are_told_and_looked_up() {
    let mut poller = waiting(0);
    let watched = |who: Option<&AgentRef>| who.is_some_and(|who| who.id.as_deref() == Some("7"));
    let found = list([Row { agent: 7, ..Row::new(1, 2) }.text(), Row::new(2, 3).text()], 2);
    assert_eq!(poller.plan(read_by(&poller, &found), at(5), watched).confirm, BTreeSet::from(["1".to_owned()]));
    assert_eq!(keys(&page_with(&mut poller, &found, 5, |_| None, watched)), ["1:ended"]);
}

#[test]
fn a_row_without_a_contact_id_is_rejected_once() {
    let mut poller = waiting(0);
    let bad = [r#"{"contactId": "not a number"}"#, "7", "[1]", "null"];
    let rows = || list(bad.map(str::to_owned), bad.len());
    assert_eq!(keys(&page_with(&mut poller, &rows(), 1, |_| None, everyone)), ["rejected"; 4]);
    assert_eq!(keys(&page_with(&mut poller, &rows(), 2, |_| None, everyone)), [""; 0]);
}

#[test]
fn after_a_restart_what_was_told_before_has_the_same_key() {
    let mut before = waiting(0);
    let rows = [Row::new(1, 2)];
    let told = keys(&sweep(&mut before, &rows, 5));
    let mut after = Poller::new(Some(at(5)), at(60), TimeDelta::seconds(10));
    let again = keys(&sweep(&mut after, &rows, 60));
    assert!(again.contains(&told[0]), "{again:?}");
}

#[test]
fn a_row_that_shows_late_behind_the_page_is_found_after_a_restart() {
    let mut poller = waiting(0);
    let page = |poller: &mut Poller, rows: &[Row], total: usize, now: i64| {
        let found = list(rows.iter().map(Row::text), total);
        page_with(poller, &found, now, |_| None, everyone)
    };
    let first = page(&mut poller, &[Row::new(1, 1), Row::new(2, 1), Row::new(3, 1)], 4, 1);
    // A call that ended at -3 shows now. Meanwhile the pages go on, to what changed later.
    let second = page(&mut poller, &[Row::new(1, 1), Row::new(4, 1), Row::new(6, 8)], 6, 8);
    poller.accepted(first.id);
    poller.accepted(second.id);
    let third = page(&mut poller, &[Row::new(6, 8), Row::new(7, 8), Row::new(8, 8)], 5, 8);
    assert!(!third.is_swept);
    let after = Poller::new(position(&third.cursor), at(8), TimeDelta::seconds(10));
    assert!(after.question().0 <= at(-3), "{:?}", after.question());
}

#[test]
fn rows_of_one_moment_are_paged_by_number_and_begun_anew_when_they_move() {
    let mut poller = waiting(0);
    let page = |poller: &mut Poller, ids: &[u64], total: usize| {
        let found = list(ids.iter().map(|id| Row::new(*id, 2).text()), total);
        keys(&page_with(poller, &found, 5, |_| None, everyone))
    };
    page(&mut poller, &[1, 2, 3], 7);
    assert_eq!(poller.question(), (at(2), 0));
    page(&mut poller, &[1, 2, 3], 7);
    assert_eq!(poller.question(), (at(2), 2), "the last row comes again, to see whether it is still in its place");
    page(&mut poller, &[3, 4, 5], 7);
    // Row 1 was updated and moved to the end: what follows moved up.
    assert_eq!(page(&mut poller, &[6, 7, 1], 7), ["6:ended", "7:ended"]);
    assert_eq!(poller.question(), (at(2), 0));
}

#[test]
fn rows_that_come_in_another_order_each_time_do_not_hold_up_the_sweep() {
    let mut poller = waiting(0);
    for turn in 0..40 {
        let ids: Vec<u64> = (0..3).map(|place| 1 + (turn * 5 + place * 2) % 7).collect();
        let found = list(ids.iter().map(|id| Row::new(*id, 2).text()), 7);
        if page_with(&mut poller, &found, 5, |_| None, everyone).is_swept {
            return;
        }
    }
    panic!("it turns in circles");
}

#[test]
fn a_clock_that_is_ahead_of_the_vendors_misses_nothing() {
    let mut poller = Poller::new(None, at(1_000), TimeDelta::seconds(10));
    sweep(&mut poller, &[], 5);
    assert!(poller.question().0 < at(5), "{:?}", poller.question());
    let told = sweep(&mut poller, &[Row::new(1, 20)], 25);
    assert_eq!((keys(&told), since(&told.cursor)), (vec!["1:ended".to_owned()], 25));
}

#[test]
fn a_position_that_cannot_be_read_is_none() {
    for text in ["", "{}", r#"{"v":2,"since":"2026-03-01T12:00:00Z"}"#, r#"{"v":1,"since":"soon"}"#, "\u{1}"] {
        assert_eq!(position(&Cursor::new(text)), None, "{text}");
    }
}
