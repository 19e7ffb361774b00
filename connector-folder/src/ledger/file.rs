//! A ledger in one file.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use tokio::sync::Mutex;

use super::log::{self, Entry};
use super::{Ledger, MemoryLedger, Note};
use crate::disk::{blocking, sync_directory_of};

/// The file is written anew when it holds this many times the notes that stand.
const SLACK: usize = 4;

/// Below this many notes in the file it is never written anew.
const SMALL: usize = 1024;

/// A ledger in one file, for one program at a time.
///
/// The file only grows: a batch is a line of JSON with a checksum, and it is on the disk before `put` returns. A line
/// that a crash tore is cut off at the next start. When the file holds more than four times the notes that stand, it is
/// written anew beside itself and renamed into place. All notes are held in memory: a few hundred bytes each, so that
/// [`forget`](Ledger::forget) bounds memory and file alike. Beside the file lies an empty one, `<name>.lock`, which keeps
/// a second program out.
///
/// The file holds file names, which hold logins: on Unix only its owner can read it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path().join("taken.ledger");
/// use connector_folder::{FileLedger, Ledger, Note};
///
/// let ledger = FileLedger::open(&path)?;
/// let note = Note { touched: "2026-10-19T14:10:00Z".parse().unwrap(), text: "taken".into() };
/// ledger.put(vec![("drop/20261019-140253_joe.wav".into(), note.clone())]).await?;
/// drop(ledger);
///
/// let again = FileLedger::open(&path)?;
/// assert_eq!(again.get(&["drop/20261019-140253_joe.wav".into()]).await?, [Some(note)]);
/// # Ok(()) }
/// ```
pub struct FileLedger {
    path: PathBuf,
    notes: Arc<MemoryLedger>,
    log: Arc<Mutex<Log>>,
}

/// The file, as far as it is open for writing.
struct Log {
    path: PathBuf,
    file: File,
    /// How long the good part of the file is.
    length: u64,
    /// How many notes it holds, dead ones included.
    written: usize,
    /// It is not written anew while it holds no more than this.
    small: usize,
    /// A write failed: there may be a torn line behind the good part.
    torn: bool,
    /// The file was renamed into place, which is not durable yet.
    renamed: bool,
    _lock: File,
}

impl FileLedger {
    /// Opens the ledger in a file, or makes an empty one. This reads the whole file.
    ///
    /// # Errors
    /// `is_config` when another program has it open, or a newer one wrote it; `is_invalid` when a line other than the
    /// last is damaged (it says which one); `is_storage`, `is_forbidden` or `is_not_found` when the disk says no.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let lock = lock(&path)?;
        remove_if_there(&beside(&path, ".new"))?;
        let mut file = options().read(true).write(true).create(true).truncate(false).open(&path)?;
        let replayed = log::replay(BufReader::new(&file))?;
        let torn = file.metadata()?.len() - replayed.good;
        if torn > 0 {
            tracing::warn!(
                bytes = torn,
                "the ledger ends in a torn line, which is cut off: its batch was never confirmed"
            );
            file.set_len(replayed.good)?;
        }
        let mut length = replayed.good;
        file.seek(SeekFrom::Start(length))?;
        if length == 0 {
            file.write_all(log::HEADER)?;
            length = log::HEADER.len() as u64;
        }
        file.sync_all()?;
        sync_directory_of(&path)?;
        let mut log = Log {
            path: path.clone(),
            file,
            length,
            written: replayed.written,
            small: SMALL,
            torn: false,
            renamed: false,
            _lock: lock,
        };
        let notes = MemoryLedger::holding(replayed.notes);
        log.compact_if_due(&notes);
        Ok(Self { path, notes: Arc::new(notes), log: Arc::new(Mutex::new(log)) })
    }

    /// Runs on a thread that may block, one at a time. It runs to its end even when nobody waits for it any more.
    async fn with_log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Log, &MemoryLedger) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut log = Arc::clone(&self.log).lock_owned().await;
        let notes = Arc::clone(&self.notes);
        blocking(move || work(&mut log, &notes)).await
    }
}

