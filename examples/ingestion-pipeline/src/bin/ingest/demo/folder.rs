//! The drop folder's share of the day.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Connector, Context, Zone};
use connector_folder::LocalFolder;
use connector_universal::testing::{MisbehavingFolder, Uploader};
use connector_universal::{DropFolder, DropFolderConfig};
use ingestion_pipeline::{SqliteLedger, SqliteStore};

use super::part::Part;
use super::script::{Line, ScriptLeg, ScriptRecording};

/// The zone of the times in the names of dropped files.
const ZONE: &str = "Europe/Berlin";
/// The pause between two uploads.
const PACE: Duration = Duration::from_millis(10);

/// Uploads on one side, a folder that misbehaves on the other.
pub(super) struct DroppedDay {
    directory: PathBuf,
    faults: FaultPlan,
    uploader: Uploader,
    folder: MisbehavingFolder,
}

/// A day of just so many calls that reach a drop folder: one that was not recorded never does.
pub(crate) fn dropped_day(calls: usize, seed: u64) -> Scenario {
    let mut day = Scenario::day(calls + calls / 8 + 2, seed);
    day.calls.retain(|call| call.recorded);
    day.calls.truncate(calls);
    day
}

impl DroppedDay {
    /// Makes the directory.
    pub(super) fn prepare(directory: &Path, scenario: Scenario, faults: FaultPlan) -> anyhow::Result<Self> {
        let zone: Zone = ZONE.parse()?;
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let folder = MisbehavingFolder::new(LocalFolder::open(directory)?, faults.clone());
        let uploader = Uploader::new(directory, scenario, zone, faults.clone());
        Ok(Self { directory: directory.to_owned(), faults, uploader, folder })
    }
}

#[async_trait]
impl Part for DroppedDay {
    fn vendor(&self) -> &'static str {
        "universal"
    }

    fn source(&self) -> &'static str {
        "drop-folder"
    }

    fn script(&self) -> Vec<Line> {
        let origin = self.origin();
        let line = |call: connector_universal::testing::UploadedCall| Line {
            tenant: origin.tenant.to_string(),
            source: origin.source.to_string(),
            vendor: self.vendor().to_owned(),
            legs: vec![ScriptLeg {
                id: call.conversation.clone(),
                agent: call.agent,
                started: call.started,
                ended: call.ended,
            }],
            conversation: call.conversation,
            recordings: vec![ScriptRecording { sha256: Some(call.sha256), size: Some(call.size) }],
            live: Vec::new(),
        };
        self.uploader.expected().into_iter().map(line).collect()
    }

    fn connector(&self, store: &SqliteStore, cx: &Context) -> anyhow::Result<Connector> {
        let ledger = SqliteLedger::new(store.clone(), cx.origin().clone());
        let config =
            DropFolderConfig::new(ZONE).with_settle(Duration::from_millis(200)).with_rescan(Duration::from_millis(500));
        // What is lost is never heard of; the history knows it, as a vendor's does.
        let heard = DropFolder::new(config.clone(), self.folder.heard(), ledger.clone(), cx)?;
        let all = DropFolder::new(config, self.folder.clone(), ledger, cx)?;
        Ok(all.connector().with_events(heard.events()))
    }

    async fn play(&self) -> anyhow::Result<()> {
        Ok(self.uploader.play(PACE).await?)
    }

    fn has_happened(&self) -> bool {
        self.uploader.dropped() == self.uploader.expected().len()
    }

    fn lost(&self) -> BTreeSet<String> {
        self.folder.lost()
    }

    fn faults(&self) -> &FaultPlan {
        &self.faults
    }

    /// The files themselves are moved away like all others.
    fn compared(&self) {
        self.folder.find_again();
    }

    /// Whether everything that was dropped was moved away.
    fn is_tidy(&self) -> anyhow::Result<bool> {
        let mut entries = fs::read_dir(&self.directory)?;
        Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.path().is_dir())))
    }
}
