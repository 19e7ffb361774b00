//! The local folder, in real directories.

#[cfg(unix)]
mod on_unix;
#[cfg(all(target_os = "linux", feature = "watch"))]
mod word;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use connector_core::{Error, Result};
use connector_folder::{Folder, FolderPath, Listed, LocalFolder, Renamed, Version};
use futures_util::TryStreamExt;
use tempfile::TempDir;

fn home() -> (TempDir, LocalFolder) {
    let home = tempfile::tempdir().unwrap();
    let folder = LocalFolder::open(home.path()).unwrap();
    (home, folder)
}

fn path(text: &str) -> FolderPath {
    FolderPath::new(text).unwrap()
}

async fn listed(folder: &LocalFolder, dir: &FolderPath) -> Vec<Listed> {
    folder.list(dir).try_collect().await.unwrap()
}

/// What is listed, in words: `a.wav`, `processed/`, `?about`.
async fn names(folder: &LocalFolder, dir: &FolderPath) -> BTreeSet<String> {
    let words = listed(folder, dir).await.into_iter().map(|entry| match entry {
        Listed::File { path, .. } => path.as_str().to_owned(),
        Listed::Directory { path } => format!("{}/", path.as_str()),
        Listed::Unreadable { about } => format!("?{about}"),
        other => panic!("{other:?}"),
    });
    words.collect()
}

async fn bytes(folder: &LocalFolder, file: &str, from: u64) -> Result<Vec<u8>> {
    let read = folder.read(&path(file), from, None).await?;
    Ok(read.bytes.try_collect::<Vec<_>>().await?.concat())
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// Bytes that tell where they stand.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 251 + at) as u8).collect()
}

#[tokio::test]
async fn a_folder_that_comes_later_is_in_trouble_until_then_and_works_from_then_on() {
    let home = tempfile::tempdir().unwrap();
    let share = home.path().join("share");
    let folder = LocalFolder::expected_at(&share);
    for _ in 0..2 {
        assert!(folder.list(&FolderPath::root()).try_next().await.unwrap_err().is_storage());
        assert!(folder.read(&path("a"), 0, None).await.unwrap_err().is_storage());
        assert!(folder.write(&path("a"), "x".into()).await.unwrap_err().is_storage());
        assert!(folder.notices().is_none());
    }
    assert!(!share.exists(), "it is not made");
    fs::create_dir(&share).unwrap();
    folder.write(&path("a"), "RIFF".into()).await.unwrap();
    assert_eq!(names(&folder, &FolderPath::root()).await, set(["a"]));
    assert_eq!(bytes(&folder, "a", 1).await.unwrap(), b"IFF");
    assert_eq!(folder.path(), share.canonicalize().unwrap());
    fs::remove_dir_all(&share).unwrap();
    assert!(folder.stat(&path("a")).await.unwrap_err().is_storage(), "and gone again, it is no empty folder");
}

#[test]
fn only_a_directory_can_be_opened_and_the_error_says_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "x").unwrap();
    for wrong in [file, home.path().join("missing")] {
        let error = LocalFolder::open(wrong).unwrap_err();
        assert!(error.is_config() && error.advice().is_some_and(|advice| advice.contains("directory")), "{error}");
    }
}

#[tokio::test]
async fn a_listing_shows_files_with_versions_and_directories() {
    let (home, folder) = home();
    fs::create_dir_all(home.path().join("processed/2026-10-19")).unwrap();
    fs::write(home.path().join("a.wav"), "RIFF").unwrap();
    fs::write(home.path().join("processed/b.wav"), "").unwrap();
    assert_eq!(names(&folder, &FolderPath::root()).await, set(["a.wav", "processed/"]));
    assert_eq!(names(&folder, &path("processed")).await, set(["processed/2026-10-19/", "processed/b.wav"]));
    assert_eq!(names(&folder, &path("processed/2026-10-19")).await, set([]));
    assert_eq!(names(&folder, &path("missing")).await, set([]), "a directory that does not exist is empty");
    assert_eq!(names(&folder, &path("a.wav")).await, set([]), "so is a file");

    let version = folder.stat(&path("a.wav")).await.unwrap().unwrap();
    assert_eq!(version.size, 4);
    assert_eq!(version.modified, Some(fs::metadata(home.path().join("a.wav")).unwrap().modified().unwrap().into()));
    let entries = listed(&folder, &FolderPath::root()).await;
    assert!(entries.contains(&Listed::File { path: path("a.wav"), version }));
    for nothing in ["missing.wav", "processed", "a.wav/x", "missing/x"] {
        assert_eq!(folder.stat(&path(nothing)).await.unwrap(), None, "{nothing}");
    }
}

