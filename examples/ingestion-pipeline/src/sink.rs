//! Where the bytes of recordings go.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use futures_core::stream::BoxStream;
use futures_util::TryStreamExt;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use tokio::io::AsyncWriteExt;

mod sweep;

use sweep::{Wanted, sweep};

/// Size of the pieces in which a recording is written.
const PIECE: usize = 4 << 20;
/// Pieces on their way at once. Together they bound the memory of one upload.
const PIECES_AT_ONCE: usize = 2;

/// A place for recordings, by key.
#[async_trait]
pub trait ObjectSink: fmt::Debug + Send + Sync + 'static {
    /// Stores the bytes under the key, replacing what was there. All or nothing: when the stream fails, or the future is
    /// dropped, the key keeps what it had. When it returns, the object is durable.
    async fn put(&self, key: &str, bytes: BoxStream<'_, Result<Bytes>>) -> Result<()>;
}

/// Objects as files below a directory.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir().unwrap();
/// use futures_util::{StreamExt, stream};
/// use ingestion_pipeline::{FolderSink, ObjectSink};
///
/// let sink = FolderSink::open(home.path())?;
/// sink.put("acme/calls/1.wav", stream::iter([Ok("RIFF".into())]).boxed()).await?;
/// assert_eq!(std::fs::read(home.path().join("acme/calls/1.wav"))?, b"RIFF");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FolderSink {
    store: Arc<dyn ObjectStore>,
    directory: PathBuf,
}

impl FolderSink {
    /// Objects below this directory, which is made if it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        std::fs::create_dir_all(&path)?;
        let store = LocalFileSystem::new_with_prefix(&path)
            .map_err(|error| Error::storage(error.to_string()).caused_by(error))?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store), directory: path.as_ref().to_owned() })
    }

    /// Removes what uploads left behind whose process died in the middle: files beside their targets, named
    /// `NAME#NUMBER`, that were last written before this time. Say when the process started, and nothing that is being
    /// uploaded is touched. Returns how many there were.
    ///
    /// It walks through all directories once, on a thread for blocking work; dropping the future ends it.
    ///
    /// # Errors
    /// `is_storage` when a directory cannot be read, or a file cannot be removed.
    pub async fn sweep(&self, before: DateTime<Utc>) -> Result<u64> {
        let (_wanted, unwanted) = Wanted::new();
        let directory = self.directory.clone();
        let swept = tokio::task::spawn_blocking(move || sweep(&directory, before, &unwanted)).await;
        swept.map_err(|error| Error::bug("the sweep came to no end").caused_by(error))?
    }
}

impl fmt::Debug for FolderSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FolderSink")
    }
}

#[async_trait]
impl ObjectSink for FolderSink {
    async fn put(&self, key: &str, mut bytes: BoxStream<'_, Result<Bytes>>) -> Result<()> {
        let key = Key::parse(key).map_err(|error| Error::bug(error.to_string()).during("put"))?;
        let mut writer = BufWriter::with_capacity(self.store.clone(), key, PIECE).with_max_concurrency(PIECES_AT_ONCE);
        let written = async {
            while let Some(piece) = bytes.try_next().await? {
                writer.put(piece).await.map_err(failed)?;
            }
            writer.shutdown().await.map_err(|error| Error::storage(error.to_string()).caused_by(error))
        }
        .await;
        if written.is_err() {
            // The upload is given up; what it left behind is of no use, and the first error is the one that counts.
            let _ = writer.abort().await;
        }
        written.map_err(|error| error.during("put"))
    }
}

/// An error of our own side, the disk or the next program: whatever it says, it is not the call's fault.
pub(crate) fn ours(error: Error) -> Error {
    if error.is_storage() || error.is_bug() {
        return error;
    }
    Error::storage(error.to_string()).caused_by(error)
}

fn failed(error: object_store::Error) -> Error {
    Error::storage(error.to_string()).caused_by(error).advise("see whether the disk is full")
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn a_failed_upload_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let sink = FolderSink::open(dir.path()).unwrap();
        let whole = stream::iter([Ok(Bytes::from_static(b"first"))]);
        sink.put("a/b.wav", whole.boxed()).await.unwrap();

        let piece = Bytes::from(vec![7; PIECE + 1]);
        let cut = stream::iter([Ok(piece), Err(Error::transient("cut"))]);
        assert!(sink.put("a/b.wav", cut.boxed()).await.unwrap_err().is_transient());

        let files: Vec<_> = std::fs::read_dir(dir.path().join("a")).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(files, ["b.wav"], "nothing half-written stays behind");
        assert_eq!(std::fs::read(dir.path().join("a/b.wav")).unwrap(), b"first");
    }
}
