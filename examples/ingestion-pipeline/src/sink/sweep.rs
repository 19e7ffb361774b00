//! What uploads leave behind when their process dies in the middle: files that nobody asks for.

use std::fs::{self, DirEntry, ReadDir};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use connector_core::{Error, Result};

/// Says when it is dropped that nobody waits for the sweep any more.
pub(crate) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    pub(crate) fn new() -> (Self, Arc<AtomicBool>) {
        let unwanted = Arc::new(AtomicBool::new(false));
        (Self(unwanted.clone()), unwanted)
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Removes the leftovers below a directory that were last written before a time, and counts them. It holds one open
/// directory for each level.
pub(crate) fn sweep(root: &Path, before: DateTime<Utc>, unwanted: &AtomicBool) -> Result<u64> {
    let mut removed = 0;
    let mut open: Vec<ReadDir> = there(fs::read_dir(root))?.into_iter().collect();
    while let Some(directory) = open.last_mut() {
        if unwanted.load(Ordering::Relaxed) {
            break;
        }
        let Some(entry) = directory.next() else {
            open.pop();
            continue;
        };
        let entry = entry.map_err(failed)?;
        let Some(kind) = there(entry.file_type())? else { continue };
        if kind.is_dir() {
            open.extend(there(fs::read_dir(entry.path()))?);
        } else if kind.is_file() && is_leftover(&entry, before)? {
            removed += u64::from(there(fs::remove_file(entry.path()))?.is_some());
        }
    }
    Ok(removed)
}

/// An upload writes to `NAME#NUMBER` beside its target. No key of ours has a `#`: every part of one is escaped.
fn is_leftover(entry: &DirEntry, before: DateTime<Utc>) -> Result<bool> {
    let name = entry.file_name();
    let is_staging = name.to_str().and_then(|name| name.rsplit_once('#')).is_some_and(|(target, number)| {
        !target.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !is_staging {
        return Ok(false);
    }
    let Some(metadata) = there(entry.metadata())? else { return Ok(false) };
    Ok(DateTime::<Utc>::from(metadata.modified().map_err(failed)?) < before)
}

/// What is gone meanwhile is no trouble.
fn there<T>(result: io::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: io::Error) -> Error {
    // The kind alone: a path may hold a login.
    Error::storage(format!("the object store cannot be swept: {}", error.kind()))
        .caused_by(error)
        .during("sweep")
        .advise("see whether the program may read and write all of its objects; nothing was lost")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;
    use connector_core::Clock;

    use crate::sink::FolderSink;

    fn files(root: &std::path::Path) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => found.extend(files(&entry.path())),
                false => drop(found.insert(entry.file_name().to_str().unwrap().to_owned())),
            }
        }
        found
    }

    #[tokio::test]
    async fn only_what_a_dead_upload_left_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let sink = FolderSink::open(home.path()).unwrap();
        let deep = home.path().join("acme/drop/2026/10/19/c");
        std::fs::create_dir_all(deep.join("directory#1")).unwrap();
        let kept = ["c.wav", "c.wav#", "#1", "c.wav#1a", "c#1.wav", "c.wav#-1"];
        for name in kept.iter().chain(&["c.wav#1", "c.wav#27", "c#x.wav#3"]) {
            std::fs::write(deep.join(name), name).unwrap();
        }
        std::fs::write(deep.join("directory#1/d.wav#1"), "left").unwrap();
        let soon = Clock::system().now() + TimeDelta::minutes(1);
        assert_eq!(sink.sweep(soon).await.unwrap(), 4);
        assert_eq!(files(home.path()), kept.iter().map(ToString::to_string).collect());
        assert_eq!(sink.sweep(soon).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_is_being_uploaded_stays() {
        let home = tempfile::tempdir().unwrap();
        let sink = FolderSink::open(home.path()).unwrap();
        std::fs::write(home.path().join("c.wav#1"), "half").unwrap();
        let earlier = Clock::system().now() - TimeDelta::minutes(1);
        assert_eq!(sink.sweep(earlier).await.unwrap(), 0);
        assert!(home.path().join("c.wav#1").exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_are_neither_followed_nor_removed() {
        let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sink = FolderSink::open(home.path()).unwrap();
        std::fs::write(elsewhere.path().join("mine#1"), "precious").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), home.path().join("away")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("mine#1"), home.path().join("link#1")).unwrap();
        assert_eq!(sink.sweep(Clock::system().now() + TimeDelta::minutes(1)).await.unwrap(), 0);
        assert!(elsewhere.path().join("mine#1").exists() && home.path().join("link#1").is_symlink());
    }

    #[test]
    fn a_sweep_that_nobody_waits_for_ends() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("c.wav#1"), "half").unwrap();
        let (wanted, unwanted) = super::Wanted::new();
        drop(wanted);
        let soon = Clock::system().now() + TimeDelta::minutes(1);
        assert_eq!(super::sweep(home.path(), soon, &unwanted).unwrap(), 0);
        assert!(home.path().join("c.wav#1").exists());
    }
}
