//! Work with files, on threads for that.

use connector_core::{Error, Result};
use tokio::task::spawn_blocking;

/// Does something with files on a thread for that.
pub(super) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| Error::bug("work with a file came to no end").caused_by(error))?
}

/// Trouble with a file. Its name is not shown: it holds the vendor's words.
pub(super) fn failed(error: &std::io::Error) -> Error {
    Error::storage(format!("a file of live sound cannot be used: {}", error.kind()))
        .during("live")
        .advise("see whether the disk is full, and whether the program may write to its directory for live sound")
}
