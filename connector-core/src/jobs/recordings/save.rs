//! A recording into a file: under another name until it is whole, then at once under its own.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use super::RecordingDownloader;
use super::whole::{ResumeOptions, WholeDownload, whole};
use crate::disk::{blocking, sync_directory_of};
use crate::{Lookup, Recording, Result, Validator};

/// What it is called in errors.
const OPERATION: &str = "save";

/// How much of small pieces is gathered before it is written, in bytes. A larger piece is written as it came.
const BUFFER: usize = 256 << 10;

/// A recording in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in lower-case hexadecimal. Empty when
    /// [`hash`](SaveOptions::hash) is off and the recording names none.
    pub sha256: String,
    /// Which version it is.
    pub validator: Option<Validator>,
    /// How often it had to be taken up again after a cut.
    pub resumed: u32,
}

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that were written so far. It starts again at 0 when the recording changed on the way.
    pub written: u64,
    /// The size of the whole, where the vendor tells it.
    pub size: Option<u64>,
}

/// Is told how far a recording is.
type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// How to save a recording.
#[derive(Clone)]
#[non_exhaustive]
pub struct SaveOptions {
    /// How stubbornly to go on after a cut.
    pub resume: ResumeOptions,
    /// How often to start again when the recording changes on the way.
    pub restarts: u32,
    /// Whether the SHA-256 of what is written is taken. One that the recording names is checked and told in any case.
    pub hash: bool,
    progress: Option<Tell>,
}

impl SaveOptions {
    /// The same options; this is told how far it is, after each write.
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(tell));
        self
    }
}

impl Default for SaveOptions {
    fn default() -> Self {
        Self { resume: ResumeOptions::default(), restarts: 3, hash: true, progress: None }
    }
}

impl fmt::Debug for SaveOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveOptions")
            .field("resume", &self.resume)
            .field("restarts", &self.restarts)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

pub(super) async fn save(
    job: &(impl RecordingDownloader + Clone),
    recording: &Recording,
    path: &Path,
    mut options: SaveOptions,
) -> Result<Lookup<Saved>> {
    // One that is named is checked on the way: it need not be taken a second time.
    let named = recording.sha256.as_ref().map(|sha256| sha256.to_ascii_lowercase());
    options.hash &= named.is_none();
    let mut restarts = options.restarts;
    loop {
        let download = match whole(job, recording, options.resume).await? {
            Lookup::Ready(download) => download,
            Lookup::NotReady { retry_after } => return Ok(Lookup::NotReady { retry_after }),
            Lookup::Gone(why) => return Ok(Lookup::Gone(why)),
        };
        match write(download, path.to_owned(), &options).await {
            Err(error) if error.is_changed() && restarts > 0 => {
                restarts -= 1;
                tokio::time::sleep(options.resume.pause).await;
            }
            result => {
                return result.map(|mut saved| {
                    saved.sha256 = named.unwrap_or(saved.sha256);
                    Lookup::Ready(saved)
                });
            }
        }
    }
}

async fn write(mut download: WholeDownload, path: PathBuf, options: &SaveOptions) -> Result<Saved> {
    let mut part = blocking(OPERATION, {
        let (path, hash) = (path.clone(), options.hash);
        move || Part::beside(&path, hash)
    })
    .await?;
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        let piece = download.bytes.try_next().await?;
        if let Some(piece) = piece.as_ref().filter(|piece| buffer.len() + piece.len() <= BUFFER) {
            buffer.extend_from_slice(piece);
            continue;
        }
        let last = piece.is_none();
        (part, buffer) = blocking(OPERATION, move || {
            part.take(&buffer)?;
            part.take(&piece.unwrap_or_default())?;
            buffer.clear();
            Ok((part, buffer))
        })
        .await?;
        if let Some(tell) = &options.progress {
            tell(Progress { written: part.written, size: download.size });
        }
        if last {
            break;
        }
    }
    let (validator, resumed) = (download.validator.clone(), download.resumed.count());
    blocking(OPERATION, move || part.finish(&path)).await.map(|(size, sha256)| Saved {
        size,
        sha256,
        validator,
        resumed,
    })
}

/// A file that is being written. It vanishes when it is dropped before it is finished.
struct Part {
    file: File,
    path: PathBuf,
    /// Of the bytes so far, where it is asked for.
    hash: Option<Sha256>,
    written: u64,
    finished: bool,
}

impl Part {
    /// In the same directory, so that it can be renamed at once.
    fn beside(target: &Path, hash: bool) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".recording-{}-{count}.part", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let hash = hash.then(Sha256::new);
                    return Ok(Self { file, path, hash, written: 0, finished: false });
                }
                // Left by an earlier process of the same number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes)?;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Makes it durable under its own name; its size and hash.
    fn finish(mut self, target: &Path) -> Result<(u64, String)> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, target)?;
        self.finished = true;
        sync_directory_of(target)?;
        let hash = self.hash.take().map(|hash| hex::encode(hash.finalize()));
        Ok((self.written, hash.unwrap_or_default()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.finished {
            drop(std::fs::remove_file(&self.path));
        }
    }
}
