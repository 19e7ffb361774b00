//! One person, by id, login or e-mail address.

use connector_core::{AgentRef, LookupOptions};

use super::*;

async fn find(genesys: &Genesys, who: &AgentRef) -> Result<Option<Agent>> {
    genesys.directory().find_agent(who, LookupOptions::default()).await
}

async fn found(genesys: &Genesys, who: AgentRef) -> Option<String> {
    find(genesys, &who).await.expect("an answer").and_then(|agent| agent.who.id)
}

fn login(text: &str) -> AgentRef {
    AgentRef::default().with_login(text)
}

#[tokio::test(start_paused = true)]
async fn somebody_is_found_by_id_login_user_name_or_address() {
    let fake = calm();
    let genesys = with_page(&fake, 5);
    let person = &fake.scenario().agents[10];
    for who in [
        AgentRef::default().with_id(&person.id),
        login(person.login.reveal()),
        login(&person.login.reveal().to_uppercase()),
        login(person.email.reveal()),
        AgentRef::default().with_email(person.email.clone()),
    ] {
        assert_eq!(found(&genesys, who).await.as_ref(), Some(&person.id));
    }
    for nobody in [AgentRef::default().with_id("7"), AgentRef::default().with_id(""), login("nobody")] {
        assert_eq!(found(&genesys, nobody).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_somebody_without_any_name() {
    let fake = calm();
    assert_eq!(found(&client(&fake), AgentRef::default().with_name("Nadia Verne")).await, None);
    assert_eq!(fake.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_has_left_is_found() {
    let fake = calm();
    fake.change(|settings| settings.inactive = 2);
    let genesys = client(&fake);
    let id = found(&genesys, login("former.1")).await.expect("somebody");
    assert_eq!(found(&genesys, AgentRef::default().with_id(&id)).await, Some(id));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_two_people_have_is_not_guessed() {
    let fake = calm();
    let twins = vec![person("a-1", "kay@example.com", "active"), person("a-2", "kay@example.org", "inactive")];
    let genesys = with_people(&fake, twins);
    let error = find(&genesys, &login("Kay")).await.unwrap_err();
    assert!(error.is_config() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("users a-1, a-2") && error.to_string().starts_with("acme/genesys"), "{error}");
    assert!(error.advice().is_some_and(|advice| advice.contains("id")), "{error}");
    assert!(!format!("{error} {error:?}").to_lowercase().contains("kay"), "{error:?}");
    assert_eq!(found(&genesys, login("kay@example.org")).await.as_deref(), Some("a-2"));
    let both = login("kay").with_email("a-1@example.com");
    assert_eq!(found(&genesys, both).await.as_deref(), Some("a-1"), "only one of them has both");
    let mixed = login("kay@example.com").with_email("a-2@example.com");
    assert!(find(&genesys, &mixed).await.unwrap_err().is_config(), "each has one of them");
}

#[tokio::test(start_paused = true)]
async fn of_two_with_one_login_the_one_who_was_not_deleted_is_meant() {
    let fake = calm();
    let people = vec![
        person("a-1", "kay@example.com", "deleted"),
        person("a-2", "kay@example.com", "inactive"),
        person("a-3", "lee@example.com", "deleted"),
        person("a-2", "kay@example.com", "inactive"),
    ];
    let genesys = with_people(&fake, people);
    assert_eq!(found(&genesys, login("kay")).await.as_deref(), Some("a-2"));
    assert_eq!(found(&genesys, login("lee")).await.as_deref(), Some("a-3"));
}
