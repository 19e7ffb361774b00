//! From settings to connectors.
#![cfg_attr(
    not(any(feature = "nice", feature = "universal")),
    allow(dead_code, unused, reason = "a build without any source")
)]

use connector_core::{Connector, Context};
use ingestion_pipeline::SqliteStore;

use crate::config::{Source, SourceKind};

/// The connector of a source.
pub(crate) fn connect(source: Source, store: &SqliteStore, cx: &Context) -> connector_core::Result<Connector> {
    let cx = cx.for_source(&source.tenant, &source.name);
    match source.kind {
        #[cfg(feature = "universal")]
        SourceKind::Universal(path, settings) => {
            // A share that is not mounted now may be later.
            let folder = connector_folder::LocalFolder::expected_at(path);
            let ledger = ingestion_pipeline::SqliteLedger::new(store.clone(), cx.origin().clone());
            Ok(connector_universal::DropFolder::new(*settings, folder, ledger, &cx)?.connector())
        }
        #[cfg(feature = "nice")]
        SourceKind::Nice(settings) => Ok(connector_nice::NiceCxone::new(*settings, &cx)?.connector()),
    }
}
