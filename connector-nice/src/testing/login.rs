//! Login and discovery.

use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::ask::{Ask, unauthenticated};
use super::ids::{AREA, CLUSTER, UNIT};
use super::names::{base64, jwt};
use super::state::{CLIENT, State};
use super::tenant::Tenant;

/// The status for an access key that is not known. Not documented: OAuth says 400.
const UNKNOWN_KEY: u16 = 400;

/// The status for an access key that the regional login does not know. Not documented.
const UNKNOWN_REGIONAL_KEY: u16 = 401;

pub(super) fn discovery(state: &State) -> Answer {
    let at = |path: &str| format!("{}{path}", state.origins.issuer);
    Answer::json(&json!({
        "issuer": state.origins.issuer.as_str().trim_end_matches('/'),
        "authorization_endpoint": at("auth/authorize"),
        "token_endpoint": at("auth/token"),
        "end_session_endpoint": at("auth/logout"),
        "jwks_uri": at("auth/jwks"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

pub(super) fn jwks() -> Answer {
    Answer::json(&json!({
        "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": "AQAB", "e": "AQAB" }],
    }))
}

/// Where the API is. A bearer token is not needed, a tenant is.
pub(super) fn configuration(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    if ask.get("tenantId") != Some(&tenant.id) {
        return Answer::json(&json!({ "message": "Tenant not found" })).with_status(404);
    }
    let bare = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    let issuer = bare(&state.origins.issuer);
    Answer::json(&json!({
        "private": false,
        "ui_endpoint": issuer,
        "auth_endpoint": issuer,
        "api_endpoint": bare(&state.origins.api),
        "area": AREA,
        "cluster": CLUSTER,
        "domain": "niceincontact.com",
        "acdDomain": "nice-incontact.com",
        "uhDomain": "nice-incontact.com",
        "tenantId": tenant.id,
    }))
}

/// The login with a client pair, as a basic header or as fields, and an access key.
pub(super) fn token(ask: &Ask<'_>, tenant: &Tenant, state: &mut State) -> Answer {
    let says = |name: &str, value: &str| ask.form(name).as_deref() == Some(value);
    let basic = format!("Basic {}", base64(format!("{}:{}", CLIENT.0, CLIENT.1).as_bytes()));
    let is_client = match ask.header("authorization") {
        Some(header) => header == basic && !state.settings.client_in_form,
        None => says("client_id", CLIENT.0) && says("client_secret", CLIENT.1) && !state.settings.client_in_header,
    };
    if !is_client || state.no_login {
        return unauthenticated(401, "invalid_client", "Client authentication failed");
    }
    let (id, secret) = state.access_key();
    let is_known = match ask.form("grant_type").as_deref() {
        Some("password") => says("username", &id) && says("password", &secret),
        Some("refresh_token") => ask.form("refresh_token").is_some_and(|token| state.refresh_tokens.remove(&token)),
        _ => return unauthenticated(400, "unsupported_grant_type", "The grant is not supported"),
    };
    if !is_known {
        return unauthenticated(UNKNOWN_KEY, "invalid_grant", "The access key or the refresh token is not valid");
    }
    let mut answer = tokens(tenant, state, false);
    answer["issued_token_type"] = json!("urn:ietf:params:oauth:token-type:access_token");
    Answer::json(&answer)
}

/// The regional login with an access key alone.
pub(super) fn access_key(ask: &Ask<'_>, tenant: &Tenant, state: &mut State) -> Answer {
    let body: Value = ask.json().unwrap_or_default();
    let (id, secret) = state.access_key();
    if state.no_login || body["accessKeyId"] != id.as_str() || body["accessKeySecret"] != secret.as_str() {
        return unauthenticated(UNKNOWN_REGIONAL_KEY, "invalid_request", "The access key is not valid");
    }
    let mut answer = tokens(tenant, state, true);
    // Sometimes there; its form is not documented.
    answer["resource_server_base_uri"] = json!(format!("{}incontactapi/", state.origins.api));
    Answer::json(&answer)
}

/// A new token of the regional login: the keys of its answer are others than those of the login.
pub(super) fn refresh(ask: &Ask<'_>, tenant: &Tenant, state: &mut State) -> Answer {
    let body: Value = ask.json().unwrap_or_default();
    let is_known = body["token"].as_str().is_some_and(|token| state.refresh_tokens.remove(token));
    if !is_known || state.no_login {
        return unauthenticated(UNKNOWN_REGIONAL_KEY, "invalid_token", "The refresh token is not valid");
    }
    let fresh = tokens(tenant, state, true);
    Answer::json(&json!({
        "token": fresh["access_token"],
        "refreshToken": fresh["refresh_token"],
        "tokenExpirationTimeSec": fresh["expires_in"],
        "refreshTokenExpirationTimeSec": 86_400,
    }))
}

/// New tokens, which are good from now on.
fn tokens(tenant: &Tenant, state: &mut State, regional: bool) -> Value {
    let (life, issued) = (state.settings.token_life, state.tokens.handed_out() + 1);
    let issued_at = state.now(tenant).timestamp();
    let mut claims = json!({
        "sub": "user:30871122",
        "iss": state.origins.issuer.as_str().trim_end_matches('/'),
        "aud": CLIENT.0,
        "tenantId": tenant.id,
        "icAgentId": "30871122",
        "icBUId": UNIT,
        "icClusterId": CLUSTER,
        "name": "svc.ingest@example.com",
        "iat": issued_at,
        "exp": issued_at.saturating_add_unsigned(life.as_secs()),
        "jti": issued,
    });
    if regional {
        claims["area"] = json!(AREA);
    }
    let access = jwt(&claims);
    claims["nonce"] = json!("id");
    let refresh = format!("r-{issued:04x}");
    state.tokens.hand_out(&access, life);
    state.refresh_tokens.insert(refresh.clone());
    json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": life.as_secs(),
        "refresh_token": refresh,
        "id_token": jwt(&claims),
    })
}
