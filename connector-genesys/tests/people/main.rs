//! The people of an organisation, against the fake: without sockets, on a paused clock.

mod checks;
mod finding;
mod groups;
mod listing;
mod sound;
mod trouble;

use std::sync::{Arc, Mutex};

use connector_core::testing::http::{Answer, Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Agent, AgentDirectory, AgentQuery, Context, ListingExt, Rejected, Result};
use connector_genesys::testing::{Endpoint, Fake};
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

fn organisation(faults: FaultPlan) -> Fake {
    Fake::new(&Scenario::small(7), faults)
}

fn calm() -> Fake {
    organisation(FaultPlan::none())
}

fn client(fake: &Fake) -> Genesys {
    answered(fake.config(), fake.answers())
}

/// A client with pages of so many rows.
fn with_page(fake: &Fake, rows: u32) -> Genesys {
    answered(fake.config().with_page(rows), fake.answers())
}

/// A client whose requests are answered so.
fn answered(config: GenesysConfig, answers: impl Answers) -> Genesys {
    let cx = Context::default().for_source("acme", "genesys").with_transport(Arc::new(InProcess::new(answers)));
    Genesys::new(config, &cx).expect("good settings")
}

/// A client of the fake's answers, of which those of one endpoint are changed.
fn changed(fake: &Fake, path: &'static str, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Genesys {
    let answers = fake.answers();
    answered(fake.config().with_page(5), move |request: &Request| {
        let answer = answers.answer(request);
        if request.uri().path() != path || !answer.status.is_success() {
            return answer;
        }
        let mut body: Value = serde_json::from_slice(&answer.body).expect("the fake sends JSON");
        change(&mut body);
        Answer::json(&body)
    })
}

/// The same, with these people on the first page of all people.
fn with_people(fake: &Fake, people: Vec<Value>) -> Genesys {
    changed(fake, "/api/v2/users", move |page| {
        if page["pageNumber"] == 1 {
            page["entities"].as_array_mut().expect("a list").extend(people.clone());
        }
    })
}

fn person(id: &str, username: &str, state: &str) -> Value {
    json!({ "id": id, "name": "Kay Somebody", "username": username, "email": format!("{id}@example.com"), "state": state })
}

async fn agents(genesys: &Genesys, query: AgentQuery) -> Result<Vec<Agent>> {
    genesys.directory().list_agents(query).items(|row| panic!("left out: {row}")).try_collect().await
}

/// The agents, and the rows that were left out.
async fn agents_and_rejected(genesys: &Genesys, query: AgentQuery) -> (Vec<Agent>, Vec<Rejected>) {
    let rejected = Arc::new(Mutex::new(Vec::new()));
    let note = rejected.clone();
    let listing = genesys.directory().list_agents(query).items(move |row| note.lock().unwrap().push(row));
    let agents = listing.try_collect().await.expect("a whole list");
    let rejected = std::mem::take(&mut *rejected.lock().unwrap());
    (agents, rejected)
}

fn ids(agents: &[Agent]) -> Vec<String> {
    let mut ids: Vec<String> = agents.iter().filter_map(|agent| agent.who.id.clone()).collect();
    ids.sort();
    ids
}

/// The ids of the scenario's people: of all, or of a group.
fn expected(fake: &Fake, group: Option<&str>) -> Vec<String> {
    let people =
        fake.scenario().agents.iter().filter(|agent| group.is_none_or(|group| group.starts_with(&agent.group)));
    let mut ids: Vec<String> = people.map(|agent| agent.id.clone()).collect();
    ids.sort();
    ids
}
