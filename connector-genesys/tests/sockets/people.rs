//! Whose calls are heard, and on which channel.

use connector_core::AgentRef;
use connector_core::testing::ScenarioCall;
use connector_genesys::testing::Endpoint;

use super::*;

/// A day with so many people.
fn crowd(people: usize) -> Scenario {
    let mut day = Scenario::small(7);
    let first = day.agents[0].clone();
    for number in day.agents.len()..people {
        let mut agent = first.clone();
        agent.id = format!("0a6e0000-0000-4000-8000-{number:012}");
        agent.login = format!("agent{number}").into();
        agent.email = format!("agent{number}@example.com").into();
        day.agents.push(agent);
    }
    day
}

fn sizes(program: &Program) -> Vec<usize> {
    let mut sizes: Vec<usize> = program.fake.channels().iter().map(|channel| channel.topics.len()).collect();
    sizes.sort_unstable();
    sizes
}

#[tokio::test(start_paused = true)]
async fn two_and_a_half_thousand_people_are_heard_on_three_channels() {
    let mut program = Program::new(&crowd(2_500), FaultPlan::none());
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(10)).await;
    assert_eq!(sizes(&program), [833, 833, 834]);
    assert!(program.fake.channels().iter().all(|channel| channel.is_connected));
    program.until(program.fake.scenario().calls[1].ended() + TimeDelta::minutes(1)).await;
    program.check();
    assert_eq!((program.ended().len(), program.gaps().len()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn more_people_than_the_channels_can_hear_are_an_error() {
    let settings = |config: GenesysConfig| config.with_topics(3).with_channels(3);
    let mut program = Program::with(&Scenario::small(7), FaultPlan::none(), settings);
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    let error = program.error.expect("the stream ends");
    assert!(error.is_config() && error.to_string().contains("12 people"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_added_or_removed_while_it_runs_changes_one_channel() {
    let day = Scenario::small(7);
    let who = |index: usize| AgentRef::default().with_id(day.agents[index].id.clone());
    let settings = |config: GenesysConfig| config.with_topics(2);
    let mut program = Program::with(&day, FaultPlan::none(), settings);
    let watch = Watch::these([who(0), who(1), who(2)]);
    program.listen(&watch);
    program.pass(TimeDelta::minutes(1)).await;
    assert_eq!(sizes(&program), [1, 2]);
    let before = program.fake.count(Endpoint::SetSubscriptions);
    watch.set((0..4).map(who));
    program.pass(TimeDelta::seconds(1)).await;
    assert_eq!((sizes(&program), program.fake.count(Endpoint::SetSubscriptions)), (vec![2, 2], before + 1));
    watch.set([who(1), who(2), who(3)]);
    program.pass(TimeDelta::seconds(1)).await;
    assert_eq!((sizes(&program), program.fake.count(Endpoint::SetSubscriptions)), (vec![1, 2], before + 2));
    assert_eq!(program.fake.count(Endpoint::OpenChannel), 2);
    program.until(program.evening()).await;
    let watched: Vec<&str> = (1..4).map(|index| day.agents[index].id.as_str()).collect();
    let theirs =
        |call: &&ScenarioCall| call.legs().iter().any(|leg| watched.contains(&day.agents[leg.agent].id.as_str()));
    let expected: BTreeSet<&str> = day.calls.iter().filter(theirs).map(|call| call.id.as_str()).collect();
    assert!(!expected.is_empty() && expected.len() < day.calls.len());
    assert_eq!(program.ended(), expected);
    // Whoever is watched by id alone is told with the login all the same.
    assert!(program.told().iter().filter_map(|event| event.agent.as_ref()).all(|who| who.login.is_some()));
}

#[tokio::test(start_paused = true)]
async fn people_are_watched_by_login_as_well() {
    let day = Scenario::small(7);
    let agent = day.calls[0].legs()[0].agent;
    let mut program = Program::new(&day, FaultPlan::none());
    let nobody = AgentRef::default().with_login("nobody");
    program.listen(&Watch::these([AgentRef::default().with_login(day.agents[agent].login.clone()), nobody]));
    program.until(program.evening()).await;
    let theirs = |call: &&ScenarioCall| call.legs().iter().any(|leg| leg.agent == agent);
    let expected: BTreeSet<&str> = day.calls.iter().filter(theirs).map(|call| call.id.as_str()).collect();
    assert_eq!(program.ended(), expected);
    assert_eq!(sizes(&program), [1]);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_be_heard_costs_nobody_else() {
    let day = Scenario::small(7);
    let hidden = day.calls[0].legs()[0].agent;
    let mut program = Program::new(&day, FaultPlan::none());
    program.fake.change(|settings| settings.hidden = vec![hidden]);
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    assert!(program.error.is_none());
    let alone = |call: &&ScenarioCall| call.legs().iter().all(|leg| leg.agent == hidden);
    assert_eq!(program.ended().len(), day.calls.len() - day.calls.iter().filter(alone).count());
}
