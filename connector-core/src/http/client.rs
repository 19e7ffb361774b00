//! The client of one vendor's API, for one account.

use std::fmt;
use std::sync::Arc;

use http::Method;
use url::Url;

use super::errors::VendorErrors;
use super::limits::AccountKey;
use super::limits::{EndpointClass, Limits, RateHeaders};
use super::links::{LinkPolicy, below, refuse_plain_http};
use super::login::Exchange;
use super::login::{Login, Token, TokenSource};
use super::redact::redact_url;
use super::request::RequestBuilder;
use super::retry::RetryPolicy;
use super::settings::Settings;
use super::wire::HttpOptions;
use crate::{Context, Error, Result};

/// Speaks with one vendor's API as one account. Clones are the same client.
///
/// It logs in, keeps the vendor's limits, repeats what may be repeated, and makes errors that say what to do. Its token is
/// sent to the API's own host and to no other.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// use std::time::Duration;
/// use connector_core::http::{AccountKey, HttpClient, HttpOptions, Limits, OAuth2, segment};
/// use connector_core::testing::http::{Answer, Request, TestServer};
/// use connector_core::{Context, Secret, Vendor};
///
/// // A contact centre of our own, on this machine.
/// let server = TestServer::start(|request: &Request| match request.uri().path() {
///     "/token" => Answer::json(&serde_json::json!({"access_token": "t", "token_type": "bearer", "expires_in": 3600})),
///     _ if request.headers().get("authorization").is_none_or(|token| token != "Bearer t") => Answer::new(401),
///     "/v1/calls/c%2F7" => Answer::json(&serde_json::json!({"seconds": 130})).gzip(),
///     _ => Answer::new(404).with_body(r#"{"code": "unknown_call", "message": "there is no such call"}"#),
/// })
/// .await?;
/// # let address = |path| server.url().join(path).unwrap();
///
/// let account = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
/// let cx = Context::default().for_source("acme", "cloud");
/// let client = HttpClient::new(&cx, &account, address("v1"), &HttpOptions::default())?
///     .with_login(OAuth2::client_credentials(address("token"), (Secret::literal("app"), Secret::literal("word"))))
///     .with_limits("", Limits::none().with_rate(300, Duration::from_secs(60)));
///
/// #[derive(serde::Deserialize)]
/// struct Call {
///     seconds: u32,
/// }
/// let call: Call = client.get(&format!("calls/{}", segment("c/7"))).during("conversation").send().await?.json()?;
/// assert_eq!(call.seconds, 130);
///
/// let error = client.get("calls/8").during("conversation").send().await.unwrap_err();
/// assert_eq!(error.to_string(), "acme/cloud: conversation: there is no such call (status 404, unknown_call)");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct HttpClient(Arc<Settings>);

impl HttpClient {
    /// A client of the API at this address, which may hold a path.
    ///
    /// # Errors
    /// `is_config` when the address is not https (or http on this machine), or when the options cannot be used.
    pub fn new(cx: &Context, account: &AccountKey, base: Url, options: &HttpOptions) -> Result<Self> {
        refuse_plain_http(&base)?;
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(Error::config(format!("{} holds more than a host and a path", redact_url(&base))));
        }
        Ok(Self(Arc::new(Settings::new(cx, cx.account(account), base, cx.transport(options)?))))
    }

    /// The same client, which logs in here.
    pub fn with_login(self, source: impl TokenSource) -> Self {
        self.with(|settings| {
            let exchange = Exchange::new(settings.transport.clone(), settings.cx.clock());
            let (secrets, account) = (settings.cx.secrets().clone(), settings.account.clone());
            settings.login = Some(Arc::new(Login::new(Arc::new(source), secrets, account, exchange)));
        })
    }

    /// The same client at another address, with the same login: for a vendor that tells the address of its API in an
    /// answer. The token goes there from now on, so its host has to be on the list of [`with_links`](Self::with_links).
    ///
    /// # Errors
    /// `is_forbidden` when it is not, or when the address is not https.
    pub fn at(self, base: Url) -> Result<Self> {
        self.0.links.check(&self.0.base, &base)?;
        Ok(self.with(|settings| settings.base = base))
    }

    /// The same client, which reads the vendor's errors like this.
    pub fn with_errors(self, errors: impl VendorErrors) -> Self {
        self.with(|settings| settings.errors = Arc::new(errors))
    }

    /// The same client, which follows links to these hosts as well.
    pub fn with_links(self, links: LinkPolicy) -> Self {
        self.with(|settings| settings.links = links)
    }

    /// The same client, as stubborn as this.
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        self.with(|settings| settings.retry = retry)
    }

    /// The same client, which keeps these limits for a class of endpoints. The class `""` is that of requests which name
    /// none. All clients of the account share them; who names a class first sets them.
    pub fn with_limits(self, class: impl Into<String>, limits: Limits) -> Self {
        self.with(|settings| drop(settings.limits.insert(class.into(), limits)))
    }

    /// The same client, which learns the limits from these headers.
    pub fn with_rate_headers(self, names: RateHeaders) -> Self {
        self.with(|settings| settings.rate_headers = names)
    }

    /// The same client, which refuses answers of more bytes than this.
    pub fn with_max_body(self, bytes: u64) -> Self {
        self.with(|settings| settings.max_body = bytes)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// A GET of a path below the API's address. Ids in it go through [`segment`](super::segment).
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST. It is not repeated unless the request says that it may be.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Any request: for an endpoint that a connector does not know, with the same login, limits, repetition and
    /// redaction. [`RequestBuilder::send_any`] gives the answer, whatever its status.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder::new(self.0.clone(), method, below(&self.0.base, path), "request")
    }

    /// A GET of a link out of one of the vendor's answers: an address, or a path from the root of the API's host. A host other
    /// than the API's own sees neither the token nor headers of ours, but for `Accept`, `Accept-Encoding` and those of a range.
    /// A link that leads to a host off the list of [`with_links`](Self::with_links) is `is_forbidden` once it is sent.
    pub fn get_link(&self, link: &str) -> RequestBuilder {
        let refused: fn(String) -> Error = |message| Error::forbidden(message);
        let url = if link.starts_with('/') { self.0.base.join(link) } else { Url::parse(link) };
        let url = url.map_err(|_| (refused, "a link that is no address is not followed".to_owned()));
        let url = url.and_then(|url| match self.0.links.check(&self.0.base, &url) {
            Ok(()) => Ok(url),
            Err(error) => Err((refused, error.to_string())),
        });
        RequestBuilder::new(self.0.clone(), Method::GET, url, "follow a link")
    }

    /// The token that requests carry at the moment, after logging in if need be.
    ///
    /// # Errors
    /// Those of the login; `is_bug` when the client has none.
    pub async fn token(&self) -> Result<Token> {
        let login = self.0.login.as_ref().ok_or_else(|| Error::bug("this client does not log in"))?;
        login.token().await.map_err(|error| error.of(self.0.cx.origin()))
    }

    /// The address of the API.
    pub fn base(&self) -> &Url {
        &self.0.base
    }

    #[cfg(feature = "sockets")]
    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }

    /// What the program shares with its connectors.
    pub fn context(&self) -> &Context {
        &self.0.cx
    }

    /// The limits of a class of endpoints, as they are shared by all clients of the account.
    pub fn class(&self, name: &str) -> EndpointClass {
        self.0.class(name)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("origin", self.0.cx.origin())
            .field("account", self.0.account.key())
            .field("base", &redact_url(&self.0.base))
            .finish_non_exhaustive()
    }
}
