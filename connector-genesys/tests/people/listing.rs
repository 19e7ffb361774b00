//! All people, with what the vendor tells of them.

use connector_core::AgentState;

use super::*;

#[tokio::test(start_paused = true)]
async fn everybody_is_listed_with_what_the_vendor_tells() {
    let fake = calm();
    for page in [1, 5, 12, 100] {
        let found = agents(&with_page(&fake, page), AgentQuery::all()).await.unwrap();
        assert_eq!(ids(&found), expected(&fake, None), "pages of {page}");
        for person in &fake.scenario().agents {
            let agent = found.iter().find(|agent| agent.who.id.as_ref() == Some(&person.id)).expect("an agent");
            assert_eq!(agent.who, fake.agent(person).with_name(person.name.clone()));
            assert_eq!((agent.state, &agent.groups), (AgentState::Active, &Vec::new()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_left_is_listed_as_well() {
    let fake = calm();
    fake.change(|settings| settings.inactive = 7);
    let found = agents(&with_page(&fake, 5), AgentQuery::all()).await.unwrap();
    let count = |state| found.iter().filter(|agent| agent.state == state).count();
    assert_eq!((count(AgentState::Active), count(AgentState::Inactive), found.len()), (12, 7, 19));
}

#[tokio::test(start_paused = true)]
async fn no_page_is_asked_for_in_vain() {
    for (page, requests) in [(100, 1), (12, 1), (6, 2), (5, 3)] {
        let fake = calm();
        agents(&with_page(&fake, page), AgentQuery::all()).await.unwrap();
        assert_eq!(fake.count(Endpoint::Users), requests, "pages of {page}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_address_takes_the_place_of_a_user_name_that_is_missing() {
    let fake = calm();
    let genesys =
        with_people(&fake, vec![json!({ "id": "a-1", "email": "kay.lee@example.com" }), json!({ "id": "a-2" })]);
    let found = agents(&genesys, AgentQuery::all()).await.unwrap();
    let login = |id: &str| {
        let agent = found.iter().find(|agent| agent.who.id.as_deref() == Some(id)).expect("an agent");
        agent.who.login.as_ref().map(|login| login.reveal().to_owned())
    };
    assert_eq!((login("a-1").as_deref(), login("a-2")), (Some("kay.lee"), None));
}

#[tokio::test(start_paused = true)]
async fn two_people_with_one_login_are_both_listed_and_reported_by_their_ids() {
    let fake = calm();
    let twice = vec![
        person("a-1", "Kay@example.com", "active"),
        person("a-2", "lee@example.com", "active"),
        person("a-3", "kay@example.org", "inactive"),
    ];
    let (found, rejected) = agents_and_rejected(&with_people(&fake, twice), AgentQuery::all()).await;
    assert_eq!(found.len(), 15);
    let [row] = &rejected[..] else { panic!("{rejected:?}") };
    assert_eq!((row.reason.as_str(), row.what.as_str()), ("same_login", "the login of user a-3"));
    assert!(row.detail.contains("user a-1"), "{row}");
    assert!(!format!("{row} {row:?}").to_lowercase().contains("kay"), "{row:?}");
}

#[tokio::test(start_paused = true)]
async fn one_login_on_two_pages_is_reported_too() {
    let fake = calm();
    let first = fake.scenario().agents[0].clone();
    let twin = format!("{}@example.org", first.login.reveal());
    let genesys = changed(&fake, "/api/v2/users", move |page| {
        if page["pageNumber"] == 3 {
            page["entities"].as_array_mut().unwrap().push(person("a-1", &twin, "active"));
        }
    });
    let (found, rejected) = agents_and_rejected(&genesys, AgentQuery::all()).await;
    assert_eq!((found.len(), rejected.len()), (13, 1));
    assert!(rejected[0].detail.contains(&first.id), "{}", rejected[0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_deleted_gives_the_login_away() {
    let fake = calm();
    let people = vec![person("a-1", "kay@example.com", "deleted"), person("a-2", "kay@example.com", "active")];
    assert_eq!(agents(&with_people(&fake, people), AgentQuery::all()).await.unwrap().len(), 14);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_comes_twice_while_people_move_is_no_twin() {
    let fake = calm();
    let people = vec![person("a-1", "kay@example.com", "active"), person("a-1", "kay@example.com", "active")];
    assert_eq!(agents(&with_people(&fake, people), AgentQuery::all()).await.unwrap().len(), 14);
}
