//! Files by the handles of their directories, so that no link leads out, not even one that is put there meanwhile.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use chrono::DateTime;
use connector_core::{Error, Result};
use rustix::fs::{Access, AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::disk::sync_directory;
use crate::local::entry::{Entry, names, no_directory, root_is_gone, temporary_name};
use crate::{FolderPath, Renamed, Version};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A pipe that is opened this way does not wait for its other end.
const TO_READ: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

const TO_MAKE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);

/// The entries of a directory. One that is not shown is `None`.
pub(crate) struct Entries(Dir);

impl Entries {
    /// Those of a directory below the folder; `None` where there is no such directory.
    pub(crate) fn open(root: &Path, dir: &str) -> Result<Option<Self>> {
        let Some(directory) = directory(root, dir)? else { return Ok(None) };
        Ok(Some(Self(Dir::new(directory).map_err(from_errno)?)))
    }
}

impl Iterator for Entries {
    type Item = Result<Option<Entry>>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.read()?.map_err(from_errno);
        Some(entry.and_then(|entry| entry_of(&self.0, entry.file_name(), entry.file_type())))
    }
}

/// What is shown of an entry; nothing of links, pipes and their like, nor of one that went away meanwhile.
fn entry_of(directory: &Dir, name: &CStr, kind: FileType) -> Result<Option<Entry>> {
    if matches!(name.to_bytes(), b"." | b"..")
        || !matches!(kind, FileType::RegularFile | FileType::Directory | FileType::Unknown)
    {
        return Ok(None);
    }
    let Some(stat) = stat_at(directory.fd().map_err(from_errno)?, name)? else { return Ok(None) };
    let version = match kind_of(&stat) {
        FileType::RegularFile => Some(version(&stat)),
        FileType::Directory => None,
        _ => return Ok(None),
    };
    Ok(Some((OsStr::from_bytes(name.to_bytes()).to_owned(), version)))
}

/// The version of the plain file that is there.
pub(crate) fn stat(root: &Path, path: &FolderPath) -> Result<Option<Version>> {
    let Some((parent, name)) = parent(root, path)? else { return Ok(None) };
    Ok(stat_at(&parent, name)?.filter(is_file).map(|stat| version(&stat)))
}

/// Opens a plain file for reading.
pub(crate) fn open(root: &Path, path: &FolderPath) -> Result<(File, Version)> {
    let gone = || Error::not_found("there is no such file");
    let (parent, name) = parent(root, path)?.ok_or_else(gone)?;
    let file: File = match rustix::fs::openat(&parent, name, TO_READ, Mode::empty()) {
        Ok(file) => file.into(),
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Err(gone()),
        Err(error) => return Err(from_errno(error)),
    };
    let stat = rustix::fs::fstat(&file).map_err(from_errno)?;
    if is_file(&stat) { Ok((file, version(&stat))) } else { Err(gone()) }
}

/// The version of a file that is open.
pub(crate) fn version_of(file: &File) -> Result<Version> {
    Ok(version(&rustix::fs::fstat(file).map_err(from_errno)?))
}

/// Moves a plain file and makes that durable. It never overwrites.
pub(crate) fn rename(root: &Path, from: &FolderPath, to: &FolderPath) -> Result<Renamed> {
    let Some((source, from_name)) = parent(root, from)? else { return Ok(Renamed::SourceGone) };
    if !stat_at(&source, from_name)?.as_ref().is_some_and(is_file) {
        return Ok(Renamed::SourceGone);
    }
    if from == to {
        return Ok(Renamed::TargetTaken);
    }
    let (target, to_name) = made_parent(root, to)?;
    match move_file(&source, from_name, &target, to_name) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Ok(Renamed::TargetTaken),
        Err(Errno::NOENT) if stat_at(&source, from_name)?.is_none() => return Ok(Renamed::SourceGone),
        Err(Errno::XDEV) => {
            return Err(Error::config("the file cannot be moved to another file system")
                .advise("do not mount anything below the folder"));
        }
        Err(error @ (Errno::PERM | Errno::OPNOTSUPP)) => {
            return Err(
                from_errno(error).advise("this file system may know no move that cannot overwrite: only read it")
            );
        }
        Err(error) => return Err(from_errno(error)),
    }
    sync_directory(&target)?;
    sync_directory(&source)?;
    Ok(Renamed::Done)
}

