//! A drop folder, opened.

use std::fmt;
use std::sync::Arc;

use connector_core::{Connector, Context, Result, Seat, Vendor};
use connector_folder::{Folder, Ledger};
use tokio::sync::Mutex;

use crate::conversation::Mapping;
use crate::shared::Shared;
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
        let shared = Shared {
            mapping: Mapping { names, fields: config.fields.clone(), channels: config.channels.clone() },
            cx: cx.clone(),
            config,
            folder: Arc::new(folder),
            ledger: Arc::new(ledger),
            limits: Limits::default(),
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
        Connector::new(&self.shared.cx, Vendor::UNIVERSAL)
            .with_events(self.events())
            .with_recordings(self.recordings())
            .with_history(self.history())
            .with_settler(self.settler())
    }
}

impl fmt::Debug for DropFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolder({})", self.shared.cx.origin())
    }
}
