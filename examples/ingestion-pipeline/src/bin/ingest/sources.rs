//! From settings to connectors.
#![cfg_attr(
    not(all(feature = "genesys", feature = "nice", feature = "universal")),
    allow(dead_code, unused, reason = "not every kind of source needs all that is handed in")
)]

use connector_core::{Connector, Context};
use ingestion_pipeline::SqliteStore;
use secrecy::SecretString;

use crate::config::{Source, SourceKind};

/// The connector of a source.
///
/// `routes` is what the addresses for its vendor are made from, where vendors can call.
pub(crate) fn connect(
    source: Source,
    store: &SqliteStore,
    cx: &Context,
    routes: Option<&SecretString>,
) -> connector_core::Result<Connector> {
    let cx = cx.for_source(&source.tenant, &source.name);
    match source.kind {
        #[cfg(feature = "universal")]
        SourceKind::Universal(path, settings) => {
            // A share that is not mounted now may be later.
            let folder = connector_folder::LocalFolder::expected_at(path);
            let ledger = ingestion_pipeline::SqliteLedger::new(store.clone(), cx.origin().clone());
            Ok(connector_universal::DropFolder::new(*settings, folder, ledger, &cx)?.connector())
        }
        #[cfg(feature = "genesys")]
        SourceKind::Genesys(mut settings) => {
            if let (Some(audio), Some(key)) = (&mut settings.audio, routes) {
                audio.route = Some(connector_core::inbound::route_of(cx.origin(), key));
            }
            Ok(connector_genesys::Genesys::new(*settings, &cx)?.connector())
        }
        #[cfg(feature = "nice")]
        SourceKind::Nice(mut settings) => {
            if let (Some(push), Some(key)) = (&mut settings.push, routes) {
                push.route = Some(connector_core::inbound::route_of(cx.origin(), key));
            }
            Ok(connector_nice::NiceCxone::new(*settings, &cx)?.connector())
        }
    }
}
