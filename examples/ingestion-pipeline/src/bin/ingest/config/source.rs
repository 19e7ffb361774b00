//! A source of a tenant: what it is, its settings, and what its vendor calls.

use std::path::{Path, PathBuf};

use ingestion_pipeline::Schedule;

use super::error::ConfigError;
use super::reader::{Reader, Table};
use super::scope::ScopeSettings;

/// The keys that sources of every kind have beside their own.
const SHARED: [&str; 4] = ["calls_of", "filter", "agents", "reconcile"];

/// One source of one tenant.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) tenant: String,
    pub(crate) name: String,
    pub(crate) scope: ScopeSettings,
    /// When its history is compared with what is stored, by itself.
    pub(crate) reconcile: Option<Schedule>,
    pub(crate) kind: SourceKind,
}

/// What a source is, with the settings of that kind.
#[derive(Debug)]
pub(crate) enum SourceKind {
    /// A drop folder at a path.
    #[cfg(feature = "universal")]
    Universal(PathBuf, Box<connector_universal::DropFolderConfig>),
    /// An organisation of Genesys Cloud.
    #[cfg(feature = "genesys")]
    Genesys(Box<connector_genesys::GenesysConfig>),
    /// A tenant of CXone.
    #[cfg(feature = "nice")]
    Nice(Box<connector_nice::NiceConfig>),
}

/// The kinds of sources that this build has.
const KINDS: &[&str] = &[
    #[cfg(feature = "genesys")]
    "genesys",
    #[cfg(feature = "nice")]
    "nice",
    #[cfg(feature = "universal")]
    "universal",
];

impl SourceKind {
    /// The word for it in the configuration.
    pub(crate) fn word(&self) -> &'static str {
        match *self {
            #[cfg(feature = "universal")]
            Self::Universal(..) => "universal",
            #[cfg(feature = "genesys")]
            Self::Genesys(..) => "genesys",
            #[cfg(feature = "nice")]
            Self::Nice(..) => "nice",
        }
    }

    /// What its vendor calls. None where the source looks for itself.
    pub(crate) fn doors(&self) -> &'static [Door] {
        match *self {
            #[cfg(feature = "universal")]
            Self::Universal(..) => &[],
            #[cfg(feature = "genesys")]
            Self::Genesys(ref settings) if settings.audio.is_some() => {
                &[Door { key: "audio", what: "Connection URI", rest: connector_genesys::DOOR, is_socket: true }]
            }
            #[cfg(feature = "genesys")]
            Self::Genesys(_) => &[],
            #[cfg(feature = "nice")]
            Self::Nice(ref settings) if settings.push.is_some() => {
                &[Door { key: "push", what: "call ended", rest: connector_nice::DOOR, is_socket: false }]
            }
            #[cfg(feature = "nice")]
            Self::Nice(_) => &[],
        }
    }
}

/// An address that a vendor calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    /// The key in the configuration that opens it.
    pub(crate) key: &'static str,
    /// What it is for, in the vendor's words.
    pub(crate) what: &'static str,
    /// What stands behind the route in it.
    pub(crate) rest: &'static str,
    /// Whether it is that of a WebSocket.
    pub(crate) is_socket: bool,
}

impl<'a> Reader<'a> {
    /// Reads a `[[tenant.source]]`.
    pub(super) fn source(&self, tenant: &str, mut table: Table<'a>, directory: &Path) -> Result<Source, ConfigError> {
        let span = table.span();
        let name = self.take_name(&mut table, "name", "a source", &span)?;
        let whose = format!("source {name:?}");
        let reconcile = self.take_reconcile(&mut table, &whose)?;
        let kind = self.take_text(&mut table, "kind", &whose, &span)?;
        let has_agents = kind != "universal";
        let scope = self.take_scope(&mut table, &whose, has_agents)?;
        let kind = match kind.as_str() {
            #[cfg(feature = "universal")]
            "universal" => {
                let path = self.take_text(&mut table, "path", &whose, &span)?;
                SourceKind::Universal(directory.join(path), Box::new(self.read_beside(&whose, table, &SHARED)?))
            }
            #[cfg(feature = "genesys")]
            "genesys" => {
                let settings: connector_genesys::GenesysConfig = self.read_beside(&whose, table, &SHARED)?;
                SourceKind::Genesys(Box::new(settings.below(directory)))
            }
            #[cfg(feature = "nice")]
            "nice" => {
                let settings: connector_nice::NiceConfig = self.read_beside(&whose, table, &SHARED)?;
                SourceKind::Nice(Box::new(settings.below(directory)))
            }
            _ => {
                let known = KINDS.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join(", ");
                let hint = format!("the kinds of this build are: {known}");
                return Err(self.at(span, format!("{whose} is of an unknown kind {kind:?}"), Some(hint)));
            }
        };
        Ok(Source { tenant: tenant.to_owned(), name, scope, reconcile, kind })
    }
}
