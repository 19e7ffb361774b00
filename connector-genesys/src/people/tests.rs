//! Who somebody is, and who is behind an id.

use std::sync::Arc;
use std::time::Duration;

use connector_core::testing::http::{Answers, Request};
use connector_core::{AgentDirectory, AgentQuery};
use futures_util::TryStreamExt;

use super::*;
use crate::directory::GenesysDirectory;
use crate::shared::tests::{answered, centre};
use crate::testing::Endpoint;

fn user(json: &str) -> Agent {
    agent(serde_json::from_str(json).expect("a user")).expect("an agent")
}

#[test]
fn the_login_is_what_stands_before_the_last_at() {
    for (json, login) in [
        (r#"{"id": "1", "username": "kay@example.com", "email": "k.lee@example.com"}"#, Some("kay")),
        (r#"{"id": "1", "username": "\"a@b\"@example.com"}"#, Some("\"a@b\"")),
        (r#"{"id": "1", "username": "Kay"}"#, Some("Kay")),
        (r#"{"id": "1", "email": "k.lee@example.com"}"#, Some("k.lee")),
        (r#"{"id": "1", "username": "@example.com", "email": "k.lee@example.com"}"#, Some("k.lee")),
        (r#"{"id": "1", "username": " ", "email": "@"}"#, None),
        (r#"{"id": "1"}"#, None),
    ] {
        assert_eq!(user(json).who.login.as_ref().map(Login::reveal), login, "{json}");
    }
}

#[test]
fn states_are_read_in_any_case_and_new_ones_are_unknown() {
    for (state, expected) in [
        ("\"active\"", AgentState::Active),
        ("\"Inactive\"", AgentState::Inactive),
        ("\"DELETED\"", AgentState::Deleted),
        ("\"asleep\"", AgentState::Unknown),
        ("null", AgentState::Unknown),
    ] {
        assert_eq!(user(&format!(r#"{{"id": "1", "state": {state}}}"#)).state, expected, "{state}");
    }
}

#[test]
fn a_user_without_an_id_is_nobody() {
    assert!(agent(serde_json::from_str(r#"{"username": "kay@example.com"}"#).expect("a user")).is_none());
}

#[tokio::test(start_paused = true)]
async fn somebody_is_asked_for_once_and_then_known() {
    let (fake, shared) = centre();
    let person = &fake.scenario().agents[3];
    let (first, second) = tokio::join!(who(&shared, &person.id), who(&shared, &person.id));
    assert_eq!((&first, first.login.as_ref()), (&second, Some(&person.login)));
    assert_eq!(who(&shared, &person.id).await, first);
    assert_eq!(fake.count(Endpoint::Users), 1);
}

#[tokio::test(start_paused = true)]
async fn whom_the_watch_names_whole_nobody_asks_for() {
    let (fake, shared) = centre();
    let person = fake.agent(&fake.scenario().agents[3]);
    shared.people.learn(&person);
    assert_eq!(who(&shared, person.id.as_deref().unwrap()).await, person);
    assert_eq!(fake.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_nobody_has_is_all_there_is_for_some_minutes() {
    let (fake, shared) = centre();
    for _ in 0..3 {
        assert_eq!(who(&shared, "a-1").await, AgentRef::default().with_id("a-1"));
    }
    assert_eq!(fake.count(Endpoint::Users), 1);
    tokio::time::advance(Duration::from_secs(301)).await;
    who(&shared, "a-1").await;
    assert_eq!(fake.count(Endpoint::Users), 2);
    // Without any id the vendor would tell of everybody.
    assert_eq!(who(&shared, "").await, AgentRef::default().with_id(""));
    assert_eq!(fake.count(Endpoint::Users), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_be_asked_for_is_an_id_and_holds_nobody_up() {
    let (fake, shared) = centre();
    fake.change(|settings| settings.unavailable = 1_000);
    let (id, start) = (fake.scenario().agents[0].id.clone(), tokio::time::Instant::now());
    assert_eq!(who(&shared, &id).await, AgentRef::default().with_id(&id));
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    fake.change(|settings| settings.unavailable = 0);
    tokio::time::advance(Duration::from_secs(16)).await;
    assert!(who(&shared, &id).await.login.is_some());
}

#[tokio::test(start_paused = true)]
async fn whoever_else_the_vendor_sends_is_not_taken_for_the_person() {
    let (fake, _) = centre();
    let answers = fake.answers();
    // An answer to another question: the query is gone.
    let shared = answered(&fake, move |request: &Request| {
        let mut other = request.clone();
        if request.uri().path() == "/api/v2/users" {
            *other.uri_mut() = http::Uri::from_static("/api/v2/users");
        }
        answers.answer(&other)
    });
    assert_eq!(who(&shared, "a-1").await, AgentRef::default().with_id("a-1"));
}

#[tokio::test(start_paused = true)]
async fn a_listing_teaches_who_is_behind_the_ids() {
    let (fake, shared) = centre();
    let directory = GenesysDirectory { shared: Arc::new(shared) };
    directory.list_agents(AgentQuery::all()).try_collect::<Vec<_>>().await.unwrap();
    let asked = fake.requests().len();
    for person in &fake.scenario().agents {
        assert_eq!(who(&directory.shared, &person.id).await.login.as_ref(), Some(&person.login));
        let meant = directory.shared.people.meant_by(&AgentRef::default().with_login(person.login.clone()));
        assert_eq!(meant.len(), 1);
    }
    assert_eq!(fake.requests().len(), asked);
}
