//! A folder between the uploads and the connector, on which not everything arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::testing::{Fault, FaultPlan};
use connector_core::{Error, Result};
use connector_folder::{FileRead, Folder, FolderPath, Listed, Notice, Renamed, Version, is_temporary};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, future, stream};

use super::sidecars::FORMATS;

/// A download is never cut before this many bytes: reading the header of a recording is no download.
const UNCUT: u64 = 70 * 1024;

/// A folder that passes everything on but what its plan takes away.
///
/// [`LostEvent`](Fault::LostEvent): the word that a file is whole is lost, so that only the next listing finds it; as
/// [`heard`](Self::heard), the pair is lost from the listings too.
/// [`CutDownload`](Fault::CutDownload): a recording that is read from its beginning breaks off in the middle, though not
/// before 70 KiB. A fault counts as fired when the reader meets it, not before.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # let home = tempfile::tempdir()?;
/// use connector_core::testing::{Fault, FaultPlan};
/// use connector_folder::{Folder, FolderPath, LocalFolder};
/// use connector_universal::testing::MisbehavingFolder;
/// use futures_util::TryStreamExt;
///
/// let faults = FaultPlan::none().cut_downloads(1);
/// let folder = MisbehavingFolder::new(LocalFolder::open(home.path())?, faults.clone());
/// let path = FolderPath::new("20261102-101500_kay.wav")?;
/// folder.write(&path, vec![7; 200_000].into()).await?;
///
/// let cut = folder.read(&path, 0, None).await?.bytes.try_collect::<Vec<_>>().await;
/// assert!(cut.unwrap_err().is_transient());
/// let whole = folder.read(&path, 0, None).await?.bytes.try_collect::<Vec<_>>().await?.concat();
/// assert_eq!((whole.len(), faults.fired(Fault::CutDownload)), (200_000, 1));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct MisbehavingFolder {
    folder: Arc<dyn Folder>,
    faults: FaultPlan,
    unheard: Arc<Mutex<BTreeSet<String>>>,
    lost: Arc<Mutex<Lost>>,
}

/// What a listener never learns of.
#[derive(Debug, Default)]
struct Lost {
    /// Every pair that was seen, and whether it is lost.
    pairs: BTreeMap<String, bool>,
    /// Whether what was lost shows again.
    found_again: bool,
}

impl MisbehavingFolder {
    /// A folder that misbehaves by this plan.
    pub fn new(folder: impl Folder, faults: FaultPlan) -> Self {
        Self { folder: Arc::new(folder), faults, unheard: Arc::default(), lost: Arc::default() }
    }

    /// The folder as somebody hears of it from whom [`LostEvent`](Fault::LostEvent) takes whole pairs: no word of them, in
    /// no listing either, as a vendor's event that is lost for good. The folder itself, which stands for the vendor's
    /// history, shows them.
    pub fn heard(&self) -> HeardFolder {
        HeardFolder { all: self.clone() }
    }

    /// From now on [`heard`](Self::heard) loses nothing more, and shows what it lost.
    pub fn find_again(&self) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).found_again = true;
    }

    /// The names, without their extensions, of the pairs that [`heard`](Self::heard) lost.
    pub fn lost(&self) -> BTreeSet<String> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.pairs.iter().filter(|(_, lost)| **lost).map(|(stem, _)| stem.clone()).collect()
    }

    /// Whether the pair of a file is lost, which is decided when it is seen first.
    fn loses(&self, path: &FolderPath) -> bool {
        // What was moved away was heard of.
        if is_temporary(path.name()) || path.as_str().contains('/') {
            return false;
        }
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let is_lost = *lost.pairs.entry(stem(path)).or_insert_with(|| self.faults.fire(Fault::LostEvent));
        is_lost && !lost.found_again
    }

    /// The names, without their extensions, of files of which word was lost.
    pub fn unheard(&self) -> BTreeSet<String> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Folder for MisbehavingFolder {
    fn list(&self, dir: &FolderPath) -> BoxStream<'static, Result<Listed>> {
        self.folder.list(dir)
    }

    async fn stat(&self, path: &FolderPath) -> Result<Option<Version>> {
        self.folder.stat(path).await
    }

    async fn read(&self, path: &FolderPath, from: u64, only_if: Option<&Version>) -> Result<FileRead> {
        let read = self.folder.read(path, from, only_if).await?;
        if from > 0 || is_sidecar(path) || read.version.size <= UNCUT {
            return Ok(read);
        }
        let cut_at = UNCUT.max(read.version.size / 2);
        Ok(FileRead::new(read.version, cut(read.bytes, cut_at, self.faults.clone())))
    }

    async fn rename(&self, from: &FolderPath, to: &FolderPath) -> Result<Renamed> {
        self.folder.rename(from, to).await
    }

    async fn write(&self, path: &FolderPath, content: Bytes) -> Result<()> {
        self.folder.write(path, content).await
    }

    async fn remove(&self, path: &FolderPath) -> Result<bool> {
        self.folder.remove(path).await
    }

    async fn writable(&self) -> Result<bool> {
        self.folder.writable().await
    }

    fn appears_whole(&self) -> bool {
        self.folder.appears_whole()
    }

    fn notices(&self) -> Option<BoxStream<'static, Notice>> {
        let (faults, unheard) = (self.faults.clone(), self.unheard.clone());
        let lost = move |notice: &Notice| {
            let Notice::Whole(path) = notice else { return false };
            let is_lost = !is_temporary(path.name()) && faults.fire(Fault::LostEvent);
            if is_lost {
                unheard.lock().unwrap_or_else(PoisonError::into_inner).insert(stem(path));
            }
            is_lost
        };
        Some(self.folder.notices()?.filter(move |notice| future::ready(!lost(notice))).boxed())
    }
}

