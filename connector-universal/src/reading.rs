//! Reading from the folder: a sidecar whole, and the beginning of a recording.

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use connector_core::wav::Header;
use connector_core::{Raw, Result};
use connector_folder::Folder;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use crate::Refused;
use crate::files::{File, Mark};
use crate::sidecar::{self, Format, Limits, Sidecar};

/// A sidecar that was read.
#[derive(Clone, Debug)]
pub(crate) struct ReadSidecar {
    pub(crate) format: Format,
    pub(crate) content: Sidecar,
    pub(crate) bytes: Bytes,
    pub(crate) hash: String,
    pub(crate) seen: DateTime<Utc>,
}

impl ReadSidecar {
    pub(crate) fn raw(&self) -> Raw {
        Raw::new(self.format.into(), self.bytes.clone())
    }
}

/// What is known of a recording without its metadata.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) mark: Mark,
    pub(crate) seen: DateTime<Utc>,
    pub(crate) header: Option<Header>,
}

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

/// Reads the beginning of a recording, where its kind has a header that we know.
///
/// # Errors
/// `is_changed` or `is_not_found` when that version is not there any more. A header that makes no sense is none.
pub(crate) async fn read_media(folder: &dyn Folder, file: &File, extension: &str) -> Result<Media> {
    let header = match extension {
        "wav" => Header::parse(&beginning(folder, file).await?, Some(file.version.size)).ok(),
        _ => None,
    };
    Ok(Media { mark: file.mark(), seen: file.first_seen, header })
}

async fn beginning(folder: &dyn Folder, file: &File) -> Result<BytesMut> {
    let mut read = folder.read(&file.path, 0, Some(&file.version)).await?;
    let mut beginning = BytesMut::new();
    while beginning.len() < Header::PREFIX {
        let Some(piece) = read.bytes.try_next().await? else { break };
        beginning.extend_from_slice(&piece);
    }
    Ok(beginning)
}
