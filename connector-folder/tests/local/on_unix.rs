//! What there is besides files and directories, and names that are no text.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

/// A directory outside with a file in it.
fn elsewhere() -> (TempDir, PathBuf) {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("secret.wav");
    fs::write(&file, "secret").unwrap();
    (elsewhere, file)
}

#[tokio::test]
async fn a_link_is_neither_listed_nor_read_nor_moved() {
    let (home, folder) = home();
    let (outside, secret) = elsewhere();
    symlink(&secret, home.path().join("a.wav")).unwrap();
    symlink(outside.path(), home.path().join("dir")).unwrap();
    symlink("b.wav", home.path().join("inside.wav")).unwrap();
    symlink("nowhere", home.path().join("dangling.wav")).unwrap();
    fs::write(home.path().join("b.wav"), "RIFF").unwrap();
    assert_eq!(names(&folder, &FolderPath::root()).await, set(["b.wav"]));
    assert_eq!(names(&folder, &path("dir")).await, set([]));
    for link in ["a.wav", "dir/secret.wav", "inside.wav", "dangling.wav", "dir"] {
        let link = path(link);
        assert_eq!(folder.stat(&link).await.unwrap(), None, "{link}");
        assert!(folder.read(&link, 0, None).await.unwrap_err().is_not_found(), "{link}");
        assert_eq!(folder.rename(&link, &path("c.wav")).await.unwrap(), Renamed::SourceGone, "{link}");
        assert!(!folder.remove(&link).await.unwrap(), "{link}");
    }
    assert_eq!(folder.rename(&path("b.wav"), &path("dangling.wav")).await.unwrap(), Renamed::TargetTaken);
    folder.write(&path("a.wav"), "own".into()).await.unwrap();
    assert_eq!(fs::read(&secret).unwrap(), b"secret", "the link was replaced, not followed");
    assert_eq!(bytes(&folder, "a.wav", 0).await.unwrap(), b"own");
}

#[tokio::test]
async fn a_link_in_place_of_a_directory_is_refused() {
    let (home, folder) = home();
    let (outside, _secret) = elsewhere();
    symlink(outside.path(), home.path().join("processed")).unwrap();
    fs::write(home.path().join("a.wav"), "RIFF").unwrap();
    for to in ["processed/a.wav", "processed/2026-10-19/a.wav"] {
        let error = folder.rename(&path("a.wav"), &path(to)).await.unwrap_err();
        assert!(error.is_forbidden() && error.to_string().contains("a link or a file stands"), "{error}");
        let error = folder.write(&path(to), "x".into()).await.unwrap_err();
        assert!(error.is_forbidden(), "{error}");
    }
    assert!(home.path().join("a.wav").exists());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "nothing came there");
}

#[tokio::test]
async fn the_folder_may_be_named_by_a_link() {
    let (home, folder) = home();
    folder.write(&path("a.wav"), "x".into()).await.unwrap();
    let (outside, _secret) = elsewhere();
    let link = outside.path().join("drop");
    symlink(home.path(), &link).unwrap();
    let by_link = LocalFolder::open(link).unwrap();
    assert_eq!(by_link.path(), folder.path());
    assert_eq!(names(&by_link, &FolderPath::root()).await, set(["a.wav"]));
}

/// With nobody at its other end, opening a pipe would wait for ever.
#[tokio::test]
async fn a_pipe_or_socket_named_like_a_recording_hangs_nothing() {
    let (home, folder) = home();
    let pipe = home.path().join("x.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(home.path().join("y.wav")).unwrap();
    assert_eq!(names(&folder, &FolderPath::root()).await, set([]));
    for name in ["x.wav", "y.wav"] {
        assert_eq!(folder.stat(&path(name)).await.unwrap(), None);
        assert!(folder.read(&path(name), 0, None).await.unwrap_err().is_not_found());
        assert_eq!(folder.rename(&path(name), &path("z.wav")).await.unwrap(), Renamed::SourceGone);
        assert!(!folder.remove(&path(name)).await.unwrap());
    }
    assert!(pipe.exists());
}

#[tokio::test]
async fn names_that_cannot_be_spoken_of_are_told_without_the_login() {
    let (home, folder) = home();
    for name in [&b"20261019-140253_jo\xffe.wav"[..], b"joe\n.wav", b"joe\\x.json", b"joe\xc3"] {
        fs::write(home.path().join(OsStr::from_bytes(name)), "x").unwrap();
    }
    symlink("/", home.path().join(OsStr::from_bytes(b"\xff.wav"))).unwrap();
    fs::write(home.path().join("a.wav"), "x").unwrap();
    let entries = listed(&folder, &FolderPath::root()).await;
    let unreadable = entries.iter().filter(|entry| matches!(entry, Listed::Unreadable { .. }));
    assert_eq!((unreadable.count(), entries.len()), (4, 5));
    let shown = format!("{:?}", names(&folder, &FolderPath::root()).await);
    assert!(!shown.contains("jo"), "{shown}");
    assert!(shown.contains("?20261019-140253_•••.wav") && shown.contains("\"a.wav\""), "{shown}");
}
