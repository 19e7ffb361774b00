//! The directory itself and what lies below it, in the way of this machine's system.

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use self::portable::{Entries, open, remove, rename, stat, version_of, writable, write};
#[cfg(unix)]
pub(super) use self::unix::{Entries, open, remove, rename, stat, version_of, writable, write};
