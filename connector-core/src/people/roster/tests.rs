//! Rules one by one, and every diff against what applying it gives.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn who(id: &str, login: &str) -> AgentRef {
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    AgentRef { id: told(id), login: told(login).map(Login::from), ..AgentRef::default() }
}

fn agent(id: &str, login: &str) -> Agent {
    Agent { state: AgentState::Active, ..Agent::new(who(id, login)) }
}

fn named(agent: Agent, name: &str) -> Agent {
    Agent { who: agent.who.with_name(name), ..agent }
}

fn unclear(diff: &RosterDiff) -> Vec<AgentRef> {
    diff.unclear.iter().map(|unclear| unclear.listed.who.clone()).collect()
}

#[test]
fn who_left_is_deactivated_once_and_comes_back_as_a_change() {
    let left = diff([agent("1", "kay")], []);
    let inactive = Agent { state: AgentState::Inactive, ..agent("1", "kay") };
    assert_eq!(left.deactivated, std::slice::from_ref(&inactive));
    let deleted = Agent { state: AgentState::Deleted, ..agent("2", "lee") };
    assert!(diff([inactive.clone(), deleted], []).is_empty());
    let back = diff([inactive.clone()], [agent("1", "kay")]);
    assert_eq!(back.changed, [Changed { before: inactive, after: agent("1", "kay") }]);
}

#[test]
fn a_difference_of_any_kind_is_not_empty() {
    let known = || [agent("1", "kay"), agent("2", "lee")];
    assert!(diff(known(), known()).is_empty());
    for listed in [
        vec![agent("1", "kay"), agent("2", "lee"), agent("3", "joe")],
        vec![agent("1", "kay"), named(agent("2", "lee"), "Lee")],
        vec![agent("1", "kay")],
    ] {
        assert!(!diff(known(), listed.clone()).is_empty(), "{listed:?}");
    }
}

#[test]
fn who_is_known_by_one_thing_alone_can_leave_too() {
    let email = Agent::new(AgentRef::default().with_email("kay@example.com"));
    for known in [agent("1", ""), agent("", "kay"), email] {
        let diff = diff([known.clone()], [agent("9", "joe")]);
        assert_eq!(diff.deactivated[0].who, known.who);
    }
}

#[test]
fn every_part_is_sorted() {
    let diff = diff([agent("2", "lee"), agent("1", "kay")], [agent("4", "may"), agent("3", "joe")]);
    assert!(diff.deactivated.is_sorted_by_key(|person| &person.who) && diff.deactivated.len() == 2);
    assert!(diff.added.is_sorted_by_key(|person| &person.who) && diff.added.len() == 2);
}

#[test]
fn a_list_that_is_not_whole_makes_nobody_leave() {
    let diff = diff([agent("1", "kay")], [agent("2", "lee")]).without_leavers();
    assert_eq!((diff.added.len(), diff.deactivated.len()), (1, 0));
}

#[test]
fn a_new_id_with_an_old_login_is_another_person() {
    let diff = diff([agent("1", "kay")], [agent("2", "kay")]);
    assert_eq!(diff.added, [agent("2", "kay")]);
    assert_eq!(diff.deactivated[0].who, who("1", "kay"));
}

#[test]
fn a_person_without_an_id_is_known_by_login_or_email_in_any_case() {
    let by_email = Agent { who: AgentRef::default().with_email("Kay@Example.com"), ..agent("", "") };
    let diff = diff([agent("", "kay@example.com")], [by_email.clone()]);
    assert_eq!(diff.changed[0].after, by_email);
    assert!(diff.added.is_empty() && diff.deactivated.is_empty());
}

#[test]
fn a_person_who_is_known_by_login_and_email_is_one_person() {
    let both = |login: &str| Agent { who: who("", login).with_email("kay@example.com"), ..agent("", "") };
    assert_eq!(diff([both("Kay")], [both("kay")]).changed.len(), 1);
}

