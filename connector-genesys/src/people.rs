//! From the vendor's users to agents.

use connector_core::{Agent, AgentRef, AgentState, Login};

use crate::wire::users::User;

/// An agent, if the user has an id.
pub(crate) fn agent(user: User) -> Option<Agent> {
    let login = login_of(&user);
    let mut who = AgentRef::default().with_id(user.id?);
    (who.login, who.name, who.email) = (login, user.name, user.email);
    let mut agent = Agent::new(who);
    agent.state = match user.state.map(|state| state.to_ascii_lowercase()).as_deref() {
        Some("active") => AgentState::Active,
        Some("inactive") => AgentState::Inactive,
        Some("deleted") => AgentState::Deleted,
        _ => AgentState::Unknown,
    };
    Some(agent)
}

/// What an agent is known by elsewhere: what stands before the last `@` of the user name, or of the e-mail address where
/// there is no user name.
pub(crate) fn login_of(user: &User) -> Option<Login> {
    let names = [user.username.as_ref().map(|name| name.reveal()), user.email.as_ref().map(|email| email.reveal())];
    names.into_iter().flatten().find_map(local_part).map(Login::from)
}

fn local_part(name: &str) -> Option<&str> {
    let local = name.rsplit_once('@').map_or(name, |(local, _)| local).trim();
    (!local.is_empty()).then_some(local)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
