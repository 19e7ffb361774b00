use proptest::prelude::*;

use super::super::pairing::{Decision, Rules};
use super::super::record::Sight;
use super::*;
use crate::NameRules;
use crate::config::SidecarMode;
use crate::files::Mark;

const STEM: &str = "20261102-091500_kay";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_600_000 + second, 0).unwrap()
}

fn path(name: &str) -> FolderPath {
    FolderPath::new(name).unwrap()
}

fn version(size: u64) -> Version {
    Version::new(size, None)
}

fn rules() -> Rules {
    Rules {
        names: NameRules::new("UTC".parse().unwrap()),
        sidecar: SidecarMode::Required,
        grace: Duration::from_secs(1800),
        required_fields: Vec::new(),
        media_limit: 1000,
        sidecar_limit: 1000,
        update_window: Duration::from_secs(48 * 3600),
    }
}

fn inbox() -> Inbox {
    Inbox::new(Duration::from_secs(30), 4)
}

/// Whole by word: seen at this second, and said to be whole before.
fn arrive(inbox: &mut Inbox, second: i64, name: &str) {
    inbox.closed(at(second), path(name));
    inbox.saw(at(second), path(name), version(1));
}

fn recall_all(inbox: &mut Inbox) {
    for name in inbox.unknown(100) {
        inbox.recall(&name, Record::default());
    }
}

fn ready(inbox: &mut Inbox, second: i64) -> Option<Decision> {
    recall_all(inbox);
    inbox.next_ready(&rules(), at(second)).map(|(.., decision)| decision)
}

#[test]
fn a_pair_is_ready_once_both_are_whole_and_the_ledger_was_asked() {
    let mut inbox = inbox();
    arrive(&mut inbox, 0, "20261102-091500_kay.wav");
    arrive(&mut inbox, 1, "20261102-091500_kay.json");
    assert_eq!(inbox.next_ready(&rules(), at(1)), None, "nobody asked the ledger");
    assert!(matches!(ready(&mut inbox, 1), Some(Decision::Read { media: Some(_), .. })));
    inbox.hand_on(STEM);
    assert_eq!(ready(&mut inbox, 1), None, "it is in flight");
    inbox.refused(STEM, at(2));
    assert_eq!((ready(&mut inbox, 2), inbox.next_wake()), (None, Some(at(3))));
    inbox.time_passed(at(3));
    assert!(ready(&mut inbox, 3).is_some());
}

#[test]
fn files_beyond_the_capacity_wait_and_leave_nothing_behind() {
    let mut inbox = inbox();
    for number in 0..9 {
        let name = format!("20261102-09150{number}_kay.wav");
        inbox.closed(at(0), path(&name));
        inbox.saw(at(0), path(&name), version(1));
    }
    assert_eq!((inbox.files, inbox.turned_away()), (4, 5));
    assert_eq!(inbox.growing.len(), 4, "nobody looks at those that were turned away again and again");
    assert!(inbox.next_wake().unwrap() > at(0));
    inbox.listing_begins();
    for number in 3..9 {
        inbox.saw(at(40), path(&format!("20261102-09150{number}_kay.wav")), version(1));
    }
    inbox.listing_ended();
    assert_eq!((inbox.files, inbox.turned_away()), (1, 5), "room shows at the end of a listing");
    inbox.listing_begins();
    for number in 3..7 {
        assert_eq!(inbox.saw(at(70), path(&format!("20261102-09150{number}_kay.wav")), version(1)), number > 3);
    }
    inbox.listing_ended();
    assert_eq!((inbox.files, inbox.turned_away()), (4, 0));
}

#[test]
fn stems_in_flight_whose_files_vanish_are_forgotten_with_their_answer() {
    for accepted in [true, false] {
        let mut inbox = inbox();
        arrive(&mut inbox, 0, "20261102-091500_kay.wav");
        recall_all(&mut inbox);
        inbox.hand_on(STEM);
        inbox.gone(&path("20261102-091500_kay.wav"));
        assert_eq!(inbox.stems.len(), 1, "the answer is still to come");
        if accepted {
            inbox.accepted(STEM, Record::default());
        } else {
            inbox.refused(STEM, at(1));
        }
        assert!(inbox.stems.is_empty() && inbox.changed.is_empty() && inbox.unknown.is_empty());
    }
}