/// A [`MisbehavingFolder`] as it is heard of.
#[derive(Clone, Debug)]
pub struct HeardFolder {
    all: MisbehavingFolder,
}

#[async_trait]
impl Folder for HeardFolder {
    fn list(&self, dir: &FolderPath) -> BoxStream<'static, Result<Listed>> {
        let all = self.all.clone();
        let is_heard = move |entry: &Result<Listed>| match entry {
            Ok(Listed::File { path, .. }) => !all.loses(path),
            _ => true,
        };
        self.all.list(dir).filter(move |entry| future::ready(is_heard(entry))).boxed()
    }

    async fn stat(&self, path: &FolderPath) -> Result<Option<Version>> {
        if self.all.loses(path) { Ok(None) } else { self.all.stat(path).await }
    }

    async fn read(&self, path: &FolderPath, from: u64, only_if: Option<&Version>) -> Result<FileRead> {
        self.all.read(path, from, only_if).await
    }

    async fn rename(&self, from: &FolderPath, to: &FolderPath) -> Result<Renamed> {
        self.all.rename(from, to).await
    }

    async fn write(&self, path: &FolderPath, content: Bytes) -> Result<()> {
        self.all.write(path, content).await
    }

    async fn remove(&self, path: &FolderPath) -> Result<bool> {
        self.all.remove(path).await
    }

    async fn writable(&self) -> Result<bool> {
        self.all.writable().await
    }

    fn appears_whole(&self) -> bool {
        self.all.appears_whole()
    }

    fn notices(&self) -> Option<BoxStream<'static, Notice>> {
        let all = self.all.clone();
        let is_heard = move |notice: &Notice| match notice {
            Notice::Whole(path) | Notice::Written(path) => !all.loses(path),
            _ => true,
        };
        Some(self.all.folder.notices()?.filter(move |notice| future::ready(is_heard(notice))).boxed())
    }
}

/// A file's name without its extension.
fn stem(path: &FolderPath) -> String {
    path.name().rsplit_once('.').map_or(path.name(), |(stem, _)| stem).to_owned()
}

fn is_sidecar(path: &FolderPath) -> bool {
    let extension = Path::new(path.name()).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    FORMATS.iter().any(|format| format.eq_ignore_ascii_case(extension))
}

/// The same bytes up to `cut_at`; whoever wants more may meet a cut.
fn cut(bytes: BoxStream<'static, Result<Bytes>>, cut_at: u64, faults: FaultPlan) -> BoxStream<'static, Result<Bytes>> {
    let state = Some((bytes, cut_at, Bytes::new()));
    let cut = stream::unfold(state, move |state| {
        let faults = faults.clone();
        async move {
            let (mut bytes, left, mut rest) = state?;
            if left == 0 && faults.fire(Fault::CutDownload) {
                return Some((Err(Error::transient("the download broke off")), None));
            }
            if rest.is_empty() {
                match bytes.next().await? {
                    Ok(piece) => rest = piece,
                    Err(error) => return Some((Err(error), None)),
                }
            }
            // Behind the cut nothing is counted any more.
            let (piece, left) = match left {
                0 | u64::MAX => (rest.split_off(0), u64::MAX),
                _ => {
                    let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    (rest.split_to(length), left - length as u64)
                }
            };
            Some((Ok(piece), Some((bytes, left, rest))))
        }
    });
    cut.boxed()
}

#[cfg(test)]
mod tests {
    use connector_folder::LocalFolder;
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_lost_pair_is_never_heard_of_until_it_is_found_again_and_always_there() {
        let home = tempfile::tempdir().unwrap();
        let faults = FaultPlan::none().lose_events(1).every(Fault::LostEvent, 1);
        let folder = MisbehavingFolder::new(LocalFolder::open(home.path()).unwrap(), faults.clone());
        let heard = folder.heard();
        let count =
            async |folder: &dyn Folder| folder.list(&FolderPath::root()).try_collect::<Vec<_>>().await.unwrap().len();
        for name in ["a.wav", "a.json"] {
            std::fs::write(home.path().join(name), "x").unwrap();
        }
        assert_eq!((count(&heard).await, count(&folder).await), (0, 2), "both of its files");
        for name in ["b.wav", "b.json"] {
            std::fs::write(home.path().join(name), "x").unwrap();
        }
        assert_eq!((count(&heard).await, faults.fired(Fault::LostEvent)), (2, 1));
        assert_eq!(heard.stat(&FolderPath::new("a.wav").unwrap()).await.unwrap(), None);
        assert_eq!(folder.lost().into_iter().collect::<Vec<_>>(), ["a"]);
        folder.find_again();
        assert_eq!((count(&heard).await, folder.lost().len()), (4, 1), "it was lost all the same");
    }
}
