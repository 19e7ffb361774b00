//! What a drop folder can do, wherever it lies.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use connector_core::{Error, Result};
use futures_core::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// A place into which somebody drops files: a local directory now, SFTP and S3 behind the same trait.
///
/// Paths are relative to it and cannot leave it. An implementation never follows a symbolic link and never shows anything
/// but plain files and directories.
#[async_trait]
pub trait Folder: fmt::Debug + Send + Sync + 'static {
    /// The plain files and the directories directly below `dir`, in no order. A directory that does not exist is empty.
    ///
    /// A name that is not UTF-8 comes as [`Listed::Unreadable`]; it does not end the list.
    fn list(&self, dir: &FolderPath) -> BoxStream<'static, Result<Listed>>;

    /// The version of the file that is there now; `None` when there is none.
    async fn stat(&self, path: &FolderPath) -> Result<Option<Version>>;

    /// The bytes of a file from an offset on.
    ///
    /// The version is read from the open file, compared with `only_if`, and compared again after the last byte: a file that
    /// is not, or does not stay, that version is [`is_changed`](Error::is_changed), as an answer or as the last item. A file
    /// that is gone is [`is_not_found`](Error::is_not_found).
    async fn read(&self, path: &FolderPath, from: u64, only_if: Option<&Version>) -> Result<FileRead>;

    /// Moves a file, making the directories above `to`. It never overwrites.
    async fn rename(&self, from: &FolderPath, to: &FolderPath) -> Result<Renamed>;

    /// Writes a small file whole, replacing one of that name. A crash leaves the old file or the new one, nothing between.
    async fn write(&self, path: &FolderPath, content: Bytes) -> Result<()>;

    /// Removes a file, or an empty directory. Returns whether there was one.
    async fn remove(&self, path: &FolderPath) -> Result<bool>;

    /// Whether files can be moved and removed here. A folder that cannot be written to is only read; what was taken is
    /// remembered in the [`Ledger`](crate::Ledger) alone.
    async fn writable(&self) -> Result<bool>;

    /// Whether a file shows only once it is complete (S3), so that nothing has to settle.
    fn appears_whole(&self) -> bool {
        false
    }

    /// Word of finished files, where the place can give it. The stream may miss things, so the folder is listed as well;
    /// when it ends, there is no more word to be had.
    fn notices(&self) -> Option<BoxStream<'static, Notice>> {
        None
    }
}

/// A word about one file directly below the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// It was closed after writing, or renamed into place: it is whole.
    Whole(FolderPath),
    /// Somebody writes to it.
    Written(FolderPath),
    /// Words were lost: list the folder.
    Missed,
}

/// One entry of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed {
    /// A plain file.
    File {
        /// Where it lies.
        path: FolderPath,
        /// Its version as listed.
        version: Version,
    },
    /// A directory.
    Directory {
        /// Where it lies.
        path: FolderPath,
    },
    /// A name that is not UTF-8: the file cannot be spoken of, but somebody should know.
    Unreadable {
        /// The name with a mark for each part that could not be read.
        about: String,
    },
}

/// Which version of a file it is: size, modification time as the folder tells it, or a tag.
///
/// The time is only ever compared for equality: uploaders may set it to anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Version {
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed last, according to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<DateTime<Utc>>,
    /// The folder's own tag of the version (ETag), where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl Version {
    /// A version known by its size and modification time.
    pub fn new(size: u64, modified: Option<DateTime<Utc>>) -> Self {
        Self { size, modified, tag: None }
    }
}

/// One word that names the version: the tag, else size and modification time.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.tag, self.modified) {
            (Some(tag), _) => f.write_str(tag),
            (None, Some(modified)) => write!(f, "{}-{}", self.size, modified.timestamp_micros()),
            (None, None) => write!(f, "{}", self.size),
        }
    }
}

/// An open file on its way.
#[non_exhaustive]
pub struct FileRead {
    /// The version that is open.
    pub version: Version,
    /// Its bytes from the offset on. An error is the last item.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl FileRead {
    /// An open file of a version.
    pub fn new(version: Version, bytes: BoxStream<'static, Result<Bytes>>) -> Self {
        Self { version, bytes }
    }
}

impl fmt::Debug for FileRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileRead").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What became of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// It lies there now.
    Done,
    /// There was nothing to move.
    SourceGone,
    /// Something lies there already; nothing was moved.
    TargetTaken,
}

/// A path below a folder: one or more names, none of which is empty, `.`, `..` or holds a `/`, a NUL or a line break.
///
/// `Debug` and `Display` hide all but the extension of the last name, since file names hold logins; [`as_str`](Self::as_str)
/// is the path itself.
///
/// ```
/// use connector_folder::FolderPath;
/// let path = FolderPath::new("processed/2026-10-19/20261019-140253_joe.wav").unwrap();
/// assert_eq!(path.name(), "20261019-140253_joe.wav");
/// assert_eq!(path.to_string(), "processed/2026-10-19/20261019-140253_•••.wav");
/// assert!(FolderPath::new("../secret").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FolderPath(String);

impl FolderPath {
    /// The folder itself.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// A path of one or more names.
    ///
    /// # Errors
    /// `is_invalid` for a name that could lead elsewhere.
    pub fn new(path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        let harmless = |name: &str| {
            !matches!(name, "" | "." | "..") && name.len() <= 255 && !name.contains(['\0', '\n', '\r', '\\'])
        };
        if path.split('/').all(harmless) {
            return Ok(Self(path));
        }
        Err(Error::invalid("a file name that could lead out of the folder, or that no file system takes"))
    }

    /// The path of a name below this one.
    ///
    /// # Errors
    /// `is_invalid` for a name that could lead elsewhere.
    pub fn join(&self, name: &str) -> Result<Self> {
        if self.0.is_empty() { Self::new(name) } else { Self::new(format!("{}/{name}", self.0)) }
    }

    /// The path itself. It may hold a login: not for logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name. It may hold a login: not for logs.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        f.write_str(&self.0[..self.0.len() - name.len()])?;
        f.write_str(&masked_name(name))
    }
}

impl fmt::Debug for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for FolderPath {
    type Error = Error;

    fn try_from(path: String) -> Result<Self> {
        if path.is_empty() { Ok(Self::root()) } else { Self::new(path) }
    }
}

impl From<FolderPath> for String {
    fn from(path: FolderPath) -> Self {
        path.0
    }
}

/// A file name fit for a log: what stands before the first `_` if that is a time stamp, and the extension.
pub(crate) fn masked_name(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let stamp = name
        .split_once('_')
        .map(|(stamp, _)| stamp)
        .filter(|stamp| !stamp.is_empty() && stamp.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension)
        .filter(|extension| (1..=8).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric()));
    let lead = stamp.map(|stamp| format!("{stamp}_")).unwrap_or_default();
    let tail = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
    format!("{lead}•••{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        for path in ["", "/etc/passwd", "..", "a/../b", "a//b", "./a", "a\0b", "a\nb", "a\\b", &"x".repeat(256)] {
            assert!(FolderPath::new(path).is_err(), "{path:?}");
        }
        assert!(FolderPath::root().join("..").is_err());
        assert!(serde_json::from_str::<FolderPath>("\"../x\"").is_err());
    }

    #[test]
    fn logins_do_not_show() {
        for name in ["20261019-140253_joe@example.com.wav", "joe@example.com", "joe.a-very-long-tail", "joe"] {
            let path = FolderPath::new(name).unwrap();
            assert!(!format!("{path} {path:?}").contains("joe"), "{path}");
        }
    }
}