fn move_file(source: &File, from: &str, target: &File, to: &str) -> rustix::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    match rustix::fs::renameat_with(source, from, target, to, rustix::fs::RenameFlags::NOREPLACE) {
        // A file system, or a kernel, that does not know this way.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        result => return result,
    }
    move_by_link(source, from, target, to)
}

/// Gives the file its new name, which fails if that is taken, and takes the old one away.
fn move_by_link(source: &File, from: &str, target: &File, to: &str) -> rustix::io::Result<()> {
    match rustix::fs::linkat(source, from, target, to, AtFlags::empty()) {
        // A crash between the two steps left both names: only the second one is missing.
        Err(Errno::EXIST) if have_two_names(source, from, target, to)? => {}
        result => result?,
    }
    match rustix::fs::unlinkat(source, from, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        Err(error) => {
            // The move did not take place, so the new name goes again.
            let _ = rustix::fs::unlinkat(target, to, AtFlags::empty());
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// Whether these are two names of one file. One name that is written in two ways (upper and lower case) is not.
fn have_two_names(source: &File, from: &str, target: &File, to: &str) -> rustix::io::Result<bool> {
    let one = rustix::fs::statat(source, from, AtFlags::SYMLINK_NOFOLLOW)?;
    let other = rustix::fs::statat(target, to, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(one.st_nlink > 1 && (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

/// Writes a file under another name and renames it into place.
pub(crate) fn write(root: &Path, path: &FolderPath, content: &[u8]) -> Result<()> {
    let (parent, name) = made_parent(root, path)?;
    let (temporary, mut file) = make_temporary(&parent)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| Ok(rustix::fs::renameat(&parent, &temporary, &parent, name)?));
    if let Err(error) = written {
        let _ = rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty());
        return Err(error.into());
    }
    Ok(sync_directory(&parent)?)
}

fn make_temporary(parent: &File) -> Result<(String, File)> {
    loop {
        let name = temporary_name();
        match rustix::fs::openat(parent, &name, TO_MAKE, Mode::from_raw_mode(0o666)) {
            Ok(file) => return Ok((name, file.into())),
            // What an earlier run of the same number left behind.
            Err(Errno::EXIST) => {}
            Err(error) => return Err(from_errno(error)),
        }
    }
}

/// Removes a plain file or an empty directory. Returns whether there was one.
pub(crate) fn remove(root: &Path, path: &FolderPath) -> Result<bool> {
    let Some((parent, name)) = parent(root, path)? else { return Ok(false) };
    let flags = match stat_at(&parent, name)?.as_ref().map(kind_of) {
        Some(FileType::RegularFile) => AtFlags::empty(),
        Some(FileType::Directory) => AtFlags::REMOVEDIR,
        _ => return Ok(false),
    };
    match rustix::fs::unlinkat(&parent, name, flags) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Err(Error::changed("the directory is not empty")),
        Err(error) => Err(from_errno(error)),
    }
}

/// Whether names can be made and taken away in the folder.
pub(crate) fn writable(root: &Path) -> Result<bool> {
    match rustix::fs::accessat(CWD, root, Access::WRITE_OK | Access::EXEC_OK, AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Ok(false),
        Err(error) => Err(root_is_gone(error.into())),
    }
}

/// The directory of a path and the last name in it; `None` when there is no such directory.
fn parent<'p>(root: &Path, path: &'p FolderPath) -> Result<Option<(File, &'p str)>> {
    let (above, name) = split(path);
    Ok(directory(root, above)?.map(|directory| (directory, name)))
}

/// The directory of a path, made where it is missing, and the last name.
fn made_parent<'p>(root: &Path, path: &'p FolderPath) -> Result<(File, &'p str)> {
    let (above, name) = split(path);
    if name.is_empty() {
        return Err(Error::invalid("the folder itself cannot be written over"));
    }
    Ok((made_directory(root, above)?, name))
}

fn split(path: &FolderPath) -> (&str, &str) {
    path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()))
}

