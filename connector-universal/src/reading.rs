//! Reading from the folder: a sidecar whole, the beginning of a recording, and whether files are still the same.

use bytes::{Bytes, BytesMut};
use connector_core::wav::Header;
use connector_core::{Error, Result};
use connector_folder::Folder;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use crate::Refused;
use crate::conversation::ReadSidecar;
use crate::events::pairing::File;
use crate::events::record::{Mark, Record};
use crate::sidecar::{self, Format, Limits, Sidecar};

/// A sidecar as it was read, whether or not it can be used.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) parsed: Result<Sidecar, Refused>,
    pub(crate) hash: String,
    format: Format,
    bytes: Bytes,
}

impl Content {
    /// The sidecar, if it can be used.
    pub(crate) fn into_read(self, file: &File) -> Option<ReadSidecar> {
        let Self { parsed, hash, format, bytes } = self;
        let seen = file.first_seen;
        parsed.ok().map(|content| ReadSidecar { format, content, bytes, hash, seen })
    }
}

/// Reads a sidecar, in just the version that was seen.
///
/// # Errors
/// `is_changed` or `is_not_found` when that version is not there any more.
pub(crate) async fn read_sidecar(folder: &dyn Folder, file: &File, format: Format, limits: &Limits) -> Result<Content> {
    let read = folder.read(&file.path, 0, Some(&file.version)).await?;
    let bytes = read.bytes.try_fold(BytesMut::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    let bytes = bytes.await?.freeze();
    let hash = hex::encode(Sha256::digest(&bytes));
    Ok(Content { parsed: sidecar::parse(format, &bytes, limits), hash, format, bytes })
}

/// Reads the header of a recording, where its kind has one that we know.
///
/// # Errors
/// `is_changed` or `is_not_found` when that version is not there any more. A header that makes no sense is none.
pub(crate) async fn read_header(folder: &dyn Folder, file: &File, extension: &str) -> Result<Option<Header>> {
    if extension != "wav" {
        return Ok(None);
    }
    let mut read = folder.read(&file.path, 0, Some(&file.version)).await?;
    let mut beginning = BytesMut::new();
    while beginning.len() < Header::PREFIX {
        let Some(piece) = read.bytes.try_next().await? else { break };
        beginning.extend_from_slice(&piece);
    }
    Ok(Header::parse(&beginning, Some(file.version.size)).ok())
}

/// Whether files are all there as they were seen. That one was moved away is noticed late, and no refusal is to stand on
/// it.
///
/// # Errors
/// `is_changed` if one is not.
pub(crate) async fn check_files(folder: &dyn Folder, files: &[Mark]) -> Result<()> {
    for file in files {
        if folder.stat(&file.path).await?.as_ref() != Some(&file.version) {
            return Err(Error::changed("a file of this name changed or is gone"));
        }
    }
    Ok(())
}

/// Whether the recording whose metadata a sidecar may update is the one that was taken.
///
/// # Errors
/// `is_changed` if there is another one, of which there was no word yet.
pub(crate) async fn check_recording(folder: &dyn Folder, record: &Record) -> Result<()> {
    let Some(taken) = &record.taken else { return Ok(()) };
    let Some(version) = folder.stat(&taken.media.path).await? else { return Ok(()) };
    let there = Mark { path: taken.media.path.clone(), version };
    if there == taken.media || record.is_rejected(&there) {
        return Ok(());
    }
    Err(Error::changed("the recording came anew"))
}