#[test]
fn order_and_repetition_of_groups_and_rows_mean_nothing() {
    let grouped =
        |groups: &[&str]| Agent { groups: groups.iter().map(|&group| group.to_owned()).collect(), ..agent("1", "kay") };
    assert!(diff([grouped(&["a", "b"])], [grouped(&["b", "a", "b"])]).is_empty());
    let new = diff([], [grouped(&["a", "b"]), grouped(&["b", "a"]), grouped(&["a", "b"])]);
    assert_eq!((new.added.len(), new.unclear.len()), (1, 0));
    assert_eq!(diff([grouped(&["a"])], [grouped(&["a", "b"])]).changed.len(), 1);
}

#[test]
fn two_rows_of_one_id_that_differ_are_unclear_and_leave_the_person_as_known() {
    let rows = [named(agent("1", "kay"), "Kay A."), named(agent("1", "kay"), "Kay B.")];
    for known in [vec![agent("1", "kay")], vec![rows[0].clone()], vec![agent("", "kay")], vec![]] {
        let diff = diff(known.clone(), rows.clone());
        assert!(diff.is_empty(), "{known:?}");
        let unsaid = known.first() == Some(&rows[0]); // that row repeats what is known
        assert_eq!(diff.unclear.len(), if unsaid { 1 } else { 2 }, "{known:?}");
    }
}

#[test]
fn a_row_that_may_mean_two_known_people_is_unclear_and_keeps_both() {
    let known = [agent("1", "kay"), agent("2", "kay")];
    let diff = diff(known.clone(), [agent("", "Kay")]);
    assert!(diff.is_empty());
    assert_eq!(diff.unclear[0].may_be, [known[0].who.clone(), known[1].who.clone()]);
}

#[test]
fn two_rows_that_may_mean_one_known_person_are_unclear() {
    let rows = [agent("1", "kay"), agent("2", "kay")];
    let diff = diff([agent("", "kay")], rows.clone());
    assert!(diff.is_empty());
    assert_eq!(unclear(&diff), rows.map(|row| row.who));
}

#[test]
fn a_known_id_is_sure_of_its_person_whoever_else_shares_the_login() {
    let changed = named(agent("1", "kay"), "Kay");
    let diff = diff([agent("1", "kay")], [agent("", "kay"), changed.clone()]);
    assert_eq!(diff.changed[0].after, changed);
    assert_eq!(unclear(&diff), [who("", "kay")]);
}

#[test]
fn two_new_rows_that_may_mean_one_person_are_unclear() {
    let diff = diff([], [agent("1", "kay"), agent("", "kay"), agent("2", "kay"), agent("3", "lee")]);
    assert_eq!(diff.added, [agent("3", "lee")]);
    assert_eq!(unclear(&diff), [who("", "kay"), who("1", "kay"), who("2", "kay")]);
}

#[test]
fn new_people_may_share_a_login_when_each_has_an_id() {
    assert_eq!(diff([], [agent("1", "kay"), agent("2", "kay")]).added.len(), 2);
}

#[test]
fn a_row_by_which_nobody_can_be_told_is_unclear_and_such_a_known_person_is_left_alone() {
    let nobody = named(agent("", ""), "Kay");
    let diff = diff([nobody.clone()], [nobody.clone()]);
    assert!(diff.is_empty());
    assert_eq!(diff.unclear, [Unclear { listed: nobody, may_be: vec![] }]);
}

#[test]
fn a_crowd_of_one_login_takes_no_time() {
    let crowd = (0..50_000).map(|n| named(agent("", "kay"), &n.to_string()));
    let with_ids = (0..50_000).map(|n| agent(&n.to_string(), "lee"));
    let diff = diff([], crowd.chain(with_ids));
    assert_eq!((diff.unclear.len(), diff.added.len()), (50_000, 50_000));
    assert!(diff.unclear.iter().all(|unclear| unclear.may_be.len() == NAMED));
}

