//! `[listen]`: where vendors call the program.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use connector_core::{Context, Error, Secret};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use toml::de::DeTable;
use url::Url;

use super::error::ConfigError;
use super::reader::Reader;

/// The shortest text that routes may be made from.
const SHORTEST_KEY: usize = 32;

/// Where vendors call the program, and what they call it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenSettings {
    /// The address and port on this machine.
    #[serde(deserialize_with = "address")]
    pub(crate) address: SocketAddr,
    /// TLS; without it something before the program has to speak it.
    #[serde(default)]
    pub(crate) tls: Option<TlsFiles>,
    /// What routes are made from. Whoever changes it changes every address that vendors were told.
    pub(crate) route_key: Secret,
    /// How vendors reach it: scheme, host, and a path where something before the program adds one.
    #[serde(default, deserialize_with = "public_url")]
    pub(crate) public_url: Option<Url>,
}

/// PEM files, which are read again when they change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    /// The certificate, and those that vouch for it.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

impl ListenSettings {
    /// The text that routes are made from.
    ///
    /// # Errors
    /// `is_config` when it is not there, or short enough to be guessed.
    pub(crate) async fn routes(&self, cx: &Context) -> connector_core::Result<SecretString> {
        let key = cx.secrets().resolve(&self.route_key).await?;
        if key.expose_secret().len() < SHORTEST_KEY {
            return Err(Error::config(format!("route_key in [listen] has fewer than {SHORTEST_KEY} characters"))
                .advise("make one with: openssl rand -hex 32"));
        }
        Ok(key)
    }
}

impl<'a> Reader<'a> {
    /// Takes the settings out of the file's table; none where nobody is to call.
    pub(super) fn take_listen(
        &self,
        document: &mut DeTable<'a>,
        directory: &Path,
    ) -> Result<Option<ListenSettings>, ConfigError> {
        let Some(mut settings) = self.take_section::<ListenSettings>(document, "listen")? else { return Ok(None) };
        if let Some(TlsFiles { certificate, key }) = &mut settings.tls {
            (*certificate, *key) = (directory.join(&certificate), directory.join(&key));
        }
        Ok(Some(settings))
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!("{text:?} is no address with a port; write it as \"127.0.0.1:8080\""))
    })
}

fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && (url.username().is_empty() && url.password().is_none())
            && (url.query().is_none() && url.fragment().is_none())
    };
    match Url::parse(&text) {
        Ok(url) if is_plain(&url) => Ok(Some(url)),
        _ => Err(serde::de::Error::custom(
            "this is no address that vendors could call; write it as \"https://hooks.example.com\"",
        )),
    }
}
