//! From settings to connectors, and which of them are meant.
#![cfg_attr(
    not(all(feature = "genesys", feature = "nice", feature = "universal")),
    allow(dead_code, unused, reason = "not every kind of source needs all that is handed in")
)]

use anyhow::bail;
use clap::Args;
use connector_core::inbound::{Hub, HubOptions};
use connector_core::{Connector, Context, Result};
use ingestion_pipeline::SqliteStore;
use secrecy::SecretString;

use crate::config::{ListenSettings, Source, SourceKind};

/// Which sources are meant.
#[derive(Debug, Args)]
pub(crate) struct Meant {
    /// Only of this tenant.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Only from this source.
    #[arg(long)]
    pub(crate) source: Option<String>,
}

impl Meant {
    /// Those of the configuration, at least one.
    pub(crate) fn of(&self, mut sources: Vec<Source>) -> anyhow::Result<Vec<Source>> {
        let is_meant = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| wanted == name);
        sources.retain(|source| is_meant(&source.tenant, &self.tenant) && is_meant(&source.name, &self.source));
        if sources.is_empty() {
            bail!("no source of the configuration is meant");
        }
        Ok(sources)
    }
}

/// What connectors are made with.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    store: SqliteStore,
    cx: Context,
    /// What the addresses for vendors are made from, where vendors can call.
    routes: Option<SecretString>,
}

impl Surroundings {
    /// Where no vendor can call.
    pub(crate) fn new(store: &SqliteStore) -> Self {
        Self { store: store.clone(), cx: Context::default(), routes: None }
    }

    /// The same, where vendors can call if these settings say so. Nobody listens yet.
    pub(crate) async fn reachable(mut self, listen: Option<&ListenSettings>) -> Result<Self> {
        if let Some(listen) = listen {
            // Told at the start rather than at the first source that needs it.
            self.routes = Some(listen.routes(&self.cx).await?);
            self.cx = self.cx.with_inbound(&Hub::new(HubOptions::default()));
        }
        Ok(self)
    }

    /// What vendors call, where they can.
    pub(crate) fn hub(&self) -> Option<&Hub> {
        self.cx.inbound()
    }

    /// The connector of a source.
    pub(crate) fn connect(&self, source: Source) -> Result<Connector> {
        let cx = self.cx.for_source(&source.tenant, &source.name);
        let route = || self.routes.as_ref().map(|key| connector_core::inbound::route_of(cx.origin(), key));
        match source.kind {
            #[cfg(feature = "universal")]
            SourceKind::Universal(path, settings) => {
                // A share that is not mounted now may be later.
                let folder = connector_folder::LocalFolder::expected_at(path);
                let ledger = ingestion_pipeline::SqliteLedger::new(self.store.clone(), cx.origin().clone());
                Ok(connector_universal::DropFolder::new(*settings, folder, ledger, &cx)?.connector())
            }
            #[cfg(feature = "genesys")]
            SourceKind::Genesys(mut settings) => {
                if let Some(audio) = &mut settings.audio {
                    audio.route = route().or(audio.route.take());
                }
                Ok(connector_genesys::Genesys::new(*settings, &cx)?.connector())
            }
            #[cfg(feature = "nice")]
            SourceKind::Nice(mut settings) => {
                if let Some(push) = &mut settings.push {
                    push.route = route().or(push.route.take());
                }
                Ok(connector_nice::NiceCxone::new(*settings, &cx)?.connector())
            }
        }
    }
}
