//! How the network is reached: proxy, certificates, time-outs. One client for each distinct set of options.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::Request;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

#[cfg(feature = "sockets")]
use super::transport::Upgrade;
use super::transport::{Body, Transport};
#[cfg(feature = "sockets")]
use crate::socket::Connection;
use crate::{Error, Result};

/// How the network is reached. Read by serde; every field may be left out.
///
/// Clients whose options are equal share their connections. Files are read when the first of them is made.
///
/// ```
/// use connector_core::http::HttpOptions;
/// let options: HttpOptions = serde_json::from_str(
///     r#"{"proxy": "http://proxy.example.com:3128", "root_certificates": ["/etc/ssl/company.pem"], "read_timeout": "30s"}"#,
/// ).unwrap();
/// assert_eq!(options.connect_timeout, HttpOptions::default().connect_timeout);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The way out of the company's network.
    pub proxy: Proxy,
    /// PEM files with certificates that are trusted beside those of the operating system.
    pub root_certificates: Vec<PathBuf>,
    /// A PEM file with our own certificate, those that vouch for it, and its private key.
    pub client_certificate: Option<PathBuf>,
    /// How long connecting may take: `"10s"`.
    #[serde(with = "crate::length")]
    pub connect_timeout: Duration,
    /// How long the other side may be silent: `"60s"`.
    #[serde(with = "crate::length")]
    pub read_timeout: Duration,
    /// What we call ourselves.
    pub user_agent: String,
}

/// No proxy, the operating system's certificates, 10 s to connect, 60 s of silence.
impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            proxy: Proxy::None,
            root_certificates: Vec::new(),
            client_certificate: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            user_agent: concat!("connector-core/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl HttpOptions {
    /// The same options, through this proxy.
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// The same options, trusting the certificates in this PEM file as well.
    pub fn with_root_certificates(mut self, pem: impl Into<PathBuf>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// The same options, with the certificate and private key in this PEM file as our own.
    pub fn with_client_certificate(mut self, pem: impl Into<PathBuf>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// The same options, with relative paths below this directory: for settings that come from a file in it.
    pub fn below(mut self, directory: &Path) -> Self {
        let files = self.root_certificates.iter_mut().chain(&mut self.client_certificate);
        files.for_each(|file| *file = directory.join(&file));
        self
    }

    /// The same options, with other time-outs: to connect, and of silence.
    pub fn with_timeouts(mut self, connect: Duration, read: Duration) -> Self {
        (self.connect_timeout, self.read_timeout) = (connect, read);
        self
    }
}

/// The way out: `none`, `environment`, or the address of a proxy, which may hold a user and a password.
///
/// Neither `Debug` nor serialisation shows user or password.
#[derive(Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum Proxy {
    /// Straight out.
    #[default]
    None,
    /// What `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    Environment,
    /// This one, for everything.
    At(Url),
}

impl TryFrom<String> for Proxy {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        match text.as_str() {
            "none" => Ok(Self::None),
            "environment" => Ok(Self::Environment),
            address => match Url::parse(address) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self::At(url)),
                _ => Err("a proxy is none, environment, or an address such as http://proxy.example.com:3128"),
            },
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Environment => f.write_str("environment"),
            Self::At(url) => {
                write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
                url.port().map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

impl Serialize for Proxy {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

/// The clients in use, one for each distinct set of options.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<HashMap<HttpOptions, Weak<Wire>>>);

impl Clients {
    pub(crate) fn get(&self, options: &HttpOptions) -> Result<Arc<dyn Transport>> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wire) = clients.get(options).and_then(Weak::upgrade) {
            return Ok(wire);
        }
        clients.retain(|_, wire| wire.strong_count() > 0);
        let wire = Arc::new(Wire(client(options)?));
        clients.insert(options.clone(), Arc::downgrade(&wire));
        Ok(wire)
    }
}

fn client(options: &HttpOptions) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(options)?)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .user_agent(&options.user_agent);
    let builder = match &options.proxy {
        Proxy::None => builder.no_proxy(),
        Proxy::Environment => builder,
        Proxy::At(url) => builder.proxy(
            // The error would show the address with its password.
            reqwest::Proxy::all(url.as_str()).map_err(|_| Error::config("the proxy cannot be used"))?,
        ),
    };
    builder.build().map_err(|error| Error::config("the HTTP client cannot be made").caused_by(error.without_url()))
}

fn tls(options: &HttpOptions) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // What the system trusts; a machine without any can still trust what the options name.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for path in &options.root_certificates {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| unusable(path, "a certificate that cannot be used", error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::bug("no version of TLS is left").caused_by(error))?
        .with_root_certificates(roots);
    let Some(path) = &options.client_certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, "no private key", error))?;
    builder
        .with_client_auth_cert(certificates(path)?, key)
        .map_err(|error| unusable(path, "a certificate that does not go with its key", error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    match read {
        Ok(none) if none.is_empty() => Err(Error::config(format!("{} holds no certificate", path.display()))),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(path, "no certificates that can be read", error)),
    }
}

fn unusable(path: &Path, what: &str, error: impl StdError + Send + Sync + 'static) -> Error {
    Error::config(format!("{} holds {what}", path.display())).advise("it must be a PEM file").caused_by(error)
}

/// The network.
struct Wire(reqwest::Client);

/// The client would show its proxy, whose address may hold a password.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<http::Response<Body>> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let answer = self.0.execute(request).await.map_err(failed)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = http::Response::new(answer.bytes_stream().map_err(failed).boxed());
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }

    #[cfg(feature = "sockets")]
    async fn upgrade(&self, request: Request<Bytes>) -> Result<Upgrade> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let answer = self.0.execute(request).await.map_err(failed)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status != http::StatusCode::SWITCHING_PROTOCOLS {
            let body = answer.bytes_stream().map_err(failed).boxed();
            let mut response = http::Response::new(body);
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            return Ok(Upgrade::Answered(response));
        }
        let mut response = http::Response::new(Connection::new(answer.upgrade().await.map_err(failed)?));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(Upgrade::Switched(response))
    }
}

/// What went wrong on the wire. Neither the address nor what was sent stands in it.
fn failed(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if let Some(why) = certificate_trouble(&error) {
        return Error::config(format!("the host's certificate is not trusted: {why}"))
            .advise("if the network inspects TLS, add its root certificate to root_certificates");
    }
    let what = match &error {
        error if error.is_builder() => return Error::bug("the request cannot be sent").caused_by(error.to_string()),
        error if error.is_timeout() && error.is_connect() => "connecting took too long",
        error if error.is_timeout() => "the host was silent for too long",
        error if error.is_connect() => "the host cannot be reached",
        error if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the connection failed",
    };
    Error::transient(what).caused_by(error)
}

fn certificate_trouble(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An io::Error hides what it holds from `source`.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let held = held.map(|held| held as &(dyn StdError + 'static));
        for error in [Some(error), held].into_iter().flatten() {
            if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
                return Some(why.to_string());
            }
        }
        next = held.or_else(|| error.source());
    }
    None
}

#[cfg(all(test, feature = "testing"))]
mod tests;
