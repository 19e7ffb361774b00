//! Files by their paths, for systems other than Unix. Links are looked for before each step, which leaves a moment in which
//! one can be put there.

use std::fs::{self, File, Metadata, OpenOptions, ReadDir};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use connector_core::{Error, Result};

use crate::local::entry::{Entry, names, no_directory, root_is_gone, temporary_name};
use crate::{FolderPath, Renamed, Version};

/// The entries of a directory. One that is not shown is `None`.
pub(crate) struct Entries(ReadDir);

impl Entries {
    /// Those of a directory below the folder; `None` where there is no such directory.
    pub(crate) fn open(root: &Path, dir: &str) -> Result<Option<Self>> {
        let Some(directory) = directory(root, dir)? else { return Ok(None) };
        Ok(Some(Self(fs::read_dir(directory)?)))
    }
}

impl Iterator for Entries {
    type Item = Result<Option<Entry>>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?.map_err(Error::from);
        Some(entry.and_then(|entry| {
            let found = metadata(&entry.path())?.filter(|found| found.is_file() || found.is_dir());
            Ok(found.map(|found| (entry.file_name(), found.is_file().then(|| version(&found)))))
        }))
    }
}

/// The version of the plain file that is there.
pub(crate) fn stat(root: &Path, path: &FolderPath) -> Result<Option<Version>> {
    Ok(file(root, path)?.map(|(_, found)| version(&found)))
}

/// Opens a plain file for reading.
pub(crate) fn open(root: &Path, path: &FolderPath) -> Result<(File, Version)> {
    let (place, _) = file(root, path)?.ok_or_else(|| Error::not_found("there is no such file"))?;
    let file = File::open(place)?;
    let version = version_of(&file)?;
    Ok((file, version))
}

/// The version of a file that is open.
pub(crate) fn version_of(file: &File) -> Result<Version> {
    Ok(version(&file.metadata()?))
}

/// Moves a plain file: a second name first, which fails if that is taken, then the old one goes.
pub(crate) fn rename(root: &Path, from: &FolderPath, to: &FolderPath) -> Result<Renamed> {
    let Some((source, _)) = file(root, from)? else { return Ok(Renamed::SourceGone) };
    if from == to {
        return Ok(Renamed::TargetTaken);
    }
    match fs::hard_link(&source, made_place(root, to)?) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Renamed::TargetTaken),
        result => result?,
    }
    fs::remove_file(source)?;
    Ok(Renamed::Done)
}

/// Writes a file under another name and renames it into place.
pub(crate) fn write(root: &Path, path: &FolderPath, content: &[u8]) -> Result<()> {
    let place = made_place(root, path)?;
    let temporary = place.with_file_name(temporary_name());
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    drop(file);
    written.and_then(|()| fs::rename(&temporary, place)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })?;
    Ok(())
}

/// Removes a plain file or an empty directory. Returns whether there was one.
pub(crate) fn remove(root: &Path, path: &FolderPath) -> Result<bool> {
    let Some(place) = place(root, path)? else { return Ok(false) };
    let removed = match metadata(&place)? {
        Some(found) if found.is_file() => fs::remove_file(place),
        Some(found) if found.is_dir() => fs::remove_dir(place),
        _ => return Ok(false),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Err(Error::changed("the directory is not empty")),
        result => Ok(result.map(|()| true)?),
    }
}

/// Whether a file can be made in the folder: one is, and removed again.
pub(crate) fn writable(root: &Path) -> Result<bool> {
    let probe = root.join(temporary_name());
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => Ok(fs::remove_file(probe).map(|()| true)?),
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => Ok(false),
        Err(error) => Err(root_is_gone(error)),
    }
}

/// The plain file of a path.
fn file(root: &Path, path: &FolderPath) -> Result<Option<(PathBuf, Metadata)>> {
    let Some(place) = place(root, path)? else { return Ok(None) };
    Ok(metadata(&place)?.filter(Metadata::is_file).map(|found| (place, found)))
}

/// Where a path lies; `None` when the directory above it is missing.
fn place(root: &Path, path: &FolderPath) -> Result<Option<PathBuf>> {
    let (above, name) = split(path)?;
    Ok(directory(root, above)?.map(|directory| directory.join(name)))
}

/// Where a path lies, with the directory above it made where it is missing.
fn made_place(root: &Path, path: &FolderPath) -> Result<PathBuf> {
    let (above, name) = split(path)?;
    if name.is_empty() {
        return Err(Error::invalid("the folder itself cannot be written over"));
    }
    let mut here = opened_root(root)?;
    for name in names(above) {
        here.push(name);
        match fs::create_dir(&here) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        if !metadata(&here)?.is_some_and(|found| found.is_dir()) {
            return Err(no_directory());
        }
    }
    here.push(name);
    Ok(here)
}

/// A drive, or a second stream of a file, hides behind a colon.
fn split(path: &FolderPath) -> Result<(&str, &str)> {
    if path.as_str().contains(':') {
        return Err(Error::invalid("a file name with a colon"));
    }
    Ok(path.as_str().rsplit_once('/').unwrap_or(("", path.as_str())))
}

/// A directory below the folder. A link in its place, or in its path, counts as none.
fn directory(root: &Path, dir: &str) -> Result<Option<PathBuf>> {
    let mut here = opened_root(root)?;
    for name in names(dir) {
        here.push(name);
        if !metadata(&here)?.is_some_and(|found| found.is_dir()) {
            return Ok(None);
        }
    }
    Ok(Some(here))
}

fn opened_root(root: &Path) -> Result<PathBuf> {
    let found = fs::symlink_metadata(root).map_err(root_is_gone)?;
    if found.is_dir() { Ok(root.to_owned()) } else { Err(root_is_gone(ErrorKind::NotADirectory.into())) }
}

fn metadata(place: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(place) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn version(found: &Metadata) -> Version {
    Version::new(found.len(), found.modified().ok().map(Into::into))
}
