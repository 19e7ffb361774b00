//! Agents, groups and teams.

use connector_core::{AgentGroup, AgentRef, AgentState, GroupKind, GroupQuery, GroupRef, LookupOptions, Rejected};

use super::*;

async fn groups(nice: &NiceCxone) -> Vec<AgentGroup> {
    nice.directory()
        .list_groups(GroupQuery::default())
        .items(|row| panic!("left out: {row}"))
        .try_collect()
        .await
        .unwrap()
}

fn emails(agents: &[Agent]) -> Vec<String> {
    let mut emails: Vec<String> =
        agents.iter().filter_map(|agent| Some(agent.who.email.as_ref()?.reveal().to_owned())).collect();
    emails.sort();
    emails
}

#[tokio::test(start_paused = true)]
async fn everybody_is_listed_with_what_the_vendor_tells() {
    let tenant = Tenant::new(1);
    for page in [1, 5, 12, 1000] {
        let found = agents(&tenant.with(tenant.config().with_page(page)), AgentQuery::all()).await.unwrap();
        let scenario = tenant.fake.scenario();
        let mut expected: Vec<String> = scenario.agents.iter().map(|agent| agent.email.reveal().to_owned()).collect();
        expected.sort();
        assert_eq!(emails(&found), expected, "pages of {page}");
        for person in &scenario.agents {
            let who = tenant.fake.agent(person);
            let agent = found.iter().find(|agent| agent.who.id == who.id).expect("an agent");
            assert_eq!(agent.who.name.as_ref().map(|name| name.reveal()), Some(person.name.reveal()));
            assert!(agent.state != AgentState::Unknown, "truths are words here and there");
            assert_eq!(agent.groups, [format!("{} A", person.group)], "the team");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn groups_and_teams_are_listed_and_have_their_members() {
    let tenant = Tenant::new(1);
    let nice = tenant.with(tenant.config().with_page(2));
    let all = groups(&nice).await;
    let count = |kind| all.iter().filter(|group| group.kind == kind).count();
    assert_eq!((count(GroupKind::Group), count(GroupKind::Team)), (3, 3));
    let scenario = tenant.fake.scenario();
    for group in &all {
        let members = scenario.agents.iter().filter(|agent| group.name.starts_with(&agent.group));
        let mut expected: Vec<String> = members.map(|agent| agent.email.reveal().to_owned()).collect();
        expected.sort();
        let by_name = agents(&nice, AgentQuery::all().in_group(group.name.as_str())).await.unwrap();
        assert_eq!(emails(&by_name), expected, "{}", group.name);
        assert!(by_name.iter().all(|agent| agent.groups.contains(&group.name)));
        let mut query = AgentQuery::all();
        query.groups.push(GroupRef { id: Some(group.id.clone()), ..GroupRef::default() });
        assert_eq!(emails(&agents(&nice, query).await.unwrap()), expected, "by id");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_not_there_is_said_with_its_name() {
    let tenant = Tenant::new(1);
    let error = agents(&tenant.client(), AgentQuery::all().in_group("Sales ")).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("\"Sales \""), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_fits_a_group_and_a_team_is_not_guessed() {
    let tenant = Tenant::new(1);
    let answers = tenant.fake.answers();
    // A team with the name of a group.
    let nice = tenant.answered(tenant.config(), move |request: &Request| {
        let answer = answers.answer(request);
        let text = String::from_utf8_lossy(&answer.body).replace("Sales A", "Sales");
        answer.with_body(text)
    });
    let error = agents(&nice, AgentQuery::all().in_group("Sales")).await.unwrap_err();
    assert!(error.is_config() && error.advice().is_some_and(|advice| advice.contains("id")), "{error}");
    let mut query = AgentQuery::all();
    query.groups.push(GroupRef { name: Some("Sales".to_owned()), kind: Some(GroupKind::Team), ..GroupRef::default() });
    assert!(!agents(&nice, query).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_makes_no_sense_costs_the_row() {
    let tenant = Tenant::new(1);
    tenant.fake.change(|settings| settings.bad_rows = 2);
    let nice = tenant.with(tenant.config().with_page(5));
    let bad = Arc::new(Mutex::new(Vec::<Rejected>::new()));
    let note = |bad: &Arc<Mutex<Vec<Rejected>>>| {
        let bad = bad.clone();
        move |row| bad.lock().unwrap().push(row)
    };
    let people: Vec<_> = nice.directory().list_agents(AgentQuery::all()).items(note(&bad)).try_collect().await.unwrap();
    assert_eq!((people.len(), bad.lock().unwrap().len()), (12, 2));
    let groups: Vec<_> =
        nice.directory().list_groups(GroupQuery::default()).items(note(&bad)).try_collect().await.unwrap();
    assert_eq!(groups.len(), 6);
    assert!(bad.lock().unwrap().len() > 2);
}

#[tokio::test(start_paused = true)]
async fn agents_under_a_key_that_nobody_knows_are_an_error_and_not_nobody() {
    let tenant = Tenant::new(1);
    let answers = tenant.fake.answers();
    let renamed = move |request: &Request| {
        let mut answer = answers.answer(request);
        let text = String::from_utf8_lossy(&answer.body).replace("\"agents\"", "\"people\"");
        answer.body = text.into();
        answer
    };
    let error = agents(&tenant.answered(tenant.config(), renamed), AgentQuery::all()).await.unwrap_err();
    assert!(error.is_invalid() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("there is no list agents, though it tells of 12 rows"), "{error}");
    assert!(error.advice().is_some_and(|advice| advice.contains("api_version")), "{error:?}");
    let name = tenant.fake.scenario().agents[0].name.reveal();
    assert!(!format!("{error:?}").contains(name.split(' ').next().unwrap()), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn somebody_is_found_by_id_login_or_address() {
    let tenant = Tenant::new(1);
    let nice = tenant.client();
    let person = tenant.fake.agent(&tenant.fake.scenario().agents[3]);
    let (id, email) = (person.id.clone().unwrap(), person.email.clone().unwrap());
    for who in [
        AgentRef::default().with_id(&id),
        AgentRef::default().with_login(email.reveal()),
        AgentRef::default().with_email(email.clone()),
    ] {
        let found = nice.directory().find_agent(&who, LookupOptions::default()).await.unwrap().expect("somebody");
        assert_eq!(found.who.id.as_ref(), Some(&id));
    }
    for nobody in [AgentRef::default().with_id("7"), AgentRef::default().with_login("nobody@example.com")] {
        assert!(nice.directory().find_agent(&nobody, LookupOptions::default()).await.unwrap().is_none());
    }
}