/// What is known once a diff is stored.
fn apply(mut known: Vec<Agent>, diff: &RosterDiff) -> Vec<Agent> {
    for person in &mut known {
        if let Some(change) = diff.changed.iter().find(|change| change.before == *person) {
            *person = change.after.clone();
        } else if let Some(left) = diff.deactivated.iter().find(|left| left.who == person.who) {
            *person = left.clone();
        }
    }
    known.extend(diff.added.iter().cloned());
    known
}

fn text(letters: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(letters).prop_map(str::to_owned)
}

/// People as vendors list them: an id each, logins that are mostly their own.
fn orderly() -> impl Strategy<Value = Vec<Agent>> {
    let person = (text(&["a", "b"]), prop::sample::select(&[AgentState::Active, AgentState::Inactive][..]));
    prop::collection::btree_map(0u8..12, person, 0..10).prop_map(|people| {
        let agent = |(id, (group, state)): (u8, (String, AgentState))| {
            let login = format!("login-{}", id / 2);
            Agent { groups: vec![group], state, ..agent(&id.to_string(), &login) }
        };
        people.into_iter().map(agent).collect()
    })
}

/// People as badly told as can be: any id, login and e-mail address, or none.
fn disorderly() -> impl Strategy<Value = Vec<Agent>> {
    let person =
        (text(&["", "1", "2", "3"]), text(&["", "x", "X", "y", "z"]), text(&["", "x", "y", "w"]), text(&["a", "b"]));
    let agent = |(id, login, email, group): (String, String, String, String)| {
        let mut agent = Agent { groups: vec![group], ..agent(&id, &login) };
        agent.who.email = (!email.is_empty()).then(|| email.into());
        agent
    };
    prop::collection::vec(person.prop_map(agent), 0..7)
}

fn shuffled(of: impl Strategy<Value = Vec<Agent>>) -> impl Strategy<Value = (Vec<Agent>, Vec<Agent>)> {
    of.prop_flat_map(|listed| (Just(listed.clone()), Just(listed).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn stored_it_gives_the_list_and_those_who_left(known in orderly(), listed in orderly()) {
        let first = diff(known.clone(), listed.clone());
        prop_assert!(first.unclear.is_empty());
        let stored: BTreeMap<_, _> = apply(known.clone(), &first).into_iter().map(|p| (p.who.clone(), p)).collect();
        for person in &listed {
            prop_assert_eq!(&stored[&person.who], person);
        }
        for person in known.iter().filter(|person| listed.iter().all(|listed| listed.who != person.who)) {
            prop_assert_eq!(&stored[&person.who], &Agent { state: AgentState::Inactive, ..person.clone() });
        }
        let everybody: std::collections::BTreeSet<_> = known.iter().chain(&listed).map(|person| &person.who).collect();
        prop_assert_eq!(stored.len(), everybody.len(), "nobody is deleted, nobody twice");
        prop_assert_eq!(diff(stored.into_values(), listed), RosterDiff::default());
    }

    #[test]
    fn the_order_of_the_list_means_nothing(known in disorderly(), (listed, shuffled) in shuffled(disorderly())) {
        prop_assert_eq!(diff(known.clone(), listed), diff(known, shuffled));
    }

    #[test]
    fn every_row_is_stored_known_or_unclear_and_a_second_diff_is_empty(known in disorderly(), listed in disorderly()) {
        let first = diff(known.clone(), listed.clone());
        let stored = apply(known, &first);
        for row in &listed {
            let said = stored.iter().any(|person| says_the_same(person, row));
            prop_assert!(said || first.unclear.iter().any(|unclear| unclear.listed == *row), "{row:?} is lost");
        }
        for after in first.changed.iter().map(|change| &change.after).chain(&first.added) {
            let rivals = listed.iter().filter(|row| row.who.may_be(&after.who) && !says_the_same(row, after));
            let sure = after.who.id.is_some();
            prop_assert!(rivals.into_iter().all(|rival| sure && rival.who.id != after.who.id), "a guess: {after:?}");
        }
        if first.unclear.is_empty() {
            prop_assert!(diff(stored, listed).is_empty());
        }
    }
}
