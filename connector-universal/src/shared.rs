//! What the jobs of one drop folder share.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use connector_core::{Context, JobCheck, Seat};
use connector_folder::{Folder, FolderPath, Ledger};
use futures_util::TryStreamExt;
use tokio::sync::Mutex;

use crate::DropFolderConfig;
use crate::conversation::Mapping;
use crate::sidecar::Limits;

/// What the jobs share.
pub(crate) struct Shared {
    pub(crate) cx: Context,
    pub(crate) config: DropFolderConfig,
    pub(crate) folder: Arc<dyn Folder>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) mapping: Mapping,
    pub(crate) limits: Limits,
    /// Where the one sits who hears events.
    pub(crate) seat: Seat,
    /// When notes were forgotten last.
    pub(crate) forgotten_at: Mutex<Option<DateTime<Utc>>>,
}

impl Shared {
    /// Whether the folder can be listed.
    pub(crate) async fn check(&self) -> JobCheck {
        match self.folder.list(&FolderPath::root()).try_next().await {
            Ok(_) => JobCheck::Ok,
            Err(error) => JobCheck::Failed {
                why: error.to_string(),
                advice: error.advice().unwrap_or("see whether the folder is there and may be read").to_owned(),
            },
        }
    }
}
