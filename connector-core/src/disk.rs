//! Work on files from asynchronous code.

#[cfg(unix)]
use std::fs::File;
use std::io;
use std::path::Path;

use tokio::task::JoinHandle;

use crate::{Error, Result};

/// Runs on a thread that may block. The name of the operation stands in the errors.
pub(crate) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    finished(operation, tokio::task::spawn_blocking(work)).await
}

/// What came of work on a thread that may block. The name of the operation stands in the errors.
pub(crate) async fn finished<T>(operation: &'static str, work: JoinHandle<Result<T>>) -> Result<T> {
    match work.await {
        Ok(result) => result.map_err(|error| error.during(operation)),
        Err(stopped) if stopped.is_cancelled() => Err(Error::transient("the program is stopping").caused_by(stopped)),
        Err(panicked) => Err(Error::bug("work on the disk panicked").caused_by(panicked)),
    }
}

/// Makes the name of a file durable.
#[cfg(unix)]
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match File::open(parent.unwrap_or(Path::new(".")))?.sync_all() {
        // Not every file system knows of such a thing.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Elsewhere a directory cannot be opened; the file system is trusted to keep its names.
#[cfg(not(unix))]
pub(crate) fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}
