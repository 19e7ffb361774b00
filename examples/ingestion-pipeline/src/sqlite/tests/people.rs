//! People: imports, moves, lists of a source, and whose calls count in the end.

use connector_core::{Agent, AgentRef, AgentState, Origin};

use super::Scratch;
use crate::fakes::at;
use crate::people::{ImportReport, PeopleFile};
use crate::scope::Member;
use crate::sqlite::People;

fn drop_folder() -> Origin {
    Origin::new("acme", "drop")
}

fn five9() -> Origin {
    Origin::new("acme", "five9")
}

/// Imports rows of tenant, person, source, login, e-mail and flag at a second.
async fn import(people: &People, second: i64, rows: &str) -> ImportReport {
    let text = format!("tenant,person,source,login,email,analyse\n{rows}");
    let file = PeopleFile::read(text.as_bytes(), &[drop_folder(), five9()]).unwrap();
    people.import(&file, at(second), false).await.unwrap()
}

fn counts(report: &ImportReport) -> [u64; 5] {
    [report.rows, report.added, report.changed, report.started, report.ended]
}

/// Login or id and the end, of all members.
async fn members(people: &People, origin: &Origin) -> Vec<(String, Option<i64>)> {
    let members = people.members_of(origin).await.unwrap();
    let told =
        |member: &Member| (member.who.reveal().to_owned(), member.until.map(|until| (until - at(0)).num_seconds()));
    members.iter().map(told).collect()
}

fn has(login: &str, until: Option<i64>) -> (String, Option<i64>) {
    (login.to_owned(), until)
}

fn agent(id: &str, login: &str, state: AgentState) -> Agent {
    let mut agent = Agent::new(AgentRef::default().with_id(id).with_login(login));
    agent.state = state;
    agent
}

const ACTIVE: AgentState = AgentState::Active;

#[tokio::test]
async fn a_moved_person_ends_here_and_starts_there() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    let rows = "acme,E-1,drop,kay,,\nacme,E-2,drop,lee,,\n";
    assert_eq!(counts(&import(&people, 0, rows).await), [2, 2, 0, 2, 0]);
    let before = people.changes().await.unwrap();
    assert_eq!(counts(&import(&people, 5, rows).await), [2, 0, 0, 0, 0], "the same again");
    assert_eq!(people.changes().await.unwrap(), before);

    let moved = import(&people, 60, "acme,E-1,five9,kay,,\n").await;
    assert_eq!(counts(&moved), [1, 0, 0, 1, 1]);
    assert!(people.changes().await.unwrap() > before);
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", Some(60)), has("lee", None)]);
    assert_eq!(members(&people, &five9()).await, [has("kay", None)]);

    import(&people, 90, rows).await;
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", None), has("lee", None)], "and back");
    assert_eq!(members(&people, &five9()).await, [has("kay", Some(90))]);
    assert_eq!(people.list().await.unwrap().len(), 3, "nothing was deleted");
}

#[tokio::test]
async fn who_is_no_longer_to_be_analysed_keeps_the_calls_before() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    import(&people, 0, "acme,E-1,drop,kay,,yes\nacme,E-2,drop,lee,,no\n").await;
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", None)], "lee never was");
    assert_eq!(counts(&import(&people, 30, "acme,E-1,drop,kay,,no\n").await), [1, 0, 1, 0, 0]);
    import(&people, 40, "acme,E-1,drop,kay,,no\n").await;
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", Some(30))]);
    import(&people, 50, "acme,E-1,five9,kay,,\n").await;
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", Some(30))], "the earlier end counts");
    import(&people, 60, "acme,E-1,five9,kay,,yes\n").await;
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", Some(50))]);
    assert_eq!(members(&people, &five9()).await, [has("kay", None)]);
}