#[test]
fn what_fails_is_put_off_for_twice_the_time_up_to_a_minute() {
    let mut inbox = inbox();
    arrive(&mut inbox, 0, "20261102-091500_kay.wav");
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..9 {
        inbox.put_off(STEM, at(now));
        let again = inbox.stems[STEM].not_before.unwrap();
        waits.push((again - at(now)).num_seconds());
        now += waits[waits.len() - 1];
        inbox.time_passed(at(now));
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
    inbox.hand_on(STEM);
    inbox.put_off(STEM, at(now));
    assert_eq!(inbox.stems[STEM].not_before, Some(at(now + 1)), "after a success it starts anew");
}

#[test]
fn a_file_is_known_since_its_version_was_seen_first() {
    let mut inbox = inbox();
    inbox.saw(at(0), path("20261102-091500_kay.wav"), version(1));
    inbox.saw(at(10), path("20261102-091500_kay.wav"), version(2));
    inbox.saw(at(45), path("20261102-091500_kay.wav"), version(2));
    let file = &inbox.stems[STEM].files[0];
    assert_eq!((file.first_seen, file.whole, file.quiet), (at(10), true, true));
}

#[test]
fn what_an_earlier_run_saw_counts_for_the_same_version_only() {
    let mut inbox = inbox();
    arrive(&mut inbox, 100, "20261102-091500_kay.wav");
    let mark = inbox.files_of(STEM).remove(0);
    let older = Mark { version: version(9), ..mark.clone() };
    for (sight, expected) in [(mark, at(0)), (older, at(100))] {
        inbox.recall(STEM, Record { sights: vec![Sight { mark: sight, at: at(0) }], ..Record::default() });
        assert_eq!(inbox.next_ready(&rules(), at(100)), None, "it waits for its metadata");
        let unpaired: Vec<_> = inbox.unpaired().flat_map(|(.., sights)| sights).collect();
        assert_eq!(unpaired.iter().map(|sight| sight.at).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn what_changed_is_decided_before_it_counts_as_unpaired() {
    let mut inbox = inbox();
    arrive(&mut inbox, 0, "20261102-091500_kay.wav");
    assert_eq!(ready(&mut inbox, 0), None);
    assert_eq!(inbox.unpaired().count(), 1);
    arrive(&mut inbox, 1, "20261102-091500_kay.json");
    assert_eq!(inbox.unpaired().count(), 0, "its counterpart came a moment ago");
}

#[test]
fn what_is_in_flight_is_not_written_down_as_it_was() {
    let mut inbox = inbox();
    arrive(&mut inbox, 0, "20261102-091500_kay.wav");
    inbox.recall(STEM, Record { reported: true, ..Record::default() });
    assert_eq!(inbox.remembered().count(), 1);
    inbox.hand_on(STEM);
    assert_eq!(inbox.remembered().count(), 0);
}

#[test]
fn names_that_cannot_be_read_are_bounded() {
    let mut inbox = inbox();
    for number in 0..5000 {
        inbox.saw_unreadable(format!("{number}_•••.wav"));
        inbox.saw_unreadable(format!("{number}_•••.wav"));
    }
    assert_eq!(inbox.stems.len(), UNREADABLE);
}

#[derive(Clone, Debug)]
enum Step {
    Saw(usize, u64),
    Gone(usize),
    Closed(usize),
    Written(usize),
    Listing(Vec<usize>),
    HandOn,
    Accept,
    Refuse,
    PutOff,
    Reconsider,
    Wait(i64),
}

const NAMES: [&str; 6] = [
    "20261102-091500_kay.wav",
    "20261102-091500_kay.json",
    "20261102-091500_kay.xml",
    "20261102-091501_noor.wav",
    "20261102-091501_noor.yml",
    "notes.txt",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || 0..NAMES.len();
    let step = prop_oneof![
        4 => (name(), 1u64..4).prop_map(|(name, size)| Step::Saw(name, size)),
        1 => name().prop_map(Step::Gone),
        2 => name().prop_map(Step::Closed),
        1 => name().prop_map(Step::Written),
        1 => prop::collection::vec(name(), 0..6).prop_map(Step::Listing),
        3 => Just(Step::HandOn),
        2 => Just(Step::Accept),
        1 => Just(Step::Refuse),
        1 => Just(Step::PutOff),
        1 => Just(Step::Reconsider),
        3 => (0i64..50).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    /// Whatever happens in whatever order: the count of files is right, nothing is offered twice at a time, what is due was
    /// looked at, and when all files are gone and all answers there, nothing is left.
    #[test]
    fn the_books_are_kept(steps in steps()) {
        let mut inbox = Inbox::new(Duration::from_secs(30), 4);
        let mut in_flight: Vec<String> = Vec::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Saw(name, size) => {
                    inbox.saw(at(now), path(NAMES[name]), version(size));
                }
                Step::Gone(name) => inbox.gone(&path(NAMES[name])),
                Step::Closed(name) => inbox.closed(at(now), path(NAMES[name])),
                Step::Written(name) => inbox.written(at(now), &path(NAMES[name])),
                Step::Listing(names) => {
                    inbox.listing_begins();
                    for name in &names {
                        inbox.saw(at(now), path(NAMES[*name]), version(1));
                    }
                    inbox.listing_ended();
                    prop_assert!(inbox.files <= names.len());
                }
                Step::HandOn => {
                    recall_all(&mut inbox);
                    while let Some((name, ..)) = inbox.next_ready(&rules(), at(now)) {
                        prop_assert!(!in_flight.contains(&name));
                        inbox.hand_on(&name);
                        in_flight.push(name);
                    }
                }
                Step::Accept => in_flight.drain(..).for_each(|name| inbox.accepted(&name, Record::default())),
                Step::Refuse => in_flight.drain(..).for_each(|name| inbox.refused(&name, at(now))),
                Step::PutOff if in_flight.is_empty() => inbox.put_off(STEM, at(now)),
                Step::PutOff => {}
                Step::Reconsider => inbox.reconsider(),
                Step::Wait(seconds) => now += seconds,
            }
            // What a listener does before it sleeps.
            for due in inbox.to_look_at(at(now)) {
                let known = inbox.stems.get(stem_of(&due)).and_then(|stem| stem.files.iter().find(|file| file.path == due));
                match known.map(|file| file.version.clone()) {
                    Some(version) => {
                        inbox.saw(at(now), due, version);
                    }
                    None => inbox.gone(&due),
                }
            }
            inbox.time_passed(at(now));
            prop_assert!(inbox.next_wake().is_none_or(|wake| wake > at(now)), "it would not sleep");
            prop_assert_eq!(inbox.files, inbox.stems.values().map(|stem| stem.files.len()).sum::<usize>());
            prop_assert!(inbox.files <= 4 && inbox.growing.len() <= NAMES.len());
        }
        NAMES.iter().for_each(|name| inbox.gone(&path(name)));
        in_flight.iter().for_each(|name| inbox.refused(name, at(now)));
        prop_assert!(inbox.stems.is_empty() && inbox.growing.is_empty() && inbox.unknown.is_empty());
        prop_assert!(inbox.changed.is_empty(), "{:?}", inbox.changed);
    }
}
