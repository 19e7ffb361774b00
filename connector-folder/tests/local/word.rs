//! Word of finished files.

use std::io::Write;
use std::time::Duration;

use connector_folder::Notice;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::*;

async fn next(notices: &mut BoxStream<'static, Notice>) -> Option<Notice> {
    tokio::time::timeout(Duration::from_secs(20), notices.next()).await.expect("no word came")
}

/// The words until this one.
async fn until(notices: &mut BoxStream<'static, Notice>, last: &Notice) -> Vec<Notice> {
    let mut heard = Vec::new();
    loop {
        let word = next(notices).await.expect("the words ended");
        if word == *last {
            return heard;
        }
        heard.push(word);
    }
}

#[tokio::test]
async fn a_file_is_whole_when_it_is_closed_and_not_before() {
    let (home, folder) = home();
    let mut notices = folder.notices().unwrap();
    let a = path("a.wav");
    let mut file = fs::File::create(home.path().join("a.wav")).unwrap();
    for _ in 0..3 {
        file.write_all(b"piece").unwrap();
        assert_eq!(next(&mut notices).await, Some(Notice::Written(a.clone())));
    }
    drop(file);
    let before = until(&mut notices, &Notice::Whole(a.clone())).await;
    assert!(before.iter().all(|word| *word == Notice::Written(a.clone())), "{before:?}");
}

#[tokio::test]
async fn a_file_is_whole_when_it_is_renamed_into_place() {
    let (home, folder) = home();
    let outside = tempfile::tempdir_in(home.path().parent().unwrap()).unwrap();
    fs::write(outside.path().join("a"), "RIFF").unwrap();
    fs::write(home.path().join(".b.wav.part"), "RIFF").unwrap();
    let mut notices = folder.notices().unwrap();
    fs::rename(outside.path().join("a"), home.path().join("a.wav")).unwrap();
    assert_eq!(next(&mut notices).await, Some(Notice::Whole(path("a.wav"))));
    fs::rename(home.path().join(".b.wav.part"), home.path().join("b.wav")).unwrap();
    assert_eq!(next(&mut notices).await, Some(Notice::Whole(path("b.wav"))));
}

#[tokio::test]
async fn taking_a_file_away_and_reading_it_say_nothing() {
    let (home, folder) = home();
    fs::write(home.path().join("a.wav"), "RIFF").unwrap();
    fs::create_dir(home.path().join("processed")).unwrap();
    let mut notices = folder.notices().unwrap();
    bytes(&folder, "a.wav", 0).await.unwrap();
    folder.rename(&path("a.wav"), &path("processed/a.wav")).await.unwrap();
    fs::write(home.path().join("last.wav"), "x").unwrap();
    let before = until(&mut notices, &Notice::Whole(path("last.wav"))).await;
    assert!(before.iter().all(|word| *word == Notice::Written(path("last.wav"))), "{before:?}");
}

#[tokio::test]
async fn the_words_end_when_the_folder_goes() {
    let outer = tempfile::tempdir().unwrap();
    let home = outer.path().join("drop");
    fs::create_dir(&home).unwrap();
    let folder = LocalFolder::open(&home).unwrap();
    let mut notices = folder.notices().unwrap();
    fs::remove_dir(&home).unwrap();
    assert_eq!(next(&mut notices).await, Some(Notice::Missed));
    assert_eq!(next(&mut notices).await, None);
    assert!(folder.notices().is_none(), "a folder that is gone cannot be watched");
}

/// Each watcher holds an inotify instance, of which a user has 128 by default.
#[tokio::test]
async fn dropping_the_words_stops_the_watcher() {
    let instances = || {
        let handles = fs::read_dir("/proc/self/fd").unwrap();
        let targets = handles.filter_map(|handle| fs::read_link(handle.unwrap().path()).ok());
        targets.filter(|target| target.to_string_lossy().contains("inotify")).count()
    };
    let (home, folder) = home();
    for _ in 0..500 {
        let mut notices = folder.notices().unwrap();
        fs::write(home.path().join("a.wav"), "x").unwrap();
        assert!(next(&mut notices).await.is_some());
    }
    for _ in 0..2000 {
        if instances() < 50 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} watchers are left", instances());
}
