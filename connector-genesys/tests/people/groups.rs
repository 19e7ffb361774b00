//! Groups, queues and teams, and who is in them.

use connector_core::{AgentGroup, GroupKind, GroupQuery, GroupRef};

use super::*;

async fn groups(genesys: &Genesys) -> Vec<AgentGroup> {
    let listing = genesys.directory().list_groups(GroupQuery::default());
    listing.items(|row| panic!("left out: {row}")).try_collect().await.unwrap()
}

fn by_id(group: &AgentGroup) -> AgentQuery {
    AgentQuery::all().in_group(GroupRef { id: Some(group.id.clone()), ..GroupRef::default() })
}

#[tokio::test(start_paused = true)]
async fn groups_queues_and_teams_are_listed_and_have_their_members() {
    let fake = calm();
    for page in [1, 2, 100] {
        let genesys = with_page(&fake, page);
        let all = groups(&genesys).await;
        let count = |kind| all.iter().filter(|group| group.kind == kind).count();
        let kinds = [GroupKind::Group, GroupKind::Queue, GroupKind::Team];
        assert_eq!(kinds.map(count), [3, 3, 3], "pages of {page}");
        for group in &all {
            let found = agents(&genesys, AgentQuery::all().in_group(group.name.as_str())).await.unwrap();
            assert!(found.iter().all(|agent| agent.groups == [group.name.clone()] && agent.who.login.is_some()));
            if group.kind != GroupKind::Queue {
                assert_eq!(ids(&found), expected(&fake, Some(&group.name)), "{} in pages of {page}", group.name);
            }
            assert_eq!(agents(&genesys, by_id(group)).await.unwrap(), found, "by id");
        }
    }
    assert_eq!(fake.count(Endpoint::Users), 0, "members come whole");
}

#[tokio::test(start_paused = true)]
async fn the_members_of_several_groups_are_listed_one_group_after_the_other() {
    let fake = calm();
    let found = agents(&client(&fake), AgentQuery::all().in_group("Sales").in_group("Billing A")).await.unwrap();
    let mut both = expected(&fake, Some("Sales"));
    both.extend(expected(&fake, Some("Billing")));
    both.sort();
    assert_eq!(ids(&found), both);
}

#[tokio::test(start_paused = true)]
async fn members_of_whom_only_the_id_is_told_are_asked_for_all_at_once() {
    let fake = calm();
    let genesys = client(&fake);
    let (sales, team) = (expected(&fake, Some("Sales")), groups(&genesys).await);
    let team = team.into_iter().find(|group| group.name == "Sales A").unwrap();
    let answers = fake.answers();
    let path = format!("/api/v2/teams/{}/members", team.id);
    let bare = answered(fake.config(), move |request: &Request| {
        let answer = answers.answer(request);
        if request.uri().path() != path {
            return answer;
        }
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
        for member in body["entities"].as_array_mut().unwrap() {
            *member = json!({ "id": member["id"], "name": member["name"] });
        }
        body["entities"].as_array_mut().unwrap().push(json!({ "id": "a-1", "name": "Kay Somebody" }));
        Answer::json(&body)
    });
    let (found, rejected) = agents_and_rejected(&bare, by_id(&team)).await;
    assert_eq!(ids(&found), sales);
    assert!(found.iter().all(|agent| agent.who.login.is_some() && agent.groups == ["Sales A"]));
    assert_eq!(fake.count(Endpoint::Users), 1);
    let [row] = &rejected[..] else { panic!("{rejected:?}") };
    assert_eq!((row.what.as_str(), row.reason.as_str()), ("member a-1", "unknown_user"));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_not_there_is_said_with_its_name() {
    let fake = calm();
    for name in ["Sales ", "sales", ""] {
        let error = agents(&client(&fake), AgentQuery::all().in_group(name)).await.unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains(&format!("{name:?}")), "{error}");
    }
    let error = agents(&client(&fake), AgentQuery::all().in_group(GroupRef::default())).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_fits_a_group_and_a_team_is_not_guessed() {
    let fake = calm();
    let genesys = changed(&fake, "/api/v2/teams", |page| {
        page["entities"].as_array_mut().unwrap().iter_mut().for_each(|team| {
            if team["name"] == "Sales A" {
                team["name"] = json!("Sales");
            }
        });
    });
    let error = agents(&genesys, AgentQuery::all().in_group("Sales")).await.unwrap_err();
    assert!(error.is_config() && error.advice().is_some_and(|advice| advice.contains("id")), "{error}");
    let team = GroupRef { name: Some("Sales".to_owned()), kind: Some(GroupKind::Team), ..GroupRef::default() };
    assert_eq!(ids(&agents(&genesys, AgentQuery::all().in_group(team)).await.unwrap()), expected(&fake, Some("Sales")));
}

#[tokio::test(start_paused = true)]
async fn only_the_kind_that_is_meant_is_asked_for() {
    let fake = calm();
    fake.forbid("groups:team:view");
    fake.forbid("routing:queue:view");
    let group = GroupRef { name: Some("Sales".to_owned()), kind: Some(GroupKind::Group), ..GroupRef::default() };
    assert!(!agents(&client(&fake), AgentQuery::all().in_group(group)).await.unwrap().is_empty());
    assert_eq!((fake.count(Endpoint::Queues), fake.count(Endpoint::Teams)), (0, 0));
    let error = agents(&client(&fake), AgentQuery::all().in_group("Sales")).await.unwrap_err();
    assert_eq!(error.advice(), Some("give routing:queue:view to a role of the OAuth client"));
    let team = GroupRef { kind: Some(GroupKind::Team), ..GroupRef::from("Sales A") };
    let error = agents(&client(&fake), AgentQuery::all().in_group(team)).await.unwrap_err();
    assert_eq!(error.advice(), Some("give groups:team:view to a role of the OAuth client"));
}