#[tokio::test]
async fn whose_row_cannot_be_used_keeps_every_place() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    import(&people, 0, "acme,E-1,drop,kay,,\nacme,E-1,drop,kay2,,\nacme,E-2,drop,lee,,\n").await;
    let report = import(&people, 9, "acme,E-1,drop,kay,,\nacme,E-1,dorp,kay2,,\nacme,E-2,five9,lee,,\n").await;
    assert_eq!((report.ended, report.troubles.len()), (1, 1));
    assert_eq!(
        members(&people, &drop_folder()).await,
        [has("kay", None), has("kay2", None), has("lee", Some(9))],
        "lee's rows were all fine"
    );
    let report = import(&people, 19, "acme,E-1,drop,kay,,\nacme,,drop,kay2,,\n").await;
    assert_eq!(report.ended, 0, "nobody knows whose row it was");
    assert_eq!(import(&people, 29, "acme,E-1,drop,kay,,\n").await.ended, 1);
}

#[tokio::test]
async fn a_login_belongs_to_one_person_at_a_time() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    import(&people, 0, "acme,E-1,drop,kay,,\n").await;
    let report = import(&people, 1, "acme,E-2,drop,Kay,,\nacme,E-3,drop,may,,\n").await;
    assert_eq!((report.rows, report.troubles[0].line), (1, 2));
    assert!(report.troubles[0].what.contains("somebody else already"), "{report:?}");
    let report = import(&people, 2, "acme,E-2,drop,kay,,\nacme,E-1,,,,\n").await;
    assert!(report.troubles.is_empty(), "it was passed on: {report:?}");
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", Some(2)), has("may", None), has("kay", None)]);
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_changes_nothing() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    let file =
        PeopleFile::read("tenant,person,source,login\nacme,E-1,drop,kay\n".as_bytes(), &[drop_folder()]).unwrap();
    let dry = people.import(&file, at(0), true).await.unwrap();
    assert!(people.list().await.unwrap().is_empty());
    assert_eq!(people.changes().await.unwrap(), 0);
    assert_eq!(dry, people.import(&file, at(0), false).await.unwrap());
}

#[tokio::test]
async fn what_is_exported_is_imported_again() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    import(&people, 0, "acme,E-1,drop,\"kay, the 1st\",k@example.com,yes\nacme,E-1,five9,kay,,\n").await;
    import(&people, 0, "acme,E-2,drop,lee,,no\nacme,E-3,drop,may,,\nacme,E-4,drop,tim,,\n").await;
    import(&people, 5, "acme,E-3,,,,\nacme,E-4,five9,tim,,\n").await;
    people.apply(&five9(), vec![agent("17", "joe", ACTIVE)], true, true, at(6)).await.unwrap();

    let mut text = Vec::new();
    PeopleFile::write(&people.list().await.unwrap(), &mut text).unwrap();
    assert_eq!(String::from_utf8_lossy(&text).lines().count(), 7, "six rows: {}", String::from_utf8_lossy(&text));
    let file = PeopleFile::read(&text[..], &[drop_folder(), five9()]).unwrap();
    assert!(file.troubles().is_empty());
    let again = people.import(&file, at(9), false).await.unwrap();
    assert_eq!(counts(&again), [6, 0, 0, 0, 0], "it says what is known");

    let fresh = Scratch::new().await;
    fresh.store.people().import(&file, at(0), false).await.unwrap();
    let mut copy = Vec::new();
    PeopleFile::write(&fresh.store.people().list().await.unwrap(), &mut copy).unwrap();
    assert_eq!(String::from_utf8(copy).unwrap(), String::from_utf8(text).unwrap());
}

