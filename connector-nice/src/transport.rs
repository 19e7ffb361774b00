//! The vendor's ways over HTTP: where the API is, its limits, its empty answers.

use std::time::Duration;

use connector_core::http::{AccountKey, HttpClient, Limits, RequestBuilder};
use connector_core::{Context, Priority, Result, Vendor};
use http::Method;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::auth::{NiceLogin, api_of, tenant_of, token_hosts, trusted};
use crate::config::NiceConfig;
use crate::errors::NiceErrors;
use crate::wire::login::Configuration;

/// How many requests to the ACD API are on their way at once. Nothing is documented; the vendor's own clients are modest.
const ACD_AT_ONCE: usize = 4;

/// The class of Media Playback: the vendor documents 150 requests in five minutes for a tenant.
const MEDIA: &str = "media";
const MEDIA_RATE: (u32, Duration) = (150, Duration::from_secs(300));

/// The class of agents' sessions, whose polls are long: they take no place from other requests.
pub(crate) const SESSION: &str = "session";

/// Connects when it is needed, and remembers where the API is until that fails.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) cx: Context,
    pub(crate) config: NiceConfig,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Logs in; at the issuer.
    login: Option<HttpClient>,
    api: Option<Api>,
}

impl Connection {
    pub(crate) fn new(cx: Context, config: NiceConfig) -> Self {
        Self { cx, config, known: Mutex::default() }
    }

    /// The API, after logging in and discovery if need be. Who comes meanwhile waits.
    pub(crate) async fn api(&self) -> Result<Api> {
        let mut known = self.known.lock().await;
        if let Some(api) = &known.api {
            return Ok(api.clone());
        }
        let api = self.connect(&mut known).await.map_err(|error| error.of(self.cx.origin()))?;
        Ok(known.api.insert(api).clone())
    }

    async fn connect(&self, known: &mut Known) -> Result<Api> {
        let login = match &known.login {
            Some(login) => login.clone(),
            None => known.login.insert(self.login().await?).clone(),
        };
        let (hosts, config) = (token_hosts(&self.config), &self.config);
        let base = match &config.api_url {
            Some(url) => url.clone(),
            None => {
                let found = match tenant_of(&login.token().await?) {
                    Some(tenant) => {
                        let asked = login.get(".well-known/cxone-configuration").query("tenantId", tenant);
                        asked.without_token().during("discover").send().await?.json_if_any::<Configuration>()?
                    }
                    None => None,
                };
                api_of(found, &config.auth)?
            }
        };
        trusted(&hosts, &config.issuer, &base)?;
        // Only from here on may links lead to hosts that hold nothing but recordings.
        let media = config.media_hosts.iter().fold(hosts.clone(), |policy, host| policy.with_host(host));
        let client = login.at(base)?.with_links(media);
        Ok(Api { client, version: config.api_version.clone() })
    }

    async fn login(&self) -> Result<HttpClient> {
        let config = &self.config;
        // Limits are kept by access key, since the tenant is only known after the login.
        let id = self.cx.secrets().resolve(&config.access_key_id).await?;
        let account = AccountKey::new(Vendor::NICE, id.expose_secret());
        let client = HttpClient::new(&self.cx, &account, config.issuer.clone(), &config.http)?;
        Ok(client
            .with_login(NiceLogin::new(config))
            .with_errors(NiceErrors)
            .with_links(token_hosts(config))
            .with_limits("", Limits::none().with_at_once(ACD_AT_ONCE))
            .with_limits(SESSION, Limits::none())
            .with_limits(MEDIA, Limits::none().with_rate(MEDIA_RATE.0, MEDIA_RATE.1)))
    }

    /// Passes a result on. A host that could not be reached may have moved: the next request discovers again.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        if result.as_ref().is_err_and(|error| error.is_transient() && error.status().is_none())
            && let Ok(mut known) = self.known.try_lock()
        {
            known.api = None;
        }
        result
    }
}

/// The API of one tenant. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) client: HttpClient,
    version: String,
}

impl Api {
    /// A GET of the ACD API.
    pub(crate) fn acd(&self, path: &str, priority: Priority) -> RequestBuilder {
        self.acd_request(Method::GET, path).priority(priority)
    }

    /// Any request to the ACD API.
    pub(crate) fn acd_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, &format!("incontactapi/services/{}/{path}", self.version))
    }

    /// A GET of Media Playback, within its own limit.
    pub(crate) fn playback(&self, path: &str, priority: Priority) -> RequestBuilder {
        self.client.get(&format!("media-playback/v1/{path}")).class(MEDIA).priority(priority)
    }
}
