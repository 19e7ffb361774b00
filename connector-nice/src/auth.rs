//! Logging in, and finding out where a tenant's API is.
//!
//! The vendor documents both ways in its developer portal:
//! <https://developer.niceincontact.com/Documentation/APIAuthenticationAndAuthorization> and
//! <https://developer.niceincontact.com/Documentation/UserHubGettingStarted>.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use connector_core::http::{ClientAuth, Exchange, LinkPolicy, OAuth2, Response, Token, TokenSource};
use connector_core::{Error, Result, Secret};
use http::{Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::config::{AuthMode, NiceConfig};
use crate::errors::NiceErrors;
use crate::wire::login::{Claims, Configuration, OpenId, RegionalToken};

/// Where the regional login is, below a region's host.
const REGIONAL_LOGIN: &str = "authentication/v1/token/access-key";

/// The domain of regional hosts.
const REGIONAL_DOMAIN: &str = "nice-incontact.com";

/// The domain of APIs, for regional tenants of which no discovery tells more.
const API_DOMAIN: &str = "niceincontact.com";

/// Base64 as JWTs have it, with or without padding.
const JWT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Logs in with an access key.
#[derive(Debug)]
pub(crate) struct NiceLogin {
    mode: AuthMode,
    client: Option<(Secret, Secret)>,
    style: ClientAuth,
    key: (Secret, Secret),
    issuer: Url,
    fixed: Option<Url>,
    hosts: LinkPolicy,
    /// What discovery said; forgotten after a failure.
    endpoint: Mutex<Option<Url>>,
}

impl NiceLogin {
    pub(crate) fn new(config: &NiceConfig) -> Self {
        Self {
            mode: config.auth.clone(),
            client: config.client_id.clone().zip(config.client_secret.clone()),
            style: config.client_auth,
            key: (config.access_key_id.clone(), config.access_key_secret.clone()),
            issuer: config.issuer.clone(),
            fixed: config.token_url.clone(),
            hosts: token_hosts(config),
            endpoint: Mutex::default(),
        }
    }

    /// Where tokens are to be had.
    async fn endpoint(&self, exchange: &Exchange) -> Result<Url> {
        let known = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = self.fixed.clone().or(known) {
            return Ok(known);
        }
        let url = below(&self.issuer, ".well-known/openid-configuration")?;
        let request = Request::get(url.as_str()).header(header::ACCEPT, "application/json").body(Bytes::new());
        let found: OpenId = success(exchange.send(request.map_err(unsendable)?).await?)?.json()?;
        let named = found.token_endpoint.and_then(|text| Url::parse(&text).ok());
        let named = named.ok_or_else(|| Error::invalid("the issuer names no token endpoint"))?;
        trusted(&self.hosts, &self.issuer, &named)?;
        *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(named.clone());
        Ok(named)
    }

    async fn password(&self, secrets: &[SecretString], exchange: &Exchange) -> Result<Token> {
        let client = self.client.clone().ok_or_else(|| Error::config("client_id and client_secret are missing"))?;
        let endpoint = self.endpoint(exchange).await?;
        let login = OAuth2::password(endpoint, client, self.key.clone()).with_client_auth(self.style);
        let answer = login.log_in(secrets, exchange).await;
        if answer.as_ref().is_err_and(|error| !error.is_unauthorized()) {
            *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        answer
    }

    async fn regional(&self, area: &str, secrets: &[SecretString], exchange: &Exchange) -> Result<Token> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct AccessKey<'a> {
            access_key_id: &'a str,
            access_key_secret: &'a str,
        }
        let [id, secret] = secrets else { return Err(Error::bug("a secret is missing")) };
        let url = match &self.fixed {
            Some(url) => url.clone(),
            None => address(&format!("https://{area}.{REGIONAL_DOMAIN}/{REGIONAL_LOGIN}"))?,
        };
        let key = AccessKey { access_key_id: id.expose_secret(), access_key_secret: secret.expose_secret() };
        let body = serde_json::to_vec(&key).map_err(|_| Error::bug("an access key cannot be written as JSON"))?;
        let request = Request::post(url.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body));
        let answer: RegionalToken = success(exchange.send(request.map_err(unsendable)?).await?)?.json()?;
        let text = answer.access_token.ok_or_else(|| Error::invalid("the answer to the login holds no token"))?;
        let token = match answer.id_token {
            Some(id) => Token::new(text).with_id_token(id),
            None => Token::new(text),
        };
        let life = answer.expires_in.and_then(|life| Duration::try_from_secs_f64(life).ok());
        Ok(life.filter(|life| !life.is_zero()).into_iter().fold(token, Token::with_life))
    }
}

#[async_trait]
impl TokenSource for NiceLogin {
    fn secrets(&self) -> Vec<Secret> {
        let key = [self.key.0.clone(), self.key.1.clone()];
        match (&self.mode, &self.client) {
            (AuthMode::Discovery, Some((id, secret))) => [id.clone(), secret.clone()].into_iter().chain(key).collect(),
            _ => key.to_vec(),
        }
    }

