//! Groups, teams and agents.

use super::*;

/// What is the same number, as a number or as a text.
fn id(value: &Value) -> String {
    value.to_string().trim_matches('"').to_owned()
}

#[test]
fn groups_have_agents_and_teams_have_them_nested() {
    let caller = Caller::calm();
    let groups = caller.acd("groups");
    assert_eq!((groups["totalRecords"].as_u64(), groups["groups"].as_array().map(Vec::len)), (Some(3), Some(3)));
    let mut people = Vec::new();
    for group in groups["groups"].as_array().into_iter().flatten() {
        let members = caller.acd(&format!("groups/{}/agents?assigned=true", id(&group["groupId"])));
        let others = caller.acd(&format!("groups/{}/agents?assigned=false", id(&group["groupId"])));
        assert_eq!(members["totalRecords"].as_u64().zip(others["totalRecords"].as_u64()).map(|(a, b)| a + b), Some(12));
        people.extend(members["agents"].as_array().expect("agents").iter().map(|agent| id(&agent["agentId"])));
    }
    people.sort();
    let all: Vec<String> = (31_000_101..=31_000_112).map(|id: u32| id.to_string()).collect();
    assert_eq!(people, all);
    let team = caller.acd("teams/8801/agents");
    assert!(team["agents"].is_null());
    assert_eq!(team["teams"][0]["agents"].as_array().map(Vec::len), team["totalRecords"].as_u64().map(|n| n as usize));
    assert_eq!(caller.acd("teams/agents")["teams"].as_array().map(Vec::len), Some(3));
    assert_eq!(caller.get("/incontactapi/services/v23.0/groups/1/agents").status, 404);
}

#[test]
fn numbers_come_as_texts_and_truths_as_words_here_and_there() {
    let agents = Caller::calm().acd("agents")["agents"].as_array().expect("agents").clone();
    let some = |is: fn(&Value) -> bool| agents.iter().filter(|agent| is(agent)).count();
    assert_eq!((some(|agent| agent["agentId"].is_string()), some(|agent| agent["agentId"].is_u64())), (4, 8));
    assert_eq!((some(|agent| agent["isActive"] == "True"), some(|agent| agent["isActive"] == true)), (3, 6));
}

#[test]
fn agents_come_in_pages_with_the_fields_asked_for() {
    let caller = Caller::calm();
    let page = caller.acd("agents?skip=10&top=5&fields=agentId,UserName");
    let agents = page["agents"].as_array().expect("agents");
    assert_eq!((agents.len(), page["totalRecords"].as_u64()), (2, Some(12)));
    assert!(agents.iter().all(|agent| agent.as_object().is_some_and(|agent| agent.len() == 2)), "{agents:?}");
    assert!(page["_links"]["next"].is_null() && page["_links"]["previous"].is_string());
    assert_eq!(caller.get("/incontactapi/services/v23.0/agents?skip=12").status, 204);
    assert_eq!(caller.acd("agents/31000103")["agents"][0]["lastName"], "Brandt");
}

#[test]
fn entries_that_make_no_sense_stand_among_the_others() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.bad_rows = 1);
    assert_eq!(
        (caller.acd("groups")["totalRecords"].as_u64(), caller.acd("agents")["totalRecords"].as_u64()),
        (Some(4), Some(13))
    );
}
