//! The vendor's ways over HTTP: where the API is, its limits, how it says no.

use std::time::Duration;

use connector_core::http::{AccountKey, HttpClient, Limits, LinkPolicy, OAuth2, RateHeaders};
use connector_core::{Context, Error, Result, Vendor};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use crate::config::GenesysConfig;
use crate::errors::GenesysErrors;

/// Requests of one token in a minute: the vendor's default is 300, and other programs may use the same client. What an
/// answer's headers say takes its place.
const RATE: (u32, Duration) = (240, Duration::from_secs(60));

/// How many requests are on their way at once. Nothing is documented.
const AT_ONCE: usize = 8;

/// The headers in which the vendor says how much of the limit is used. The reset is in seconds.
fn rate_headers() -> RateHeaders {
    let mut names = RateHeaders::NONE;
    names.allowed = Some("inin-ratelimit-allowed");
    names.used = Some("inin-ratelimit-count");
    names.reset = Some("inin-ratelimit-reset");
    names
}

/// Connects when it is needed.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) cx: Context,
    pub(crate) config: GenesysConfig,
    api: OnceCell<Api>,
}

impl Connection {
    pub(crate) fn new(cx: Context, config: GenesysConfig) -> Self {
        Self { cx, config, api: OnceCell::new() }
    }

    /// The API. Nothing is asked of the vendor yet.
    pub(crate) async fn api(&self) -> Result<Api> {
        let api = self.api.get_or_try_init(|| self.connect()).await;
        api.cloned().map_err(|error| error.of(self.cx.origin()))
    }

    async fn connect(&self) -> Result<Api> {
        let config = &self.config;
        let id = self.cx.secrets().resolve(&config.client_id).await?;
        let account = AccountKey::new(Vendor::GENESYS, id.expose_secret());
        let login = config.region.login().join("oauth/token");
        let login = login.map_err(|error| Error::bug("the login has no address").caused_by(error))?;
        let client = (config.client_id.clone(), config.client_secret.clone());
        let links = LinkPolicy::own_host_only().with_host(config.region.host());
        let links = config.media_hosts.iter().fold(links, |policy, host| policy.with_host(host));
        let client = HttpClient::new(&self.cx, &account, config.region.api().clone(), &config.http)?
            .with_login(OAuth2::client_credentials(login, client))
            .with_errors(GenesysErrors)
            .with_links(links)
            .with_rate_headers(rate_headers())
            .with_limits("", Limits::none().with_rate(RATE.0, RATE.1).with_at_once(AT_ONCE));
        Ok(Api { client })
    }
}

/// The API of one organisation. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) client: HttpClient,
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use connector_core::Secret;
    use connector_core::testing::http::{Answer, InProcess, Request};

    use super::*;
    use crate::wire::channels::Channel;

    #[tokio::test(start_paused = true)]
    async fn no_address_of_a_channel_leads_elsewhere() {
        let nobody = |_: &Request| Answer::json(&()).with_status(404);
        let cx = Context::default().with_transport(Arc::new(InProcess::new(nobody)));
        for (region, address, is_ours) in [
            ("mypurecloud.com", "wss://streaming.mypurecloud.com/channels/x", true),
            ("mypurecloud.com", "wss://mypurecloud.com/", true),
            ("mypurecloud.com", "ws://streaming.mypurecloud.com/", false),
            ("mypurecloud.com", "wss://streaming.mypurecloud.com.au/", false),
            ("mypurecloud.com", "wss://evilmypurecloud.com/", false),
            ("mypurecloud.com", "wss://streaming.mypurecloud.com@example.com/", false),
            ("mypurecloud.com", "wss://example.com/mypurecloud.com", false),
            ("mypurecloud.com", "file:///mypurecloud.com", false),
            ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/channels/x", true),
            ("http://127.0.0.1:8080", "ws://1.127.0.0.1.example.com:8080/", false),
        ] {
            let client = (Secret::literal("ana-client"), Secret::literal("hunter2"));
            let config = GenesysConfig::new(region.parse().expect("a region"), client);
            let api = Connection::new(cx.clone(), config).api().await.expect("settings that make sense");
            let channel = Channel { connect_uri: Some(address.to_owned()), ..Channel::default() };
            let error = api.connect(&channel).await.expect_err("nobody opens a socket");
            assert_eq!((error.is_not_found(), error.is_forbidden()), (is_ours, !is_ours), "{address}: {error}");
        }
    }
}
