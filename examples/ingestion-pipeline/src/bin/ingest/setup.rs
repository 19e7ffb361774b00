//! `ingest setup`: what has to be set up at a vendor.

use clap::Subcommand;
use connector_core::inbound::{Hub, HubOptions, route_of};
use connector_core::{Context, Origin};
use secrecy::SecretString;
use serde::Serialize;
use url::Url;

use crate::config::{Config, ConfigError, Door, ListenSettings, Source};
use crate::output::print_json;
use crate::sources::Meant;

#[derive(Debug, Subcommand)]
pub(crate) enum Setup {
    /// Print the addresses at which the vendors are to call.
    Show(Meant),
    /// Print a new API key and client secret for the integration AudioHook Monitor of Genesys Cloud.
    #[cfg(feature = "genesys")]
    GenesysAudiohookKey,
}

/// What an integration proves with that it is one: what `ingest setup genesys-audiohook-key --json` prints. It is made when
/// it is asked for, and kept nowhere.
#[cfg(feature = "genesys")]
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct AudioHookKey {
    /// The API key.
    pub(crate) api_key: String,
    /// The client secret, in base64.
    pub(crate) client_secret: String,
}

/// What a source needs at its vendor: a line of `ingest setup show --json`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct SetupSource {
    /// Whose source it is.
    pub(crate) tenant: String,
    /// The source.
    pub(crate) source: String,
    /// The kind of source, as in the configuration.
    pub(crate) kind: String,
    /// The addresses that its vendor is to call. Whoever knows one can try keys on it: hand them to the vendor only.
    pub(crate) urls: Vec<EventUrl>,
    /// Why there is no address, or why the vendor cannot call the one that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// One address that a vendor is to call.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct EventUrl {
    /// What it is for, in the vendor's words.
    pub(crate) what: String,
    /// The address.
    pub(crate) url: String,
}

impl Setup {
    /// The configuration is only read where it is needed.
    pub(crate) async fn carry_out(
        self,
        config: impl FnOnce() -> Result<Config, ConfigError>,
        json: bool,
    ) -> anyhow::Result<bool> {
        match self {
            Self::Show(meant) => show(config()?, &meant, json).await,
            #[cfg(feature = "genesys")]
            Self::GenesysAudiohookKey => {
                let key = AudioHookKey::new()?;
                if json {
                    print_json(&key)?;
                } else {
                    println!("API key        {}\nclient secret  {}", key.api_key, key.client_secret);
                }
                Ok(true)
            }
        }
    }
}

#[cfg(feature = "genesys")]
impl AudioHookKey {
    /// Out of the randomness of the operating system.
    fn new() -> anyhow::Result<Self> {
        use base64::Engine;
        let random = rustls::crypto::ring::default_provider().secure_random;
        let (mut key, mut secret) = ([0; 20], [0; 32]);
        let filled = random.fill(&mut key).and_then(|()| random.fill(&mut secret));
        filled.map_err(|_| anyhow::anyhow!("the operating system gives no randomness"))?;
        let client_secret = base64::engine::general_purpose::STANDARD.encode(secret);
        Ok(Self { api_key: hex::encode(key), client_secret })
    }
}

async fn show(config: Config, meant: &Meant, json: bool) -> anyhow::Result<bool> {
    let key = match &config.listen {
        Some(listen) => Some(listen.routes(&Context::default()).await?),
        None => None,
    };
    let listen = config.listen.as_ref().zip(key.as_ref());
    for source in meant.of(config.sources)? {
        let shown = SetupSource::of(&source, listen);
        if json {
            print_json(&shown)?;
        } else {
            println!("{}", shown.told());
        }
    }
    Ok(true)
}

