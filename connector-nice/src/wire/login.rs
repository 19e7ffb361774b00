//! Discovery and login.

use serde::Deserialize;

use super::loose;

/// `/.well-known/openid-configuration`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OpenId {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) token_endpoint: Option<String>,
}

/// The answer of the regional login.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegionalToken {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) access_token: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) id_token: Option<String>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) expires_in: Option<f64>,
}

/// What a token says of its owner. It is not verified: it only leads to the address of the API, whose host is checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Claims {
    #[serde(rename = "tenantId", deserialize_with = "loose::text")]
    pub(crate) tenant_id: Option<String>,
}

/// `/.well-known/cxone-configuration`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) api_endpoint: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) area: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) domain: Option<String>,
}
