//! Where a request may go: the API's own host, and hosts on a list that a vendor's answers may name.

use std::fmt::Write;

use url::{Host, Url};

use super::redact::redact_url;
use crate::{Error, Result};

/// The hosts that links in a vendor's answers, and redirects, may lead to, beside the API's own.
///
/// ```
/// use connector_core::http::LinkPolicy;
/// let policy = LinkPolicy::own_host_only().with_host("media.example.com").with_host("amazonaws.com");
/// assert!(policy.names("bucket.s3.amazonaws.com"));
/// assert!(!policy.names("amazonaws.com.example.net") && !policy.names("notamazonaws.com"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkPolicy {
    /// Names of hosts; each stands for itself and for all below it.
    pub hosts: Vec<String>,
}

impl LinkPolicy {
    /// Nothing but the API's own host.
    pub fn own_host_only() -> Self {
        Self::default()
    }

    /// The same list, and this host with all below it.
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Whether the list names this host.
    pub fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.iter().any(|listed| {
            let listed = listed.trim_matches('.').to_ascii_lowercase();
            !listed.is_empty()
                && host.strip_suffix(&listed).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }

    /// Refuses a link that leads where nothing of ours may go.
    pub(crate) fn check(&self, base: &Url, link: &Url) -> Result<()> {
        let refuse = |why| Err(Error::forbidden(format!("the link to {} is not followed: {why}", redact_url(link))));
        // A fake on this machine speaks plain http, to itself and to its own media host.
        let plain = link.scheme() == "http" && base.scheme() == "http" && is_loopback(link);
        if link.scheme() != "https" && !plain {
            return refuse("it is not https");
        }
        if !link.username().is_empty() || link.password().is_some() {
            return refuse("it holds a user or a password");
        }
        if is_own(base, link) || link.host_str().is_some_and(|host| self.names(host)) {
            return Ok(());
        }
        refuse("its host is not on the list")
    }
}

/// Whether it leads to the API itself: the only place that sees the token.
pub(crate) fn is_own(base: &Url, url: &Url) -> bool {
    base.origin() == url.origin()
}

/// Refuses plain http, except to this machine.
pub(crate) fn refuse_plain_http(url: &Url) -> Result<()> {
    if url.scheme() == "https" || url.scheme() == "http" && is_loopback(url) {
        return Ok(());
    }
    Err(Error::config(format!("{} is not https", redact_url(url)))
        .advise("only an address on this machine may be http"))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Why an address cannot be asked: the kind of error, and its words. The error is made when somebody asks.
pub(crate) type Trouble = (fn(String) -> Error, String);

/// The address of a path below the API's base. The path may hold a query; it never leads out of the base.
pub(crate) fn below(base: &Url, path: &str) -> Result<Url, Trouble> {
    let text = format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_start_matches('/'));
    let bug: Trouble = (|message| Error::bug(message), "a path leads out of the API".to_owned());
    let Ok(url) = Url::parse(&text) else { return Err(bug) };
    let root = base.path().trim_end_matches('/');
    let inside = url.path().strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    if is_own(base, &url) && inside { Ok(url) } else { Err(bug) }
}

/// Makes one segment of a path out of any text: an id with a slash in it stays one segment.
///
/// ```
/// use connector_core::http::segment;
/// assert_eq!(format!("calls/{}", segment("7/12?x")), "calls/7%2F12%3Fx");
/// ```
pub fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => segment.push(char::from(byte)),
            _ => write!(segment, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn only_listed_hosts_over_https_are_followed() {
        let (policy, base) =
            (LinkPolicy::own_host_only().with_host(".amazonaws.com"), url("https://api.example.com/v1"));
        for good in ["https://api.example.com/other", "https://b.s3.amazonaws.com/x?sig=1", "https://AMAZONAWS.com./"] {
            policy.check(&base, &url(good)).unwrap();
        }
        for bad in [
            "http://b.s3.amazonaws.com/x",
            "http://api.example.com/v1",
            "http://127.0.0.1/",
            "https://amazonaws.com.example.net/",
            "https://evilamazonaws.com/",
            "https://example.com/",
            "https://api.example.com:8443/v1",
            "https://api.example.com@example.net/",
            "https://user:word@b.s3.amazonaws.com/",
            "https://127.0.0.1/",
            "ftp://b.s3.amazonaws.com/x",
            "file:///etc/passwd",
        ] {
            assert!(policy.check(&base, &url(bad)).unwrap_err().is_forbidden(), "{bad}");
        }
    }

    #[test]
    fn a_fake_on_this_machine_may_link_to_this_machine_and_nowhere_else_by_http() {
        let (policy, base) = (LinkPolicy::own_host_only().with_host("127.0.0.1"), url("http://127.0.0.1:4000"));
        policy.check(&base, &url("http://127.0.0.1:4001/media")).unwrap();
        assert!(policy.with_host("example.com").check(&base, &url("http://example.com/media")).is_err());
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in ["https://example.com", "http://localhost:80", "http://127.0.0.1:1", "http://[::1]:1"] {
            refuse_plain_http(&url(good)).unwrap();
        }
        for bad in ["http://example.com", "http://localhost.example.com", "http://10.0.0.1", "ws://localhost"] {
            assert!(refuse_plain_http(&url(bad)).unwrap_err().is_config(), "{bad}");
        }
    }

    #[test]
    fn a_path_never_leads_out_of_the_api() {
        let base = url("https://api.example.com/v1/");
        assert_eq!(below(&base, "/calls?top=1").unwrap().as_str(), "https://api.example.com/v1/calls?top=1");
        assert_eq!(below(&base, "//evil.example.net/x").unwrap().host_str(), Some("api.example.com"));
        for bad in ["../admin", "calls/../../admin", "%2e%2e/admin"] {
            assert!(below(&base, bad).is_err(), "{bad}");
        }
        assert!(
            below(&url("https://api.example.com"), "@example.net/x").is_ok_and(|url| url.host_str() == base.host_str())
        );
    }
}