#[async_trait]
impl Ledger for FileLedger {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Note>>> {
        Ok(self.notes.find(keys))
    }

    async fn put(&self, notes: Vec<(String, Note)>) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        self.with_log(move |log, held| {
            let entry = Entry::Put(notes);
            log.append(&entry)?;
            if let Entry::Put(notes) = entry {
                log.written += notes.len();
                held.insert(notes);
            }
            log.compact_if_due(held);
            Ok(())
        })
        .await
        .map_err(|error| error.during("put"))
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<u64> {
        self.with_log(move |log, held| {
            if held.read().values().all(|note| note.touched >= before) {
                return Ok(0);
            }
            log.append(&Entry::Forget(before))?;
            let forgotten = held.remove_before(before);
            log.compact_if_due(held);
            Ok(forgotten)
        })
        .await
        .map_err(|error| error.during("forget"))
    }
}

impl fmt::Debug for FileLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLedger").field("path", &self.path).field("notes", &self.notes.read().len()).finish()
    }
}

impl Log {
    /// Adds one line and makes it durable, or leaves the file as it was.
    fn append(&mut self, entry: &Entry) -> Result<()> {
        if self.torn {
            self.cut()?;
        }
        if self.renamed {
            sync_directory_of(&self.path)?;
            self.renamed = false;
        }
        let line = log::line(entry)?;
        if let Err(error) = self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            self.torn = true;
            // If this fails as well, the next one tries again before it writes.
            let _ = self.cut();
            return Err(error.into());
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Cuts off what a failed write may have left.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.sync_data()?;
        self.torn = false;
        Ok(())
    }

    /// Writes the file anew when it holds too much that no longer stands. What was put stays put if this fails.
    fn compact_if_due(&mut self, notes: &MemoryLedger) {
        let notes = notes.read();
        if self.written <= notes.len().saturating_mul(SLACK).max(self.small) {
            return;
        }
        self.small = match self.compact(&notes) {
            Ok(()) => SMALL,
            Err(error) => {
                tracing::warn!(%error, "the ledger could not be written anew; it goes on in the old file");
                self.written.saturating_mul(2)
            }
        };
    }

    fn compact(&mut self, notes: &HashMap<String, Note>) -> io::Result<()> {
        let path = beside(&self.path, ".new");
        let written = write_new(&path, notes).and_then(|new| {
            fs::rename(&path, &self.path)?;
            Ok(new)
        });
        let (file, length) = written.inspect_err(|_| {
            let _ = remove_if_there(&path);
        })?;
        self.file = file;
        self.length = length;
        self.written = notes.len();
        self.torn = false;
        self.renamed = true;
        // If this fails, the next batch tries again before it is confirmed.
        if sync_directory_of(&self.path).is_ok() {
            self.renamed = false;
        }
        Ok(())
    }
}

/// A whole ledger in a file of its own, durable and open at its end.
fn write_new(path: &Path, notes: &HashMap<String, Note>) -> io::Result<(File, u64)> {
    let file = options().write(true).create(true).truncate(true).open(path)?;
    let length = log::write_all(notes, BufWriter::new(&file))?;
    file.sync_all()?;
    Ok((file, length))
}

/// Keeps every other ledger of this name out for as long as the answer lives.
fn lock(path: &Path) -> Result<File> {
    let lock = options().write(true).create(true).truncate(false).open(beside(path, ".lock")).map_err(|error| {
        Error::from(error).advise("the ledger's directory must exist, and this program must be able to write to it")
    })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::config("the ledger is open already, here or in another program")
            .advise("stop the other one, or give each its own ledger")),
        Err(TryLockError::Error(error)) => Err(Error::from(error).advise("put the ledger on a local disk")),
    }
}

/// The path of a file that lies beside the ledger.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Files that only their owner can read, since they hold names.
fn options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests;
