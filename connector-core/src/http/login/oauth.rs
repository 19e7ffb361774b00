//! OAuth 2: the two grants that a program without a person can use.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType};
use oauth2::{
    AuthType, ClientId, ClientSecret, EmptyExtraTokenFields, HttpRequest, HttpResponse, RequestTokenError,
    ResourceOwnerPassword, ResourceOwnerUsername, Scope, StandardTokenResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::exchange::Exchange;
use super::token::{Token, TokenSource};
use crate::{Error, Result, Secret};

/// How a client says who it is at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// In the header `Authorization`.
    #[default]
    Basic,
    /// In the form.
    Form,
}

/// Logs in at an OAuth 2 token endpoint.
///
/// ```
/// use connector_core::Secret;
/// use connector_core::http::{ClientAuth, OAuth2};
/// let login = OAuth2::password(
///     "https://auth.example.com/token".parse().unwrap(),
///     (Secret::literal("app"), Secret::environment("ACME_APP_SECRET")),
///     (Secret::literal("key-id"), Secret::file("/run/secrets/acme-key")),
/// )
/// .with_client_auth(ClientAuth::Form);
/// ```
#[derive(Clone, Debug)]
pub struct OAuth2 {
    endpoint: Url,
    client: (Secret, Secret),
    person: Option<(Secret, Secret)>,
    style: ClientAuth,
    scopes: Vec<String>,
}

impl OAuth2 {
    /// The client-credentials grant, with the client's id and secret.
    pub fn client_credentials(endpoint: Url, client: (Secret, Secret)) -> Self {
        Self { endpoint, client, person: None, style: ClientAuth::Basic, scopes: Vec::new() }
    }

    /// The resource-owner password grant, with the client's id and secret and a user's name and password.
    pub fn password(endpoint: Url, client: (Secret, Secret), user: (Secret, Secret)) -> Self {
        Self { person: Some(user), ..Self::client_credentials(endpoint, client) }
    }

    /// The same login, with the client named in another place.
    pub fn with_client_auth(mut self, style: ClientAuth) -> Self {
        self.style = style;
        self
    }

    /// The same login, asking for this scope as well.
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }
}

/// What an OpenID provider adds.
#[derive(Debug, Deserialize, Serialize)]
struct WithIdToken {
    id_token: Option<String>,
}

impl oauth2::ExtraTokenFields for WithIdToken {}

type Answer = StandardTokenResponse<WithIdToken, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    oauth2::StandardTokenIntrospectionResponse<EmptyExtraTokenFields, BasicTokenType>,
    oauth2::StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
>;

#[async_trait]
impl TokenSource for OAuth2 {
    fn secrets(&self) -> Vec<Secret> {
        let person = self.person.iter().flat_map(|(name, password)| [name, password]);
        [&self.client.0, &self.client.1].into_iter().chain(person).cloned().collect()
    }

    async fn log_in(&self, secrets: &[SecretString], exchange: &Exchange) -> Result<Token> {
        let text = |index: usize| {
            let secret: Option<&SecretString> = secrets.get(index);
            secret.map(|text| text.expose_secret().to_owned()).ok_or_else(|| Error::bug("a secret is missing"))
        };
        let client = Client::new(ClientId::new(text(0)?))
            .set_client_secret(ClientSecret::new(text(1)?))
            .set_token_uri(TokenUrl::from_url(self.endpoint.clone()))
            .set_auth_type(match self.style {
                ClientAuth::Basic => AuthType::BasicAuth,
                ClientAuth::Form => AuthType::RequestBody,
            });
        let scopes = self.scopes.iter().cloned().map(Scope::new);
        let send = |request| ask(exchange.clone(), request);
        let answer = if self.person.is_some() {
            let (name, password) = (ResourceOwnerUsername::new(text(2)?), ResourceOwnerPassword::new(text(3)?));
            client.exchange_password(&name, &password).add_scopes(scopes).request_async(&send).await
        } else {
            client.exchange_client_credentials().add_scopes(scopes).request_async(&send).await
        };
        answer.map(token).map_err(error)
    }
}

/// Lets the crate see only what it can judge: a token, or an OAuth 2 error.
async fn ask(exchange: Exchange, request: HttpRequest) -> Result<HttpResponse> {
    let answer = exchange.send(request.map(Bytes::from)).await?;
    let judged = answer.status.is_success()
        || answer.status.is_client_error()
            && answer.status.as_u16() != 429
            && serde_json::from_slice::<BasicErrorResponse>(&answer.bytes).is_ok();
    if !judged {
        return Err(answer.error(&()));
    }
    let mut response = HttpResponse::new(answer.bytes.to_vec());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

fn token(answer: Answer) -> Token {
    let token = Token::new(answer.access_token().secret().as_str());
    let token = match &answer.extra_fields().id_token {
        Some(text) => token.with_id_token(text.as_str()),
        None => token,
    };
    // A life of 0 means that nobody set one.
    match answer.expires_in().filter(|life| *life > Duration::ZERO) {
        Some(life) => token.with_life(life),
        None => token,
    }
}

fn error(error: RequestTokenError<Error, BasicErrorResponse>) -> Error {
    use BasicErrorResponseType::{InvalidClient, InvalidGrant, InvalidScope, UnauthorizedClient};
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(answer) => {
            let code = answer.error().as_ref().to_owned();
            let make = match answer.error() {
                InvalidClient | InvalidGrant => Error::unauthorized("the credentials were refused")
                    .advise("have them checked; they are not tried again until they change"),
                UnauthorizedClient | InvalidScope => Error::forbidden("the client may not log in like this"),
                _ => Error::config("the login was refused"),
            };
            make.with_vendor_code(crate::http::redact::redact_text(&code))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Error::invalid("the answer to the login holds no token that can be read")
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
