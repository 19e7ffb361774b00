//! A folder between the uploads and the connector, on which not everything arrives.

use std::collections::BTreeSet;
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
/// [`LostEvent`](Fault::LostEvent): the word that a file is whole is lost, so that only the next listing finds it.
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
}

impl MisbehavingFolder {
    /// A folder that misbehaves by this plan.
    pub fn new(folder: impl Folder, faults: FaultPlan) -> Self {
        Self { folder: Arc::new(folder), faults, unheard: Arc::default() }
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
                let stem = path.name().rsplit_once('.').map_or(path.name(), |(stem, _)| stem).to_owned();
                unheard.lock().unwrap_or_else(PoisonError::into_inner).insert(stem);
            }
            is_lost
        };
        Some(self.folder.notices()?.filter(move |notice| future::ready(!lost(notice))).boxed())
    }
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
