//! Any stream of states: repeated, late, missing, of several calls at once, with a restart in it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::{Deed, Model};
use super::*;

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => any::<u8>().prop_map(|who| Deed::Offer(who % 6)),
        4 => Just(Deed::Answer),
        1 => Just(Deed::Decline),
        3 => any::<u8>().prop_map(Deed::Hold),
        3 => any::<u8>().prop_map(Deed::Resume),
        1 => any::<u8>().prop_map(Deed::Mute),
        1 => any::<u8>().prop_map(Deed::Pause),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(which, by_transfer)| Deed::Leave(which, by_transfer)),
    ];
    prop::collection::vec(deed, 0..30)
}

/// What becomes of a state on its way.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It comes once.
    Once,
    /// It comes, and so does one from before.
    WithAnOldOne(prop::sample::Index),
    /// It comes twice.
    Twice,
    /// It does not come.
    Lost,
}

fn ways(losses: u32) -> impl Strategy<Value = Vec<Way>> {
    let way = prop_oneof![
        4 => Just(Way::Once),
        2 => Just(Way::Twice),
        2 => any::<prop::sample::Index>().prop_map(Way::WithAnOldOne),
        losses => Just(Way::Lost),
    ];
    prop::collection::vec(way, 200)
}

/// What is heard of calls that run at once. The last state of each always comes.
fn stream(models: &[Model], ways: &[Way], order: &[prop::sample::Index]) -> Vec<Snapshot> {
    let mut heard = Vec::new();
    let mut next = vec![0; models.len()];
    let (mut order, mut ways) = (order.iter().cycle(), ways.iter().cycle());
    loop {
        let going: Vec<usize> = (0..models.len()).filter(|n| next[*n] < models[*n].states.len()).collect();
        if going.is_empty() {
            return heard;
        }
        let n = going[order.next().expect("endless").index(going.len())];
        let states = &models[n].states;
        let state = states[next[n]].clone();
        next[n] += 1;
        match ways.next().expect("endless") {
            Way::Lost if next[n] < states.len() => {}
            Way::Once | Way::Lost => heard.push(state),
            Way::Twice => heard.extend([state.clone(), state]),
            Way::WithAnOldOne(index) => heard.extend([state, states[index.index(next[n])].clone()]),
        }
    }
}

/// Each call is found where it belongs.
fn is_in_order(differ: &Differ) {
    let calls = || differ.calls.iter().map(|(_, call)| call);
    let open = || calls().filter(|call| !call.is_done());
    assert_eq!(differ.due(), calls().map(|call| call.due(&differ.limits)).min());
    assert_eq!((differ.open(), differ.low_water()), (open().count(), open().map(Call::began).min()));
}

/// Everything that is told of a stream, and then of the vendor's word on each call; and that memory falls back to nothing.
fn told(stream: &[Snapshot], is_whole: bool) -> Vec<CallEvent> {
    let mut differ = Differ::default();
    let mut out = Vec::new();
    for (snapshot, second) in stream.iter().zip(1000..) {
        differ.see(snapshot, &ours, at(second), &mut out);
        differ.tick(at(second), &mut out);
        is_in_order(&differ);
    }
    let end = 1000 + stream.len() as i64;
    if !is_whole {
        // An old state that comes alone opens a call that nobody will close, unless all are asked about.
        differ.ask_all(&everybody, &mut out);
    }
    let asked = |effect: &Effect| match effect {
        Effect::Confirm(id) => Some(id.clone()),
        Effect::Emit(_) | Effect::Gap(_) => None,
    };
    let asked: BTreeSet<String> = out.iter().filter_map(asked).collect();
    asked.iter().for_each(|id| differ.confirmed(id, Confirmed::Over(Some(at(900))), at(end), &mut out));
    assert_eq!(differ.open(), 0);
    stream.iter().for_each(|late| differ.see(late, &ours, at(end), &mut out));
    differ.tick(at(end + 1800), &mut out);
    assert!(differ.calls.len() == 0 && differ.due().is_none());
    out.iter().filter_map(event).cloned().collect()
}

fn is_timeless(kind: &CallEventKind) -> bool {
    matches!(kind, CallEventKind::Other(_) | CallEventKind::RecordingPaused | CallEventKind::RecordingResumed)
}

