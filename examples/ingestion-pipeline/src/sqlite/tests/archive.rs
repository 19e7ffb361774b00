//! What a comparison learns of what is stored.

use std::time::Duration;

use connector_core::reconcile::{Archive, StoredMedia, StoredVersion};
use connector_core::{Origin, Revision};

use super::{Scratch, call, stored_recording};
use crate::call::Media;
use crate::fakes::{at, changed, ended, origin, recording, told};
use crate::sqlite::archive::SqliteArchive;
use crate::store::WorkStore;

/// Stores a call with so many recordings of ten seconds each.
async fn store(scratch: &Scratch, id: &str, media: Media, recordings: usize) {
    scratch.hear(0, [ended(id, 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    let mut call = call(&origin(), id, 1);
    call.media = media;
    call.recordings = (0..recordings)
        .map(|n| {
            let mut recording = recording(id, &n.to_string());
            recording.length = Some(Duration::from_secs(10));
            stored_recording(&call.prefix, recording)
        })
        .collect();
    assert!(scratch.store.commit(&row.lease, &call).await.unwrap());
    scratch.finish(&row, 1).await;
}

#[tokio::test]
async fn every_call_of_a_batch_is_answered_in_its_place() {
    let scratch = Scratch::new().await;
    store(&scratch, "two", Media::Complete, 2).await;
    store(&scratch, "none", Media::None, 0).await;
    store(&scratch, "given \"up\"", Media::Missing, 1).await;
    store(&scratch, "worked on", Media::Complete, 1).await;
    scratch.hear(2, [changed("worked on", 2), ended("new", 1)]).await;

    let archive = SqliteArchive::new(scratch.store.clone(), origin());
    let asked = ["new", "unknown", "two", "worked on", "given \"up\"", "none"].map(|id| told(id, 1));
    let stored = archive.stored(&asked).await.unwrap();
    let told: Vec<_> = stored.iter().map(|s| s.as_ref().map(|s| (s.media, s.recordings, s.audio))).collect();
    let seconds = |n| Some(Duration::from_secs(n));
    assert_eq!(
        told,
        [
            Some((StoredMedia::Pending, Some(0), None)),
            None,
            Some((StoredMedia::Complete, Some(2), seconds(20))),
            Some((StoredMedia::Pending, Some(1), seconds(10))),
            Some((StoredMedia::Missing, Some(1), seconds(10))),
            Some((StoredMedia::None, Some(0), None)),
        ]
    );
    let revision = Revision::new(at(1), "r1");
    assert_eq!(stored[2].as_ref().unwrap().legs[0].version, StoredVersion::Revision(revision));
    assert!(stored[0].as_ref().unwrap().legs.is_empty());

    let other = SqliteArchive::new(scratch.store.clone(), Origin::new("acme", "other"));
    assert_eq!(other.stored(&asked).await.unwrap(), vec![None; 6], "another source's calls are its own");
    assert_eq!(archive.stored(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn recordings_of_which_one_has_no_known_length_have_none_together() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("c", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    let mut call = call(&origin(), "c", 1);
    let mut known = recording("c", "2");
    known.length = Some(Duration::from_secs(10));
    call.recordings.push(stored_recording(&call.prefix, known));
    scratch.store.commit(&row.lease, &call).await.unwrap();
    scratch.finish(&row, 1).await;
    let archive = SqliteArchive::new(scratch.store.clone(), origin());
    let stored = archive.stored(&[told("c", 1)]).await.unwrap().remove(0).unwrap();
    assert_eq!((stored.recordings, stored.audio), (Some(2), None));
}

#[tokio::test]
async fn what_an_older_format_stored_is_known_as_well() {
    let scratch = Scratch::new().await;
    store(&scratch, "two", Media::Complete, 2).await;
    let known = |scratch: &Scratch| SqliteArchive::new(scratch.store.clone(), origin());
    let asked = [told("two", 1)];
    let before = known(&scratch).stored(&asked).await.unwrap();
    scratch.sql("DROP TABLE versions; CREATE TABLE legs (leg TEXT); PRAGMA user_version = 3").await;
    let scratch = scratch.reopen().await;
    assert_eq!(known(&scratch).stored(&asked).await.unwrap(), before);
    assert!(before[0].as_ref().is_some_and(|stored| stored.legs.len() == 1 && stored.recordings == Some(2)));
}
