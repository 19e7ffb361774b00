//! The bytes of a local file, as long as it stays what it was.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use connector_core::{Error, Result};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::place;
use crate::disk::blocking;
use crate::{FolderPath, Version};

/// How many bytes are read at a time.
const CHUNK: usize = 256 * 1024;

/// A file that is being read.
pub(super) struct Reading {
    root: Arc<Path>,
    path: FolderPath,
    file: File,
    version: Version,
    left: u64,
    buffer: BytesMut,
}

impl Reading {
    /// Opens a file if it is of the version that is asked for.
    pub(super) fn open(root: Arc<Path>, path: FolderPath, from: u64, only_if: Option<&Version>) -> Result<Self> {
        let (mut file, version) = place::open(&root, &path)?;
        if only_if.is_some_and(|wanted| *wanted != version) {
            return Err(Error::changed("the file is of another version"));
        }
        let Some(left) = version.size.checked_sub(from) else {
            return Err(Error::changed("the file is shorter than where reading should go on"));
        };
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { root, path, file, version, left, buffer: BytesMut::new() })
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    pub(super) fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        stream::try_unfold(Some(self), |reading| async {
            let Some(reading) = reading else { return Ok(None) };
            blocking(|| reading.next()).await
        })
        .map_err(|error| error.during("read"))
        .boxed()
    }

    /// The next bytes and, unless they are the last ones, what is left. The last ones come only if the file stayed the same.
    fn next(mut self) -> Result<Option<(Bytes, Option<Self>)>> {
        if self.left == 0 {
            self.check()?;
            return Ok(None);
        }
        let length = usize::try_from(self.left).map_or(CHUNK, |left| left.min(CHUNK));
        self.buffer.resize(length, 0);
        self.file.read_exact(&mut self.buffer).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::changed("the file became shorter while it was read"),
            _ => Error::from(error),
        })?;
        let bytes = self.buffer.split().freeze();
        self.left -= length as u64;
        if self.left > 0 {
            return Ok(Some((bytes, Some(self))));
        }
        self.check()?;
        Ok(Some((bytes, None)))
    }

    /// Whether the open file, and the one that lies there under its name, are still of the version that was opened.
    fn check(&self) -> Result<()> {
        let same = place::version_of(&self.file)? == self.version
            && place::stat(&self.root, &self.path)?.as_ref() == Some(&self.version);
        if same { Ok(()) } else { Err(Error::changed("the file changed while it was read")) }
    }
}
