//! Moving files out of the way once everything is stored.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::{Error, Outcome, Receipt, Result, SettleOptions, Settler};
use connector_folder::{FolderPath, Renamed};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::debug;

use crate::files::{Mark, files_of};
use crate::shared::Shared;

/// The directory for what was stored.
pub(crate) const PROCESSED: &str = "processed";
/// The directory for what cannot be used.
pub(crate) const REJECTED: &str = "rejected";
/// How many other names are tried for a file whose name is taken where it goes.
const NAMES: u32 = 1000;

/// Moves stored files to `processed/YYYY-MM-DD/`, and rejected ones to `rejected/YYYY-MM-DD/` with a note beside each:
/// `….error.json`, an object with `reason`, `at`, `detail` and `rejected` (the time).
///
/// A file that is not there, or has become another version since, is left alone: it was moved before, or it is new. In a
/// folder that cannot be written to nothing is moved; the ledger remembers what was taken.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path();
/// use connector_core::{Context, EventSource, Item, Outcome, SettleOptions, Settler, SourceItem, SubscribeRequest, Watch};
/// use connector_folder::{LocalFolder, MemoryLedger};
/// use connector_universal::{DropFolder, DropFolderConfig};
/// use futures_util::TryStreamExt;
///
/// std::fs::write(path.join("minutes of a meeting.mp3"), "some sound")?;
/// let config = DropFolderConfig::new("UTC").with_settle(std::time::Duration::from_millis(50));
/// let calls = DropFolder::new(config, LocalFolder::open(path)?, MemoryLedger::new(), &Context::default())?;
/// let mut deliveries = calls.events().deliveries(SubscribeRequest::new(Watch::everyone()));
/// let delivery = loop {
///     if let Some(SourceItem::Delivery(delivery)) = deliveries.try_next().await? {
///         break delivery;
///     }
/// };
/// let Item::Rejected(row) = &delivery.items[0] else { panic!("the name says no agent") };
/// let receipt = row.receipt.clone().unwrap();
/// let outcome = Outcome::Rejected { reason: row.reason.clone(), at: row.at.clone(), detail: row.detail.clone() };
/// delivery.ack.accept().await?; // it is stored that the file was rejected
///
/// calls.settler().settle(&receipt, outcome, SettleOptions::default()).await?;
/// assert!(!path.join("minutes of a meeting.mp3").exists() && path.join("rejected").is_dir());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DropFolderSettler {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for DropFolderSettler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolderSettler({})", self.shared.cx.origin())
    }
}

/// The note beside a rejected file.
#[derive(Debug, Serialize)]
struct ErrorNote<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    detail: &'a str,
    rejected: String,
}

#[async_trait]
impl Settler for DropFolderSettler {
    async fn settle(&self, receipt: &Receipt, outcome: Outcome, _: SettleOptions) -> Result<()> {
        let settled = self.put_all_away(receipt, &outcome).await;
        settled.map_err(|error| error.of(self.shared.cx.origin()).during("settle"))
    }
}

impl DropFolderSettler {
    async fn put_all_away(&self, receipt: &Receipt, outcome: &Outcome) -> Result<()> {
        let files = files_of(receipt)?;
        if self.shared.folder.writable().await? {
            for file in files {
                self.put_away(&file, outcome).await?;
            }
        }
        Ok(())
    }

    async fn put_away(&self, file: &Mark, outcome: &Outcome) -> Result<()> {
        let folder = &self.shared.folder;
        if folder.stat(&file.path).await?.as_ref() != Some(&file.version) {
            return Ok(());
        }
        let now = self.shared.cx.clock().now();
        let place = if *outcome == Outcome::Stored { PROCESSED } else { REJECTED };
        let day = FolderPath::new(format!("{place}/{}", now.format("%Y-%m-%d")))?;
        for attempt in 0..NAMES {
            let target = day.join(&fitting(&other_name(file.path.name(), now.timestamp(), attempt), ""))?;
            if folder.stat(&target).await?.is_some() {
                continue;
            }
            // The note first: a crash between the two leaves a note that the next attempt writes again.
            self.explain(&day, &target, outcome).await?;
            match folder.rename(&file.path, &target).await? {
                Renamed::Done => {
                    debug!(origin = %self.shared.cx.origin(), "{} moved to {target}", file.path);
                    return Ok(());
                }
                Renamed::SourceGone => return Ok(()),
                Renamed::TargetTaken => {}
            }
        }
        Err(Error::storage(format!("there are {NAMES} files named {} in {place}", file.path)))
    }

    async fn explain(&self, day: &FolderPath, target: &FolderPath, outcome: &Outcome) -> Result<()> {
        let Outcome::Rejected { reason, at, detail } = outcome else { return Ok(()) };
        let rejected = self.shared.cx.clock().now().to_rfc3339();
        let note = ErrorNote { reason, at: at.as_deref(), detail, rejected };
        let mut text = serde_json::to_vec_pretty(&note)
            .map_err(|error| Error::bug("a note cannot be written as JSON").caused_by(error))?;
        text.push(b'\n');
        let path = day.join(&fitting(target.name(), ".error.json"))?;
        self.shared.folder.write(&path, Bytes::from(text)).await
    }
}

/// The name itself, then `stem~1790000000.ext`, then `stem~1790000000-1.ext` and so on.
fn other_name(name: &str, unix_time: i64, attempt: u32) -> String {
    let mark = match attempt {
        0 => return name.to_owned(),
        1 => format!("~{unix_time}"),
        n => format!("~{unix_time}-{}", n - 1),
    };
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}{mark}.{extension}"),
        None => format!("{name}{mark}"),
    }
}

/// Whether a stem has such a mark.
pub(crate) fn is_marked(stem: &str) -> bool {
    stem.rsplit_once('~')
        .is_some_and(|(_, mark)| mark.len() >= 10 && mark.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// The name with this ending. One that no file system would take is cut in the middle and holds a hash of what it was.
fn fitting(name: &str, ending: &str) -> String {
    const LONGEST: usize = 255;
    const KEPT: usize = 16;
    let whole = format!("{name}{ending}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let hash = &hex::encode(Sha256::digest(&whole))[..16];
    let tail = &whole[whole.ceil_char_boundary(whole.len() - ending.len() - KEPT)..];
    let head = &whole[..whole.floor_char_boundary(LONGEST - hash.len() - 1 - tail.len())];
    format!("{head}~{hash}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_be_too_long_is_cut_and_stays_one_of_its_kind() {
        let name = |last: char| format!("20261102-101500_{}{last}.wav", "é".repeat(117));
        assert_eq!(name('a').len(), 255);
        let notes = ['a', 'b'].map(|last| fitting(&name(last), ".error.json"));
        assert!(
            notes[0] != notes[1] && notes.iter().all(|note| note.len() <= 255 && note.ends_with(".wav.error.json"))
        );
        let moved = [0, 1, 2].map(|attempt| fitting(&other_name(&name('a'), 1_790_000_000, attempt), ""));
        assert_eq!(moved[0], name('a'));
        assert!(moved[1] != moved[2] && moved.iter().all(|name| name.len() <= 255 && name.ends_with(".wav")));
        assert_eq!(fitting("a.wav", ".error.json"), "a.wav.error.json");
    }

    #[test]
    fn a_taken_name_gets_a_mark_before_its_extension() {
        let names: Vec<_> = (0..3).map(|attempt| other_name("a.b.wav", 17, attempt)).collect();
        assert_eq!(names, ["a.b.wav", "a.b~17.wav", "a.b~17-1.wav"]);
    }
}
