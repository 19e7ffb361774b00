use proptest::prelude::*;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_323_200 + second, 0).unwrap()
}

fn seen(phase: Phase, since: Option<i64>) -> Seen {
    Seen {
        contact: "702200100234".to_owned(),
        master: "702200100200".to_owned(),
        agent: AgentRef::default().with_id("31000101"),
        phase,
        since: since.map(at),
        answered: None,
    }
}

#[test]
fn states_are_known_by_the_words_that_the_tenant_calls_them() {
    for (text, phase) in [
        ("Released", Phase::Over),
        ("RELEASED", Phase::Over),
        ("Active", Phase::Talking),
        ("Inactive", Phase::Other),
        ("Customer On Hold", Phase::Held),
        ("Holding", Phase::Held),
        ("Active-Held", Phase::Held),
        ("Ringing", Phase::Ringing),
        ("Routing", Phase::Other),
        ("String", Phase::Other),
        ("", Phase::Other),
        ("Pausen-Ansage", Phase::Other),
    ] {
        assert_eq!(Phase::of(text), phase, "{text}");
    }
}

#[test]
fn what_no_description_tells_is_read_from_the_contact() {
    let described = |id: &str, text: &str, category: &str| Description {
        id: Some(id.to_owned()),
        description: Some(text.to_owned()),
        category: Some(category.to_owned()),
    };
    let states = States::read([described("4", "Holding", "Active"), described("9", "Stand 3", "Held")]);
    assert_eq!(states.phase(Some("4"), Some("Active"), None), Phase::Held, "the description counts first");
    assert_eq!(states.phase(Some("9"), None, None), Phase::Held, "then its category");
    assert_eq!(states.phase(Some("7"), Some("Active"), Some("Held")), Phase::Talking);
    assert_eq!(states.phase(None, None, Some("Held")), Phase::Held);
    assert_eq!(states.phase(Some("7"), None, None), Phase::Other);
}

#[test]
fn each_step_is_told_as_it_is_seen() {
    use CallEventKind::{Answered, Held, Resumed, Ringing};
    use Phase::{Other, Over, Ringing as R, Talking as T};
    let hold = Phase::Held;
    for (phases, kinds) in [
        (vec![R, T, hold, T, Over], vec![Ringing, Answered, Held, Resumed]),
        (vec![T, T, T], vec![Answered]),
        (vec![hold], vec![Answered, Held]),
        (vec![hold, Over, T], vec![Answered, Held]),
        (vec![Other, Other], vec![]),
        (vec![T, Other, hold, Other, T], vec![Answered, Held, Resumed]),
        (vec![T, R], vec![Answered]),
        (vec![Over, T], vec![]),
    ] {
        let mut courses = Courses::default();
        let steps = phases.iter().zip(0..).flat_map(|(phase, n)| courses.see(&seen(*phase, Some(n)), at(n)));
        let told: Vec<_> = steps.map(|event| event.kind).collect();
        assert_eq!(told, kinds, "{phases:?}");
    }
}

#[test]
fn what_is_older_than_what_was_seen_changes_nothing() {
    let mut courses = Courses::default();
    courses.see(&seen(Phase::Talking, Some(5)), at(9));
    assert!(courses.see(&seen(Phase::Held, Some(3)), at(9)).is_empty());
    assert_eq!(courses.see(&seen(Phase::Held, Some(6)), at(9)).len(), 1);
}

#[test]
fn a_restart_tells_the_same_events_under_the_same_keys() {
    let (held, later) = (seen(Phase::Held, Some(60)), at(500));
    let keys = |events: Vec<CallEvent>| events.into_iter().map(|event| event.key).collect::<Vec<_>>();
    let before = keys(Courses::default().see(&held, at(61)));
    assert_eq!(keys(Courses::default().see(&held, later)), before);
    let mut courses = Courses::default();
    let first =
        keys([Phase::Talking, Phase::Held].iter().flat_map(|p| courses.see(&seen(*p, Some(60)), at(61))).collect());
    assert_eq!(first, before, "in one step or in two");
}

#[test]
fn who_is_missing_is_told_once_until_found_again() {
    let mut courses = Courses::default();
    let contact = seen(Phase::Talking, None).contact;
    courses.see(&seen(Phase::Talking, None), at(0));
    assert!(courses.missing(&HashSet::from([contact.clone()])).is_empty());
    assert_eq!(courses.missing(&HashSet::new()), vec![contact.clone()]);
    assert!(courses.missing(&HashSet::new()).is_empty());
    assert!(courses.see(&seen(Phase::Talking, None), at(1)).is_empty(), "it was answered before");
    assert_eq!(courses.missing(&HashSet::new()), vec![contact.clone()]);
    courses.forget(|over| over == contact);
    assert!(courses.missing(&HashSet::new()).is_empty());
}

#[test]
fn so_many_contacts_are_followed_and_no_more() {
    let mut courses = Courses::default();
    let numbered = |n: usize| Seen { contact: n.to_string(), ..seen(Phase::Talking, None) };
    for n in 0..MOST {
        assert_eq!(courses.see(&numbered(n), at(0)).len(), 1);
    }
    assert!(courses.see(&numbered(MOST), at(0)).is_empty());
    assert_eq!(courses.see(&Seen { phase: Phase::Held, ..numbered(0) }, at(1)).len(), 1, "the others go on");
}

fn phases() -> impl Strategy<Value = Phase> {
    prop_oneof![Just(Phase::Ringing), Just(Phase::Talking), Just(Phase::Held), Just(Phase::Over), Just(Phase::Other)]
}

proptest! {
    /// Whatever is seen, in whatever order, with whatever times.
    #[test]
    fn answered_comes_once_and_first_and_holds_alternate(
        seens in prop::collection::vec((phases(), prop::option::of(0_i64..50)), 0..40)
    ) {
        let mut courses = Courses::default();
        let mut is_over = false;
        let (mut answered, mut held, mut rang) = (0, false, 0);
        for (phase, since) in seens {
            for event in courses.see(&seen(phase, since), at(100)) {
                prop_assert!(!is_over, "something after the end");
                match event.kind {
                    CallEventKind::Ringing => {
                        rang += 1;
                        prop_assert_eq!((answered, rang), (0, 1));
                    }
                    CallEventKind::Answered => answered += 1,
                    CallEventKind::Held => {
                        prop_assert!(answered == 1 && !held);
                        held = true;
                    }
                    CallEventKind::Resumed => {
                        prop_assert!(held);
                        held = false;
                    }
                    other => prop_assert!(false, "{other}"),
                }
                prop_assert!(answered <= 1);
            }
            is_over |= courses.0.values().any(|course| course.phase == Phase::Over);
        }
    }
}
