//! The login, and what the client may do.

use std::collections::BTreeSet;

use connector_core::testing::http::{Answer, Tokens};
use serde_json::json;

use super::ask::Ask;
use super::settings::Settings;

/// The header of the client's login.
const BASIC: &str = "Basic ZGVtby1jbGllbnQ6ZGVtby1jbGllbnQtc2VjcmV0";

/// The client's tokens, and what it may do.
#[derive(Default)]
pub(super) struct Login {
    pub(super) tokens: Tokens,
    /// Whether nobody can log in.
    pub(super) fails: bool,
    /// The permissions that it lacks.
    pub(super) forbidden: BTreeSet<String>,
}

/// The login. There is no refresh token. How it refuses is not documented: OAuth says so.
pub(super) fn token(ask: &Ask<'_>, settings: &Settings, login: &mut Login) -> Answer {
    let refused = |status, error: &str| Answer::json(&json!({ "error": error })).with_status(status);
    if ask.form("grant_type").as_deref() != Some("client_credentials") {
        return refused(400, "unsupported_grant_type");
    }
    if ask.header("authorization") != Some(BASIC) || login.fails {
        return refused(401, "invalid_client");
    }
    let token = format!("made-up-token-{}", login.tokens.handed_out() + 1);
    let life = settings.token_life;
    login.tokens.hand_out(&token, life);
    Answer::json(&json!({ "access_token": token, "token_type": "bearer", "expires_in": life.as_secs() }))
}