    async fn log_in(&self, secrets: &[SecretString], exchange: &Exchange) -> Result<Token> {
        match &self.mode {
            AuthMode::Discovery => self.password(secrets, exchange).await,
            AuthMode::RegionalAccessKey { area } => self.regional(area, secrets, exchange).await,
        }
    }
}

/// Hosts that may see a token.
pub(crate) fn token_hosts(config: &NiceConfig) -> LinkPolicy {
    config.hosts.iter().fold(LinkPolicy::own_host_only(), |policy, host| policy.with_host(host))
}

/// The tenant that a token belongs to.
pub(crate) fn tenant_of(token: &Token) -> Option<String> {
    let of = |jwt: &SecretString| claims(jwt.expose_secret())?.tenant_id;
    token.id_token().and_then(of).or_else(|| of(token.text()))
}

fn claims(jwt: &str) -> Option<Claims> {
    serde_json::from_slice(&JWT.decode(jwt.split('.').nth(1)?).ok()?).ok()
}

/// The address of the API that discovery tells, or that the region has.
pub(crate) fn api_of(found: Option<Configuration>, mode: &AuthMode) -> Result<Url> {
    let found = found.unwrap_or_default();
    if let Some(named) = found.api_endpoint {
        return address(&named);
    }
    let area = match (found.area, mode) {
        (Some(area), _) => area,
        (None, AuthMode::RegionalAccessKey { area }) => area.clone(),
        (None, AuthMode::Discovery) => {
            return Err(Error::invalid("discovery names neither the API nor the tenant's area").advise("set api_url"));
        }
    };
    address(&format!("https://api-{area}.{}", found.domain.as_deref().unwrap_or(API_DOMAIN)))
}

/// Refuses an address that a token must not be sent to.
pub(crate) fn trusted(hosts: &LinkPolicy, issuer: &Url, url: &Url) -> Result<()> {
    if url.origin() == issuer.origin() || url.host_str().is_some_and(|host| hosts.names(host)) {
        return Ok(());
    }
    let host = url.host_str().unwrap_or("?").to_owned();
    Err(Error::forbidden(format!("discovery leads to {host}, which is not on the list"))
        .advise("if it belongs to the vendor, add it to hosts"))
}

/// An address below another.
pub(crate) fn below(base: &Url, path: &str) -> Result<Url> {
    address(&format!("{}/{path}", base.as_str().trim_end_matches('/')))
}

fn address(text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| Error::invalid("the vendor names something that is no address").caused_by(error))
}

fn success(answer: Response) -> Result<Response> {
    if answer.status.is_success() { Ok(answer) } else { Err(answer.error(&NiceErrors)) }
}

fn unsendable(error: http::Error) -> Error {
    Error::bug("the request of the login cannot be sent").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_read_from_either_token_and_as_a_number() {
        let jwt = "x.eyJ0ZW5hbnRJZCI6IDE3fQ.y"; // {"tenantId": 17}
        assert_eq!(tenant_of(&Token::new("opaque").with_id_token(jwt)).as_deref(), Some("17"));
        assert_eq!(tenant_of(&Token::new(jwt).with_id_token("opaque")).as_deref(), Some("17"));
        assert_eq!(tenant_of(&Token::new("opaque")), None);
    }

    #[test]
    fn a_tenant_is_read_with_and_without_padding_and_whatever_else_is_said() {
        // {"tenantId": "7", "name": "?ÿ>"}, whose base64 has an underscore.
        let claims = "eyJ0ZW5hbnRJZCI6ICI3IiwgIm5hbWUiOiAiP8O_PiJ9";
        for jwt in [format!("x.{claims}.y"), format!("x.{claims}"), "x.eyJ0ZW5hbnRJZCI6IDd9Cg==.y".to_owned()] {
            assert_eq!(tenant_of(&Token::new(jwt.clone())).as_deref(), Some("7"), "{jwt}");
        }
        for odd in ["x.eyJ0ZW5hbnRJZCI6IDd9*.y", "x..y", "", "."] {
            assert_eq!(tenant_of(&Token::new(odd)), None, "{odd}");
        }
    }

    #[test]
    fn the_api_is_where_discovery_says_else_where_the_area_is() {
        let found = |text: &str| Some(serde_json::from_str::<Configuration>(text).unwrap());
        let discovery = AuthMode::Discovery;
        let regional = AuthMode::RegionalAccessKey { area: "au1".to_owned() };
        for (config, mode, api) in [
            (
                found(r#"{"api_endpoint": "https://api-na1.niceincontact.com", "area": "x"}"#),
                &discovery,
                "https://api-na1.niceincontact.com/",
            ),
            (found(r#"{"area": "eu1", "domain": "nicecxone.com"}"#), &discovery, "https://api-eu1.nicecxone.com/"),
            (None, &regional, "https://api-au1.niceincontact.com/"),
        ] {
            assert_eq!(api_of(config, mode).unwrap().as_str(), api);
        }
        assert!(api_of(None, &discovery).unwrap_err().to_string().contains("api_url"));
    }
}
