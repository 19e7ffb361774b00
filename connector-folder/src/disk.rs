//! Work on the disk: off the async threads, and such that it survives a power cut.

use std::fs::File;
use std::io;
use std::path::Path;

use connector_core::{Error, Result};

/// Runs on a thread that may block. It runs to its end even when nobody waits for it any more.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) if stopped.is_cancelled() => Err(Error::transient("the program is stopping").caused_by(stopped)),
        Err(panicked) => Err(Error::bug("work on the disk panicked").caused_by(panicked)),
    }
}

/// Makes the names in a directory durable, where its file system knows of such a thing.
#[cfg(unix)]
pub(crate) fn sync_directory(directory: &File) -> io::Result<()> {
    match directory.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Makes the names in the directory above a file durable.
#[cfg(unix)]
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_directory(&File::open(parent.unwrap_or(Path::new(".")))?)
}

/// Elsewhere a directory cannot be opened; the file system is trusted to keep its names.
#[cfg(not(unix))]
pub(crate) fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}