/// What was told with the vendor's times, and that nothing of all was told twice, or in an order that cannot be.
fn checked(events: &[CallEvent]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut on_hold: BTreeMap<String, bool> = BTreeMap::new();
    let mut is_over = BTreeSet::new();
    let mut has_ended = BTreeSet::new();
    for event in events {
        assert!(keys.insert(event.key.as_str().to_owned()), "{:?} twice", event.key);
        let call = event.conversation.id.clone();
        if event.kind != CallEventKind::WrapUpEnded {
            assert!(!has_ended.contains(&call), "{:?} after the end", event.key);
        }
        let Some(leg) = event.conversation.leg.as_ref().map(|leg| format!("{call}:{leg}")) else {
            has_ended.insert(call);
            continue;
        };
        if matches!(event.kind, CallEventKind::Held | CallEventKind::Resumed) {
            let is_held = event.kind == CallEventKind::Held;
            assert_eq!(on_hold.insert(leg.clone(), is_held).unwrap_or(false), !is_held, "{:?}", event.key);
        }
        match event.kind {
            CallEventKind::LegEnded => assert!(is_over.insert(leg)),
            CallEventKind::WrapUpEnded => assert!(is_over.contains(&leg)),
            _ => assert!(!is_over.contains(&leg), "{:?} after the end of its leg", event.key),
        }
    }
    let timed = events.iter().filter(|event| !is_timeless(&event.kind));
    timed.map(|event| event.key.as_str().to_owned()).collect()
}

/// Resumes that cannot have happened, since the hold lasted to the end: an old state without it looks like one.
fn without_early_resumes(told: &BTreeSet<String>, truth: &BTreeSet<String>) -> BTreeSet<String> {
    let is_early = |key: &String| {
        key.contains(":resumed:") && !truth.contains(key) && truth.contains(&key.replace(":resumed:", ":held:"))
    };
    told.iter().filter(|key| !is_early(key)).cloned().collect()
}

fn truth(models: &[Model]) -> BTreeSet<String> {
    models.iter().flat_map(|model| model.truth.iter().cloned()).collect()
}

proptest! {
    #[test]
    fn whatever_is_repeated_or_late_each_event_is_told_once_and_none_is_missing(
        calls in prop::collection::vec(deeds(), 1..4),
        ways in ways(0),
        order in prop::collection::vec(any::<prop::sample::Index>(), 50),
    ) {
        let models: Vec<Model> = calls.iter().enumerate().map(|(n, deeds)| Model::play(n, deeds)).collect();
        let told = checked(&told(&stream(&models, &ways, &order), true));
        let truth = truth(&models);
        prop_assert_eq!(without_early_resumes(&told, &truth), truth);
    }

    #[test]
    fn whatever_is_lost_nothing_is_made_up_and_each_call_ends_once(
        calls in prop::collection::vec(deeds(), 1..4),
        ways in ways(6),
        order in prop::collection::vec(any::<prop::sample::Index>(), 50),
    ) {
        let models: Vec<Model> = calls.iter().enumerate().map(|(n, deeds)| Model::play(n, deeds)).collect();
        let told = checked(&told(&stream(&models, &ways, &order), false));
        let truth = truth(&models);
        let told = without_early_resumes(&told, &truth);
        prop_assert!(told.is_subset(&truth), "{:?}", told.difference(&truth).collect::<Vec<_>>());
        let must_be = |key: &&String| {
            ["answered", "leg_ended", "transferred", "ended", "wrap_up_ended"].iter().any(|kind| key.ends_with(&format!(":{kind}")))
        };
        let missing: Vec<_> = truth.difference(&told).filter(must_be).collect();
        prop_assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn after_a_restart_the_same_events_have_the_same_keys(
        calls in prop::collection::vec(deeds(), 1..4),
        ways in ways(1),
        order in prop::collection::vec(any::<prop::sample::Index>(), 50),
        cut in any::<prop::sample::Index>(),
    ) {
        let models: Vec<Model> = calls.iter().enumerate().map(|(n, deeds)| Model::play(n, deeds)).collect();
        let stream = stream(&models, &ways, &order);
        let cut = cut.index(stream.len() + 1);
        let truth = truth(&models);
        let again = without_early_resumes(&checked(&told(&stream[cut..], false)), &truth);
        prop_assert!(again.is_subset(&truth), "{:?}", again.difference(&truth).collect::<Vec<_>>());
    }
}