#[tokio::test]
async fn ten_thousand_files_are_listed_each_once() {
    let (home, folder) = home();
    for n in 0..10_000 {
        fs::write(home.path().join(format!("{n}.wav")), "").unwrap();
    }
    let entries = listed(&folder, &FolderPath::root()).await;
    assert_eq!(entries.len(), 10_000);
    assert_eq!(names(&folder, &FolderPath::root()).await.len(), 10_000);
}

#[tokio::test]
async fn a_listing_that_is_given_up_and_files_that_go_meanwhile_do_no_harm() {
    let (home, folder) = home();
    for n in 0..1000 {
        fs::write(home.path().join(format!("{n}.wav")), "").unwrap();
    }
    let mut listing = folder.list(&FolderPath::root());
    assert!(listing.try_next().await.unwrap().is_some());
    fs::read_dir(home.path()).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
    let rest: Vec<_> = listing.try_collect().await.unwrap();
    assert!(rest.len() < 1000, "{}", rest.len());
    drop(folder.list(&FolderPath::root()));
}

#[tokio::test]
async fn a_file_is_read_whole_or_from_an_offset_on() {
    let (home, folder) = home();
    for length in [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_000] {
        let content = pattern(length);
        fs::write(home.path().join("a.wav"), &content).unwrap();
        for from in [0, 1, length / 2, length] {
            let from = from.min(length);
            let read = bytes(&folder, "a.wav", from as u64).await.unwrap();
            assert!(read == content[from..], "{length} bytes from {from}");
        }
        let error = bytes(&folder, "a.wav", length as u64 + 1).await.unwrap_err();
        assert!(error.is_changed(), "{error}");
    }
}

