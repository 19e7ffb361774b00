//! The directory in which sound lies until its call is known.

use std::io::ErrorKind;
use std::path::PathBuf;

use connector_core::{Origin, Result, names, wav};

use super::cut::SoundFile;
use super::disk::{failed, on_disk};
use crate::sink::ours;

/// Files of sound below a directory.
#[derive(Clone, Debug)]
pub(crate) struct Spool(PathBuf);

impl Spool {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Where the sound of a session lies below the directory: every part escaped, so that no two sessions share a place
    /// and none lies elsewhere.
    pub(crate) fn file_of(origin: &Origin, session: &str) -> String {
        let [tenant, source, session] = [&*origin.tenant, &*origin.source, session].map(names::escape);
        format!("{tenant}/{source}/{session}.wav")
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Makes the directory for a file, and says whether the file is there already.
    pub(crate) async fn make_room(&self, file: &str) -> Result<bool> {
        let path = self.path(file);
        on_disk(move || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| failed(&error))?;
            path.try_exists().map_err(|error| failed(&error))
        })
        .await
    }

    /// Removes a file; one that is not there is fine.
    pub(crate) async fn remove(&self, file: &str) -> Result<()> {
        let path = self.path(file);
        on_disk(move || match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&error)),
            _ => Ok(()),
        })
        .await
    }

    /// Opens a file; none where there is no such file.
    pub(crate) async fn open(&self, file: &str) -> Result<Option<SoundFile>> {
        let path = self.path(file);
        on_disk(move || SoundFile::open(&path)).await
    }

    /// Mends a file whose writer did not come to its end, and says how many samples of each channel there are: none where
    /// there is no such file.
    pub(crate) async fn mend(&self, file: &str) -> Result<u64> {
        let path = self.path(file);
        on_disk(move || match wav::repair(path) {
            Ok(header) => {
                Ok(header.map_or(0, |header| header.data_len.unwrap_or_default() / u64::from(header.block_align)))
            }
            // Nothing was written into it, or not by us.
            Err(error) if error.is_not_found() || error.is_invalid() => Ok(0),
            Err(error) => Err(ours(error)),
        })
        .await
    }
}
