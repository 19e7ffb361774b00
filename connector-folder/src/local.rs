//! A drop folder that is a directory of this machine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::{Error, Result};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use self::entry::root_is_gone;
use self::listing::Lister;
use self::reading::Reading;
use crate::disk::blocking;
use crate::{FileRead, Folder, FolderPath, Listed, Notice, Renamed, Version};

mod entry;
mod listing;
mod place;
mod reading;
#[cfg(feature = "watch")]
mod watch;

/// How many entries of a directory are read at a time.
const BATCH: usize = 256;

/// A directory of this machine, mounted ones included.
///
/// It shows plain files and directories and nothing else: links, pipes, sockets and devices are passed over, and no link
/// is followed, wherever in a path it stands. Memory does not grow with the number of files or their size. Everything
/// that waits for the disk runs on tokio's blocking threads.
///
/// Word of finished files ([`notices`](Folder::notices)) comes from the operating system, with the feature `watch`. What
/// other machines write to a network share is not heard of; the folder is listed anyway.
///
/// When the directory itself is gone (not mounted), every call is [`is_storage`](Error::is_storage): it is not an empty
/// folder.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?; let path = home.path();
/// use connector_folder::{Folder, FolderPath, LocalFolder, Renamed};
/// use futures_util::TryStreamExt;
///
/// let folder = LocalFolder::open(path)?;
/// let (dropped, taken) = (FolderPath::new("a.wav")?, FolderPath::new("processed/2026-10-19/a.wav")?);
/// folder.write(&dropped, "RIFF".into()).await?;
///
/// let file = folder.read(&dropped, 0, None).await?;
/// assert_eq!(file.version.size, 4);
/// assert_eq!(file.bytes.try_collect::<Vec<_>>().await?.concat(), b"RIFF");
///
/// assert_eq!(folder.rename(&dropped, &taken).await?, Renamed::Done);
/// assert_eq!(folder.stat(&dropped).await?, None);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct LocalFolder {
    root: Arc<Root>,
}

/// Where the folder is.
#[derive(Debug)]
struct Root {
    given: PathBuf,
    /// The same without links, once it was there.
    found: OnceLock<Arc<Path>>,
}

impl Root {
    fn find(&self) -> Result<Arc<Path>> {
        if let Some(found) = self.found.get() {
            return Ok(Arc::clone(found));
        }
        let found = self.given.canonicalize().map_err(root_is_gone)?;
        Ok(Arc::clone(self.found.get_or_init(|| found.into())))
    }

    fn path(&self) -> &Path {
        self.found.get().map_or(&self.given, |found| found)
    }
}

impl LocalFolder {
    /// A folder in a directory that is there already. Links in this one path are followed, now and never again.
    ///
    /// # Errors
    /// `is_config` when it is no directory, or cannot be reached.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let wrong = |what: &str| {
            Error::config(format!("the folder {} {what}", path.display()))
                .advise("name a directory that is there and that this program may read")
        };
        let root = path.canonicalize().map_err(|error| wrong("cannot be found").caused_by(error))?;
        if !root.is_dir() {
            return Err(wrong("is no directory"));
        }
        let found = OnceLock::from(Arc::from(root));
        Ok(Self { root: Arc::new(Root { given: path.to_owned(), found }) })
    }

    /// A folder in a directory that may not be there yet: a share that is mounted later. Until it is there, every call is
    /// [`is_storage`](Error::is_storage); from then on it is as if it had been [opened](Self::open) at that moment.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
    /// # let home = tempfile::tempdir()?;
    /// use connector_folder::{Folder, FolderPath, LocalFolder};
    ///
    /// let (path, dropped) = (home.path().join("share"), FolderPath::new("a.wav")?);
    /// let folder = LocalFolder::expected_at(&path);
    /// assert!(folder.stat(&dropped).await.unwrap_err().is_storage());
    /// std::fs::create_dir(&path)?;
    /// assert_eq!(folder.stat(&dropped).await?, None);
    /// # Ok(()) }
    /// ```
    pub fn expected_at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let given = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { root: Arc::new(Root { given, found: OnceLock::new() }) }
    }

    /// The directory, without links in its path once it was there.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Does something with a path on a thread that may block.
    async fn at<T: Send + 'static>(
        &self,
        operation: &'static str,
        path: &FolderPath,
        work: impl FnOnce(&Path, &FolderPath) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (root, path) = (Arc::clone(&self.root), path.clone());
        blocking(move || work(&root.find()?, &path)).await.map_err(|error| error.during(operation))
    }
}

#[async_trait]
impl Folder for LocalFolder {
    fn list(&self, dir: &FolderPath) -> BoxStream<'static, Result<Listed>> {
        let begin = (Arc::clone(&self.root), dir.clone(), None);
        stream::try_unfold(begin, |(root, dir, lister)| {
            blocking(move || {
                let mut lister = match lister {
                    Some(lister) => lister,
                    None => Lister::new(root.find()?, dir.clone()),
                };
                let batch = lister.next_batch(BATCH)?;
                Ok((!batch.is_empty()).then_some((batch, (root, dir, Some(lister)))))
            })
        })
        .map_ok(|batch| stream::iter(batch.into_iter().map(Ok)))
        .try_flatten()
        .map_err(|error: Error| error.during("list"))
        .boxed()
    }

    async fn stat(&self, path: &FolderPath) -> Result<Option<Version>> {
        self.at("stat", path, place::stat).await
    }

    async fn read(&self, path: &FolderPath, from: u64, only_if: Option<&Version>) -> Result<FileRead> {
        let only_if = only_if.cloned();
        let open =
            move |root: &Path, path: &FolderPath| Reading::open(root.into(), path.clone(), from, only_if.as_ref());
        let reading = self.at("read", path, open).await?;
        let version = reading.version().clone();
        Ok(FileRead::new(version, reading.into_stream()))
    }

    async fn rename(&self, from: &FolderPath, to: &FolderPath) -> Result<Renamed> {
        let to = to.clone();
        self.at("rename", from, move |root, from| place::rename(root, from, &to)).await
    }

    async fn write(&self, path: &FolderPath, content: Bytes) -> Result<()> {
        self.at("write", path, move |root, path| place::write(root, path, &content)).await
    }

    async fn remove(&self, path: &FolderPath) -> Result<bool> {
        self.at("remove", path, place::remove).await
    }

    async fn writable(&self) -> Result<bool> {
        self.at("writable", &FolderPath::root(), |root, _| place::writable(root)).await
    }

    fn notices(&self) -> Option<BoxStream<'static, Notice>> {
        // One that is not there cannot be watched, and whoever lists it hears so.
        #[cfg(feature = "watch")]
        return self.root.find().ok().filter(|root| root.is_dir()).and_then(|root| watch::notices(&root));
        #[cfg(not(feature = "watch"))]
        return None;
    }
}
