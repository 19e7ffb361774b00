//! A drop folder, opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::{Clock, Connector, Context, JobCheck, Origin, RawPolicy, Result, Seat, Vendor};
use connector_folder::{Folder, FolderPath, Ledger};
use futures_util::TryStreamExt;
use tokio::sync::Mutex;

use crate::conversation::Mapping;
use crate::events::pairing::Rules;
use crate::sidecar::Limits;
use crate::{DropFolderConfig, DropFolderEvents, DropFolderHistory, DropFolderRecordings, DropFolderSettler};

/// A folder into which somebody drops recordings, each with one metadata file.
///
/// It has four jobs: [`events`](Self::events), [`history`](Self::history), [`recordings`](Self::recordings) and
/// [`settler`](Self::settler);
/// [`connector`](Self::connector) bundles them for a pipeline.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path();
/// use connector_core::{Context, EventSource, Item, Outcome, SettleOptions, Settler, SourceItem, SubscribeRequest, Watch};
/// use connector_folder::{LocalFolder, MemoryLedger};
/// use connector_universal::{DropFolder, DropFolderConfig};
/// use futures_util::TryStreamExt;
///
/// std::fs::write(path.join("20261102-101500_kay_lind.mp3"), "some sound")?;
/// std::fs::write(path.join("20261102-101500_kay_lind.yml"), "stage: Won")?;
///
/// let config = DropFolderConfig::new("UTC").with_settle(std::time::Duration::from_millis(50));
/// let calls = DropFolder::new(config, LocalFolder::open(path)?, MemoryLedger::new(), &Context::default())?;
/// let mut events = calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
/// let delivery = loop {
///     if let Some(SourceItem::Delivery(delivery)) = events.try_next().await? {
///         break delivery;
///     }
/// };
/// let Item::Event(event) = &delivery.items[0] else { panic!("a rejection") };
/// assert_eq!(event.at.to_string(), "2026-11-02T10:15:00Z");
/// assert_eq!(event.facts.as_ref().unwrap().attributes["stage"], "Won");
/// delivery.ack.accept().await?; // it is stored
///
/// let receipt = event.receipt.as_ref().unwrap();
/// calls.settler().settle(receipt, Outcome::Stored, SettleOptions::default()).await?;
/// assert!(!path.join("20261102-101500_kay_lind.mp3").exists() && path.join("processed").is_dir());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DropFolder {
    shared: Arc<Shared>,
}

impl DropFolder {
    /// Opens a drop folder. Nothing is read yet.
    ///
    /// # Errors
    /// `is_config` when a setting makes no sense.
    pub fn new(config: DropFolderConfig, folder: impl Folder, ledger: impl Ledger, cx: &Context) -> Result<Self> {
        let names = config.names().map_err(|error| error.of(cx.origin()))?;
        config.check().map_err(|error| error.of(cx.origin()))?;
        let limits = Limits::default();
        let shared = Shared {
            origin: cx.origin().clone(),
            clock: cx.clock(),
            raw: cx.raw(),
            folder: Arc::new(folder),
            ledger: Arc::new(ledger),
            rules: Rules {
                names: names.clone(),
                sidecar: config.sidecar,
                grace: config.grace,
                required_fields: config.required_fields,
                media_limit: config.media_limit,
                sidecar_limit: limits.bytes,
                update_window: config.update_window,
            },
            mapping: Mapping { names, fields: config.fields, channels: config.channels },
            limits,
            settle: config.settle,
            rescan: config.rescan,
            cadence: config.cadence,
            purge_after: config.purge_after,
            seat: Seat::default(),
            forgotten_at: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Hears of calls.
    pub fn events(&self) -> DropFolderEvents {
        DropFolderEvents { shared: self.shared.clone() }
    }

    /// Knows the calls of the past, as far as their files are still there.
    pub fn history(&self) -> DropFolderHistory {
        DropFolderHistory { shared: self.shared.clone() }
    }

    /// Fetches their recordings.
    pub fn recordings(&self) -> DropFolderRecordings {
        DropFolderRecordings { shared: self.shared.clone() }
    }

    /// Moves their files out of the way.
    pub fn settler(&self) -> DropFolderSettler {
        DropFolderSettler { shared: self.shared.clone() }
    }

    /// All jobs in one bundle.
    pub fn connector(&self) -> Connector {
        let cx = Context::default().for_source(&self.shared.origin.tenant, &self.shared.origin.source);
        Connector::new(&cx, Vendor::UNIVERSAL)
            .with_events(self.events())
            .with_recordings(self.recordings())
            .with_history(self.history())
            .with_settler(self.settler())
    }
}

impl fmt::Debug for DropFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolder({})", self.shared.origin)
    }
}

/// What the jobs share.
pub(crate) struct Shared {
    pub(crate) origin: Origin,
    pub(crate) clock: Clock,
    pub(crate) raw: RawPolicy,
    pub(crate) folder: Arc<dyn Folder>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) rules: Rules,
    pub(crate) mapping: Mapping,
    pub(crate) limits: Limits,
    pub(crate) settle: Duration,
    pub(crate) rescan: Duration,
    pub(crate) cadence: Duration,
    pub(crate) purge_after: Option<Duration>,
    pub(crate) seat: Seat,
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
