//! How the network is reached: proxy, certificates, time-outs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

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
