//! `ingest.toml`: tenants, their sources, and where things lie.
#![cfg_attr(
    not(any(feature = "genesys", feature = "nice", feature = "universal")),
    allow(dead_code, unused, reason = "a build without any source")
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use connector_core::length;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use toml::de::DeTable;

mod error;
mod listen;
mod live;
mod reader;
mod reconcile;
mod scope;
mod source;

use reader::Reader;

pub(crate) use error::ConfigError;
pub(crate) use listen::{ListenSettings, TlsFiles};
pub(crate) use live::LiveSettings;
pub(crate) use scope::{AgentSettings, CallsOf, ScopeSettings};
pub(crate) use source::{Door, Source, SourceKind};

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where database and recordings lie.
    pub(crate) data: PathBuf,
    pub(crate) pipeline: PipelineSettings,
    /// Where vendors call the program; none of them does where there is nothing.
    pub(crate) listen: Option<ListenSettings>,
    /// What becomes of sound that is heard while calls go on.
    pub(crate) live: LiveSettings,
    pub(crate) sources: Vec<Source>,
}

/// How the pipeline works.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PipelineSettings {
    /// Conversations worked on at once.
    #[serde(deserialize_with = "at_least_one")]
    pub(crate) at_once: usize,
    /// How long work under way may take once the pipeline is to stop.
    #[serde(deserialize_with = "length::deserialize")]
    pub(crate) deadline: Duration,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self { at_once: 4, deadline: Duration::from_secs(20) }
    }
}

impl Config {
    /// Reads a configuration file. Paths in it are relative to it.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let unreadable = |error| {
            let message = format!("cannot be read: {error}");
            ConfigError::of_file(file.clone(), message, "write one, or name another with --config")
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&file, &text, path.parent().unwrap_or(Path::new("")))
    }

    fn parse(file: &str, text: &str, directory: &Path) -> Result<Self, ConfigError> {
        let reader = Reader { file, text };
        let mut document = DeTable::parse(text).map_err(|error| reader.error("the file", error, &[]))?;
        let tenants = document.get_mut().remove("tenant");
        let listen = reader.take_listen(document.get_mut(), directory)?;
        let live = reader.take_section(document.get_mut(), "live")?.unwrap_or_default();
        let Rest { data, pipeline, .. } = reader.read("the file", document)?;
        let tenants = tenants.map_or(Ok(Vec::new()), |tenants| reader.as_tables(tenants, "tenant", "the file"))?;
        let mut sources: Vec<Source> = Vec::new();
        for mut tenant in tenants {
            let span = tenant.span();
            let tables = reader.tables(tenant.get_mut(), "source", "a tenant")?;
            let id = reader.take_name(&mut tenant, "id", "a tenant", &span)?;
            reader.read::<Nothing>(&format!("tenant {id:?}"), tenant)?;
            for table in tables {
                let span = table.span();
                let source = reader.source(&id, table, directory)?;
                if sources.iter().any(|known| (&known.tenant, &known.name) == (&source.tenant, &source.name)) {
                    let message = format!("there are two sources {:?} of tenant {id:?}", source.name);
                    return Err(reader.at(span, message, Some("give each its own name".to_owned())));
                }
                if let (None, Some(door)) = (&listen, source.kind.doors().first()) {
                    let message =
                        format!("the vendor of source {:?} is to call, but there is no [listen]", source.name);
                    let hint = format!("add [listen], or leave `{}` out", door.key);
                    return Err(reader.at(span, message, Some(hint)));
                }
                sources.push(source);
            }
        }
        Ok(Self { data: directory.join(data), pipeline, listen, live, sources })
    }
}

/// What is left of a table when everything known was taken out of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    #[serde(default = "default_data")]
    data: PathBuf,
    #[serde(default)]
    pipeline: PipelineSettings,
    /// Taken out before; here so that a slip of the pen finds it.
    #[serde(default, rename = "tenant")]
    _tenant: IgnoredAny,
    #[serde(default, rename = "listen")]
    _listen: IgnoredAny,
    #[serde(default, rename = "live")]
    _live: IgnoredAny,
}

fn default_data() -> PathBuf {
    "data".into()
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match u16::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("0 calls at once would never get anywhere; write 1 or more")),
        n => Ok(n.into()),
    }
}

#[cfg(test)]
mod tests;