#[tokio::test]
async fn a_list_adds_changes_and_deactivates_and_nobody_is_deleted() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    let apply = async |second, listed, is_whole| {
        let applied = people.apply(&five9(), listed, is_whole, true, at(second)).await.unwrap();
        (applied.added, applied.changed, applied.deactivated)
    };
    let both = || vec![agent("1", "kay", ACTIVE), agent("2", "lee", ACTIVE)];
    assert_eq!(apply(0, both(), true).await, (2, 0, 0));
    assert_eq!(apply(1, both(), true).await, (0, 0, 0));
    assert_eq!(people.changes().await.unwrap(), 1, "a list without news changes nothing");
    assert_eq!(apply(2, vec![agent("1", "kay.v", ACTIVE)], false).await, (0, 1, 0), "not whole: lee stays");
    assert_eq!(apply(3, vec![agent("1", "kay.v", ACTIVE)], true).await, (0, 0, 1));
    assert_eq!(members(&people, &five9()).await, [has("kay.v", None), has("lee", Some(3))]);
    assert_eq!(
        apply(4, vec![agent("1", "kay.v", AgentState::Inactive), agent("2", "lee", ACTIVE)], true).await,
        (0, 2, 0)
    );
    assert_eq!(members(&people, &five9()).await, [has("kay.v", Some(4)), has("lee", None)], "lee is back");
    let states: Vec<_> = people.list().await.unwrap().into_iter().map(|row| row.state.unwrap()).collect();
    assert_eq!(states, ["inactive", "active"]);
}

#[tokio::test]
async fn the_list_does_not_undo_what_a_person_wrote_down() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    people.apply(&five9(), vec![agent("1", "kay", ACTIVE)], true, true, at(0)).await.unwrap();
    // She gets her key, keeps her place, and then moves.
    assert_eq!(counts(&import(&people, 1, "acme,E-1,five9,kay,,\n").await), [1, 1, 0, 1, 0]);
    let listed = people.list().await.unwrap();
    assert_eq!((listed.len(), listed[0].person.as_str(), listed[0].id.as_deref()), (1, "E-1", Some("1")));
    import(&people, 2, "acme,E-1,drop,kay,,\n").await;
    let applied = people.apply(&five9(), vec![agent("1", "kay", ACTIVE)], true, true, at(3)).await.unwrap();
    assert_eq!((applied.added, applied.changed), (0, 0), "still listed there, but she moved");
    assert_eq!(members(&people, &five9()).await, [has("kay", Some(2))]);

    // Who was imported stays though the list does not name him.
    import(&people, 4, "acme,E-2,five9,lee,,\n").await;
    let applied = people.apply(&five9(), Vec::new(), true, true, at(5)).await.unwrap();
    assert_eq!(applied.deactivated, 0);
    assert_eq!(members(&people, &five9()).await, [has("kay", Some(2)), has("lee", None)]);
}

#[tokio::test]
async fn importing_the_same_file_again_does_not_end_what_a_list_brought_since() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    let rows = "acme,E-1,drop,kay,kay@example.com,\n";
    import(&people, 0, rows).await;
    let mut listed = agent("1", "kv", ACTIVE);
    listed.who.email = Some("Kay@example.com".into());
    people.apply(&five9(), vec![listed], true, true, at(1)).await.unwrap();
    assert_eq!(people.list().await.unwrap().iter().map(|row| row.person.as_str()).collect::<Vec<_>>(), ["E-1", "E-1"]);
    assert_eq!(import(&people, 2, rows).await.ended, 0);
    assert_eq!(members(&people, &five9()).await, [has("kv", None)]);
}

#[tokio::test]
async fn new_people_of_a_list_get_the_flag_of_the_source_and_other_ids_count() {
    let scratch = Scratch::new().await;
    let people = scratch.store.people();
    let mut listed = agent("1", "kay", ACTIVE);
    listed.aliases.push("old-1".to_owned());
    people.apply(&five9(), vec![listed.clone()], true, false, at(0)).await.unwrap();
    assert!(members(&people, &five9()).await.is_empty());
    people.apply(&drop_folder(), vec![listed], true, true, at(0)).await.unwrap();
    assert_eq!(members(&people, &drop_folder()).await, [has("kay", None), has("old-1", None)]);
}

#[tokio::test]
async fn a_file_of_the_version_before_gets_the_tables() {
    let scratch = Scratch::new().await;
    scratch.sql("DROP VIEW people_v1; DROP TABLE people; DROP TABLE memberships; PRAGMA user_version = 1").await;
    let scratch = scratch.reopen().await;
    assert!(scratch.store.people().list().await.unwrap().is_empty());
}