#[tokio::test]
async fn a_file_of_another_version_is_not_read() {
    let (home, folder) = home();
    let file = home.path().join("a.wav");
    fs::write(&file, "RIFF").unwrap();
    let version = folder.stat(&path("a.wav")).await.unwrap().unwrap();
    let read = folder.read(&path("a.wav"), 0, Some(&version)).await.unwrap();
    assert_eq!(read.version, version);
    let error = folder.read(&path("a.wav"), 0, Some(&Version::new(4, None))).await.unwrap_err();
    assert!(error.is_changed(), "{error}");
    let error = folder.read(&path("b.wav"), 0, Some(&version)).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

/// Something that is done to a file.
type Meddle = fn(&Path);

/// Reads the first piece of a large file, does something to the file, and reads on.
async fn read_around(meddle: Meddle) -> Result<usize> {
    let (home, folder) = home();
    let file = home.path().join("a.wav");
    fs::write(&file, pattern(1_000_000)).unwrap();
    let mut read = folder.read(&path("a.wav"), 0, None).await.unwrap();
    let mut length = read.bytes.try_next().await.unwrap().unwrap().len();
    assert!(length < 1_000_000);
    meddle(&file);
    while let Some(bytes) = read.bytes.try_next().await? {
        length += bytes.len();
    }
    Ok(length)
}

fn set_times(file: &Path, second: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
    fs::OpenOptions::new().write(true).open(file).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_changed() {
    assert_eq!(read_around(|_| ()).await.unwrap(), 1_000_000);
    let meddlers: [(&str, Meddle); 7] = [
        ("it shrinks", |file| fs::OpenOptions::new().write(true).open(file).unwrap().set_len(300_000).unwrap()),
        ("it grows", |file| fs::OpenOptions::new().write(true).open(file).unwrap().set_len(1_000_001).unwrap()),
        ("it is written over", |file| set_times(file, 1_700_000_000)),
        ("another takes its place", |file| {
            let other = file.with_extension("new");
            fs::write(&other, pattern(1_000_000)).unwrap();
            set_times(&other, 1_700_000_000);
            fs::rename(other, file).unwrap();
        }),
        ("it grows elsewhere, and one of its version takes its place", |file| {
            let other = file.with_extension("new");
            let modified = fs::metadata(file).unwrap().modified().unwrap();
            fs::rename(file, &other).unwrap();
            fs::write(file, pattern(1_000_000)).unwrap();
            fs::OpenOptions::new().write(true).open(file).unwrap().set_modified(modified).unwrap();
            fs::OpenOptions::new().append(true).open(other).unwrap().set_len(1_000_001).unwrap();
        }),
        ("it is removed", |file| fs::remove_file(file).unwrap()),
        ("a directory takes its place", |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        }),
    ];
    for (what, meddle) in meddlers {
        let error = read_around(meddle).await.unwrap_err();
        assert!(error.is_changed() && error.is_retryable(), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_move_makes_directories_and_never_overwrites() {
    let (home, folder) = home();
    let [a, taken, other] = [path("a.wav"), path("processed/2026-10-19/a.wav"), path("b.wav")];
    folder.write(&a, Bytes::from_static(b"new")).await.unwrap();
    folder.write(&other, Bytes::from_static(b"old")).await.unwrap();

    assert_eq!(folder.rename(&a, &other).await.unwrap(), Renamed::TargetTaken);
    assert_eq!(folder.rename(&a, &a).await.unwrap(), Renamed::TargetTaken);
    assert_eq!(bytes(&folder, "a.wav", 0).await.unwrap(), b"new");
    assert_eq!(bytes(&folder, "b.wav", 0).await.unwrap(), b"old");

    assert_eq!(folder.rename(&a, &taken).await.unwrap(), Renamed::Done);
    assert_eq!(names(&folder, &FolderPath::root()).await, set(["b.wav", "processed/"]));
    assert_eq!(fs::read(home.path().join("processed/2026-10-19/a.wav")).unwrap(), b"new");

    assert_eq!(folder.rename(&a, &path("c.wav")).await.unwrap(), Renamed::SourceGone);
    assert_eq!(folder.rename(&path("missing/a.wav"), &path("c.wav")).await.unwrap(), Renamed::SourceGone);
    assert_eq!(folder.rename(&path("processed"), &path("done")).await.unwrap(), Renamed::SourceGone, "only files move");
    assert_eq!(folder.rename(&other, &path("processed/2026-10-19")).await.unwrap(), Renamed::TargetTaken);
    let error = folder.rename(&other, &path("processed/2026-10-19/a.wav/b.wav")).await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("stands where a directory should be"), "{error}");
    assert!(folder.rename(&other, &FolderPath::root()).await.is_err());
    assert_eq!(bytes(&folder, "b.wav", 0).await.unwrap(), b"old");
}

#[tokio::test]
async fn a_small_file_is_written_whole_and_leaves_nothing_beside_it() {
    let (home, folder) = home();
    let report = path("rejected/a.reason.json");
    for content in ["{}", "{\"reason\":\"bad_file_name\"}", ""] {
        folder.write(&report, content.into()).await.unwrap();
        assert_eq!(bytes(&folder, "rejected/a.reason.json", 0).await.unwrap(), content.as_bytes());
    }
    fs::create_dir(home.path().join("busy")).unwrap();
    folder.write(&path("busy"), "x".into()).await.unwrap_err();
    folder.write(&FolderPath::root(), "x".into()).await.unwrap_err();
    assert_eq!(names(&folder, &path("rejected")).await, set(["rejected/a.reason.json"]));
    assert_eq!(names(&folder, &FolderPath::root()).await, set(["busy/", "rejected/"]));
}

#[tokio::test]
async fn files_and_empty_directories_can_be_removed() {
    let (_home, folder) = home();
    let (dir, file) = (path("processed"), path("processed/a.wav"));
    folder.write(&file, "x".into()).await.unwrap();
    let error = folder.remove(&dir).await.unwrap_err();
    assert!(error.is_changed() && error.to_string().contains("not empty"), "{error}");
    assert!(folder.remove(&file).await.unwrap());
    assert!(!folder.remove(&file).await.unwrap());
    assert!(folder.remove(&dir).await.unwrap());
    assert!(!folder.remove(&file).await.unwrap());
}

#[tokio::test]
async fn writable_says_what_writing_would_say() {
    let (home, folder) = home();
    assert!(folder.writable().await.unwrap());
    let mut permissions = fs::metadata(home.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(home.path(), permissions.clone()).unwrap();
    let said = folder.writable().await.unwrap();
    let written = folder.write(&path("a.wav"), "x".into()).await;
    #[expect(clippy::permissions_set_readonly_false, reason = "a directory of this test alone")]
    permissions.set_readonly(false);
    fs::set_permissions(home.path(), permissions).unwrap();
    assert_eq!(said, written.is_ok(), "{written:?}");
    assert!(written.map_or_else(|error| error.is_forbidden(), |()| true));
}

#[tokio::test]
async fn a_folder_that_is_gone_is_trouble_and_not_an_empty_folder() {
    let (home, folder) = home();
    let moved = home.path().with_extension("unmounted");
    fs::rename(home.path(), &moved).unwrap();
    let a = path("a.wav");
    let answers: [(&str, Option<Error>); 7] = [
        ("list", folder.list(&FolderPath::root()).try_collect::<Vec<_>>().await.err()),
        ("stat", folder.stat(&a).await.err()),
        ("read", folder.read(&a, 0, None).await.err()),
        ("rename", folder.rename(&a, &path("b.wav")).await.err()),
        ("write", folder.write(&a, "x".into()).await.err()),
        ("remove", folder.remove(&a).await.err()),
        ("writable", folder.writable().await.err()),
    ];
    fs::rename(moved, home.path()).unwrap();
    for (operation, error) in answers {
        let error = error.unwrap_or_else(|| panic!("{operation} went well"));
        assert!(error.is_storage() && error.is_retryable(), "{error}");
        assert_eq!(error.operation(), Some(operation));
    }
    assert_eq!(folder.stat(&a).await.unwrap(), None, "it is back");
}