impl SetupSource {
    fn of(source: &Source, listen: Option<(&ListenSettings, &SecretString)>) -> Self {
        let doors = source.kind.doors();
        let origin = Origin::new(&source.tenant, &source.name);
        let (urls, note) = match (doors, listen) {
            ([], _) => (Vec::new(), Some("no event URLs: nobody calls it, it looks for itself".to_owned())),
            (_, None) => (Vec::new(), Some("no event URLs: ingest.toml has no [listen]".to_owned())),
            (doors, Some((listen, key))) => (urls_of(&base_of(listen), &origin, key, doors), unreachable(listen)),
        };
        let (tenant, name) = (source.tenant.clone(), source.name.clone());
        Self { tenant, source: name, kind: source.kind.word().to_owned(), urls, note }
    }

    fn told(&self) -> String {
        let mut lines = vec![format!("{} / {} ({})", self.tenant, self.source, self.kind)];
        lines.extend(self.urls.iter().map(|url| format!("    {}: {}", url.what, url.url)));
        lines.extend(self.note.iter().map(|note| format!("    {note}")));
        lines.join("\n")
    }
}

/// How vendors reach the program. Behind something that speaks TLS for it, only `public_url` says so.
fn base_of(listen: &ListenSettings) -> String {
    let scheme = if listen.tls.is_some() { "https" } else { "http" };
    let own = || format!("{scheme}://{}", listen.address);
    listen.public_url.as_ref().map_or_else(own, Url::to_string)
}

/// Why nobody elsewhere can call the program's own address, if nothing says how it is reached.
fn unreachable(listen: &ListenSettings) -> Option<String> {
    let ip = listen.address.ip();
    let is_local = ip.is_unspecified() || ip.is_loopback();
    let words = || format!("{ip} is no address for others: set public_url in [listen] to how the vendor reaches it");
    (is_local && listen.public_url.is_none()).then(words)
}

/// The addresses of a source: one for each door, named by what stands behind its route.
fn urls_of(base: &str, origin: &Origin, key: &SecretString, doors: &[Door]) -> Vec<EventUrl> {
    let path = Hub::new(HubOptions::default()).path_of(&route_of(origin, key));
    let base = base.trim_end_matches('/');
    let url = |door: &Door| match base.strip_prefix("http").filter(|_| door.is_socket) {
        Some(base) => format!("ws{base}{path}{}", door.rest),
        None => format!("{base}{path}{}", door.rest),
    };
    doors.iter().map(|door| EventUrl { what: door.what.to_owned(), url: url(door) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "genesys")]
    #[test]
    fn every_key_is_another_one() {
        use base64::Engine;
        let keys = [AudioHookKey::new().unwrap(), AudioHookKey::new().unwrap()];
        assert!(keys[0].api_key != keys[1].api_key && keys[0].client_secret != keys[1].client_secret);
        for key in keys {
            assert_eq!(key.api_key.len(), 40);
            let secret = base64::engine::general_purpose::STANDARD.decode(key.client_secret).unwrap();
            assert!(secret.len() == 32 && secret.iter().any(|byte| *byte != 0));
        }
    }

    #[test]
    fn addresses_hold_the_route_and_what_the_vendor_adds() {
        let (origin, key) = (Origin::new("acme", "calls"), SecretString::from("a key"));
        for base in ["https://hooks.example.com", "https://hooks.example.com/", "https://hooks.example.com/in/"] {
            let door = |what, rest, is_socket| Door { key: "push", what, rest, is_socket };
            let doors = [door("events", "", false), door("call ended", "ended", false), door("sound", "hook", true)];
            let urls = urls_of(base, &origin, &key, &doors);
            let begins = format!("{}/hooks/a9897f4a5f18c3c180aa433fe5579e83/", base.trim_end_matches('/'));
            assert_eq!(urls[0].url, begins);
            assert_eq!(urls[1], EventUrl { what: "call ended".to_owned(), url: format!("{begins}ended") });
            assert_eq!(urls[2].url, format!("{}hook", begins.replacen("https://", "wss://", 1)));
        }
    }
}