/// A directory below the folder. A link in its place, or in its path, counts as none.
fn directory(root: &Path, dir: &str) -> Result<Option<File>> {
    let mut here = open_root(root)?;
    for name in names(dir) {
        here = match rustix::fs::openat(&here, name, DIRECTORY, Mode::empty()) {
            Ok(directory) => directory.into(),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            Err(error) => return Err(from_errno(error)),
        };
    }
    Ok(Some(here))
}

/// A directory below the folder, made one level at a time where it is missing.
fn made_directory(root: &Path, dir: &str) -> Result<File> {
    let mut here = open_root(root)?;
    for name in names(dir) {
        match rustix::fs::mkdirat(&here, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => sync_directory(&here)?,
            Err(Errno::EXIST) => {}
            // Not permitted, or read-only: it may be there all the same.
            Err(error) if stat_at(&here, name)?.is_none() => return Err(from_errno(error)),
            Err(_) => {}
        }
        here = match rustix::fs::openat(&here, name, DIRECTORY, Mode::empty()) {
            Ok(directory) => directory.into(),
            Err(Errno::NOTDIR | Errno::LOOP) => return Err(no_directory()),
            Err(error) => return Err(from_errno(error)),
        };
    }
    Ok(here)
}

fn open_root(root: &Path) -> Result<File> {
    let root = rustix::fs::open(root, DIRECTORY, Mode::empty());
    root.map(File::from).map_err(|error| root_is_gone(error.into()))
}

fn stat_at<P: rustix::path::Arg>(directory: impl std::os::fd::AsFd, name: P) -> Result<Option<Stat>> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(from_errno(error)),
    }
}

fn kind_of(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn is_file(stat: &Stat) -> bool {
    kind_of(stat) == FileType::RegularFile
}

fn version(stat: &Stat) -> Version {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    Version::new(size, DateTime::from_timestamp(stat.st_mtime, stat.st_mtime_nsec as u32))
}

fn from_errno(error: Errno) -> Error {
    std::io::Error::from(error).into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The way of file systems that know no other is the same move.
    #[test]
    fn a_move_by_link_never_overwrites_and_finishes_what_a_crash_left() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("to"));
        let directory = File::open(home.path()).unwrap();
        let move_it = || move_by_link(&directory, "from", &directory, "to");
        assert_eq!(move_it(), Err(Errno::NOENT));

        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        assert_eq!(move_it(), Err(Errno::EXIST));
        assert_eq!((fs::read(&from).unwrap(), fs::read(&to).unwrap()), (b"new".to_vec(), b"old".to_vec()));

        fs::remove_file(&to).unwrap();
        fs::hard_link(&from, &to).unwrap();
        assert_eq!(move_it(), Ok(()), "both names are there");
        assert!(!from.exists() && fs::read(&to).unwrap() == b"new");

        fs::rename(&to, &from).unwrap();
        assert_eq!(move_it(), Ok(()));
        assert!(!from.exists() && fs::read(&to).unwrap() == b"new");
    }

    #[test]
    fn a_temporary_name_that_was_left_behind_is_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let directory = File::open(home.path()).unwrap();
        let (first, _) = make_temporary(&directory).unwrap();
        let (stem, number) = first.rsplit_once('-').unwrap();
        for next in 1..=20 {
            fs::write(home.path().join(format!("{stem}-{}", number.parse::<u64>().unwrap() + next)), "old").unwrap();
        }
        let (_, file) = make_temporary(&directory).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        assert!(fs::read_dir(home.path()).unwrap().count() == 22 && crate::is_temporary(&first));
    }
}
