//! Moving files out of the way once everything is stored.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::{Error, Outcome, Receipt, Result, SettleOptions, Settler};
use connector_folder::{FolderPath, Renamed};
use serde::Serialize;
use tracing::debug;

use crate::client::Shared;
use crate::record::{Mark, files_of};

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
#[derive(Clone)]
pub struct DropFolderSettler {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for DropFolderSettler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DropFolderSettler({})", self.shared.origin)
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
        if !self.shared.folder.writable().await? {
            return Ok(());
        }
        for file in files_of(receipt)? {
            if let Err(error) = self.put_away(&file, &outcome).await {
                return Err(error.of(&self.shared.origin).during("settle"));
            }
        }
        Ok(())
    }
}

impl DropFolderSettler {
    async fn put_away(&self, file: &Mark, outcome: &Outcome) -> Result<()> {
        let folder = &self.shared.folder;
        if folder.stat(&file.path).await?.as_ref() != Some(&file.version) {
            return Ok(());
        }
        let now = self.shared.clock.now();
        let place = if *outcome == Outcome::Stored { PROCESSED } else { REJECTED };
        let day = FolderPath::new(format!("{place}/{}", now.format("%Y-%m-%d")))?;
        for attempt in 0..NAMES {
            let target = day.join(&other_name(file.path.name(), now.timestamp(), attempt))?;
            if folder.stat(&target).await?.is_some() {
                continue;
            }
            // The note first: a crash between the two leaves a note that the next attempt writes again.
            self.explain(&target, outcome).await?;
            match folder.rename(&file.path, &target).await? {
                Renamed::Done => {
                    debug!(origin = %self.shared.origin, "{} moved to {target}", file.path);
                    return Ok(());
                }
                Renamed::SourceGone => return Ok(()),
                Renamed::TargetTaken => {}
            }
        }
        Err(Error::storage(format!("there are {NAMES} files named {} in {place}", file.path)))
    }

    async fn explain(&self, target: &FolderPath, outcome: &Outcome) -> Result<()> {
        let Outcome::Rejected { reason, at, detail } = outcome else { return Ok(()) };
        let rejected = self.shared.clock.now().to_rfc3339();
        let note = ErrorNote { reason, at: at.as_deref(), detail, rejected };
        let mut text = serde_json::to_vec_pretty(&note)
            .map_err(|error| Error::bug("a note cannot be written as JSON").caused_by(error))?;
        text.push(b'\n');
        let path = FolderPath::new(format!("{}.error.json", target.as_str()))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_mark_before_its_extension() {
        let names: Vec<_> = (0..3).map(|attempt| other_name("a.b.wav", 17, attempt)).collect();
        assert_eq!(names, ["a.b.wav", "a.b~17.wav", "a.b~17-1.wav"]);
    }
}
