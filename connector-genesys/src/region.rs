//! Where an organisation lives: one word that yields the hosts of the API, the login and the notifications.

use std::fmt;
use std::str::FromStr;

use connector_core::{Error, Result};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A region that Genesys itself lists.
struct Known {
    /// What AWS calls it.
    aws: &'static str,
    /// The short form. The oldest regions have none in their domain; theirs are made like those of the others.
    short: &'static str,
    domain: &'static str,
}

const fn known(aws: &'static str, short: &'static str, domain: &'static str) -> Known {
    Known { aws, short, domain }
}

const KNOWN: [Known; 18] = [
    known("us-east-1", "use1", "mypurecloud.com"),
    // Of US agencies (FedRAMP): the name of its domain says so.
    known("us-east-2", "use2", "use2.us-gov-pure.cloud"),
    known("us-west-2", "usw2", "usw2.pure.cloud"),
    known("ca-central-1", "cac1", "cac1.pure.cloud"),
    known("mx-central-1", "mxc1", "mxc1.pure.cloud"),
    known("sa-east-1", "sae1", "sae1.pure.cloud"),
    known("eu-west-1", "euw1", "mypurecloud.ie"),
    known("eu-west-2", "euw2", "euw2.pure.cloud"),
    known("eu-central-1", "euc1", "mypurecloud.de"),
    known("eu-central-2", "euc2", "euc2.pure.cloud"),
    known("eusc-de-east-1", "edee1", "edee1.eusc-pure.cloud"),
    known("me-central-1", "mec1", "mec1.pure.cloud"),
    known("ap-south-1", "aps1", "aps1.pure.cloud"),
    known("ap-southeast-1", "apse1", "apse1.pure.cloud"),
    known("ap-southeast-2", "apse2", "mypurecloud.com.au"),
    known("ap-northeast-1", "apne1", "mypurecloud.jp"),
    known("ap-northeast-2", "apne2", "apne2.pure.cloud"),
    known("ap-northeast-3", "apne3", "apne3.pure.cloud"),
];

/// What stands before a domain: the API, the login, the notifications, the desktop.
const HOSTS: [&str; 4] = ["api.", "login.", "streaming.", "apps."];

/// What is written where nothing else helps.
const ADVICE: &str =
    "write an AWS region such as us-west-2, its short form usw2, or the domain such as usw2.pure.cloud";

/// The region where an organisation lives, with the hosts of its API, its login and its notifications.
///
/// It is read from what AWS calls it (`us-west-2`, also `us_west_2`), the short form (`usw2`), the domain
/// (`usw2.pure.cloud`) or the address of one of its hosts; upper and lower case are the same. A domain that is not
/// listed is taken as it is, since regions are added over the years. An address of any other host, with `https://`
/// (or `http://` on this machine), serves all three: a gateway, or a fake in a test. It is written as its domain.
///
/// ```
/// use connector_genesys::Region;
///
/// let region: Region = "euc1".parse()?;
/// assert_eq!(region.to_string(), "mypurecloud.de");
/// assert_eq!(region.aws(), Some("eu-central-1"));
/// assert_eq!(region.login().as_str(), "https://login.mypurecloud.de/");
/// assert_eq!(region.streaming().as_str(), "wss://streaming.mypurecloud.de/");
///
/// let fake: Region = "http://127.0.0.1:8080".parse()?;
/// assert_eq!(fake.api().as_str(), "http://127.0.0.1:8080/");
/// assert_eq!(fake.streaming().as_str(), "ws://127.0.0.1:8080/");
/// # Ok::<(), connector_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region {
    /// The domain, or the address of the one host.
    name: String,
    api: Url,
    login: Url,
    streaming: Url,
}

impl Region {
    /// All regions that Genesys lists. Others are read by their domain.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(Self::known)
    }

    fn known(known: &Known) -> Self {
        Self::of_domain(known.domain).expect("the listed domains make addresses; a test goes through all of them")
    }

    /// The region with this domain: `usw2.pure.cloud`.
    ///
    /// # Errors
    /// `is_config` when it is no domain.
    fn of_domain(domain: &str) -> Result<Self> {
        let wrong = || Error::config(format!("{domain:?} is no region")).advise(ADVICE);
        let labels = domain.split('.');
        let is_label = |label: &str| {
            !label.is_empty() && label.len() < 64 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if !domain.contains('.') || !labels.clone().all(is_label) || HOSTS.iter().any(|host| domain.starts_with(host)) {
            return Err(wrong());
        }
        let url = |text: String| match Url::parse(&text) {
            // A name such as 10.1 would become an address in numbers.
            Ok(url) if matches!(url.host(), Some(Host::Domain(_))) => Ok(url),
            _ => Err(wrong()),
        };
        Ok(Self {
            name: domain.to_owned(),
            api: url(format!("https://api.{domain}"))?,
            login: url(format!("https://login.{domain}"))?,
            streaming: url(format!("wss://streaming.{domain}"))?,
        })
    }

    /// The region all of which is behind one address.
    fn at(address: &Url) -> Result<Self> {
        let shown = address.host_str().unwrap_or_default();
        let wrong =
            |what: &str, advice: &str| Err(Error::config(format!("the region at {shown:?} {what}")).advise(advice));
        let is_bare = matches!(address.path(), "" | "/") && address.query().is_none() && address.fragment().is_none();
        if !is_bare || !address.username().is_empty() || address.password().is_some() {
            return wrong("is more than an address", "leave out the path, the query and the user");
        }
        let scheme = match address.scheme() {
            "https" => "wss",
            "http" if is_this_machine(address) => "ws",
            "http" => return wrong("is not encrypted", "write https://; http:// is for this machine alone"),
            _ => return wrong("is no address of HTTP", ADVICE),
        };
        let mut streaming = address.clone();
        if address.host().is_none() || streaming.set_scheme(scheme).is_err() {
            return wrong("is no address", ADVICE);
        }
        let name = address.as_str().trim_end_matches('/').to_owned();
        Ok(Self { name, api: address.clone(), login: address.clone(), streaming })
    }

    /// Where the API is: below it stand paths such as `api/v2/users`.
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// Where the login is: below it stands `oauth/token`.
    pub fn login(&self) -> &Url {
        &self.login
    }

    /// Where notifications come from. A channel names its own address there.
    pub fn streaming(&self) -> &Url {
        &self.streaming
    }

    /// The domain that all of its hosts are below; of a region behind one address, its host.
    pub(crate) fn host(&self) -> &str {
        if self.api == self.login { self.api.host_str().unwrap_or_default() } else { &self.name }
    }

    /// What AWS calls it, where it is one of the listed ones.
    pub fn aws(&self) -> Option<&'static str> {
        KNOWN.iter().find(|known| known.domain == self.name).map(|known| known.aws)
    }
}

fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim().to_ascii_lowercase();
        let host = text.strip_prefix("https://").unwrap_or(&text).trim_end_matches('/');
        let domain = HOSTS.iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host);
        if let Some(known) = KNOWN.iter().find(|known| known.domain == domain) {
            return Ok(Self::known(known));
        }
        if text.contains("://") {
            let address = Url::parse(&text).map_err(|_| Error::config("the region is no address").advise(ADVICE))?;
            return Self::at(&address);
        }
        let aws = text.replace('_', "-");
        match KNOWN.iter().find(|known| known.aws == aws || known.short == text) {
            Some(known) => Ok(Self::known(known)),
            None => Self::of_domain(&text),
        }
    }
}

impl TryFrom<String> for Region {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.name
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
#[path = "region/tests.rs"]
mod tests;
