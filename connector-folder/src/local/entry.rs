//! What stands in a directory, under which names, and what may stand there instead.

use std::ffi::OsString;

use connector_core::Error;

use crate::Version;

/// The name of a plain file with its version, or of a directory without one.
pub(super) type Entry = (OsString, Option<Version>);

/// The folder's own directory is not there, or is another thing now.
pub(super) fn root_is_gone(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Error::forbidden("the folder may not be opened").caused_by(error).advise("give this program read access")
        }
        _ => Error::storage("the folder itself cannot be opened")
            .caused_by(error)
            .advise("see whether it is mounted and still a directory"),
    }
}

/// Something else stands where a directory is to be made.
pub(super) fn no_directory() -> Error {
    Error::forbidden("a link or a file stands where a directory should be")
        .advise("remove it, so that a directory can be made there; links are not followed")
}

/// The names that a path is made of.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// A name for a file that is not whole yet. Others leave it alone: it starts with a dot.
pub(super) fn temporary_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".writing-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
