//! Sessions of sound, as people and other programs read them.

use std::time::Duration;

use connector_core::reconcile::Archive;
use connector_core::{AgentRef, RecordingKind};
use sqlx::Row;

use super::{Scratch, call, stored_recording};
use crate::fakes::{at, ended, origin, recording, told};
use crate::session::{LiveStore, SessionPart, SessionRow, SessionState};
use crate::sqlite::archive::SqliteArchive;
use crate::store::WorkStore;

fn part(recording: &str, samples: u64, agents: &[AgentRef]) -> SessionPart {
    SessionPart { recording: recording.to_owned(), from: 0, samples, legs: Vec::new(), agents: agents.to_vec() }
}

#[tokio::test]
async fn the_view_tells_enough_to_recount_the_sound() {
    let scratch = Scratch::new().await;
    let mut row = SessionRow::new(origin(), "s", "call", at(0));
    assert!(scratch.store.begin(&row).await.unwrap());
    (row.state, row.samples, row.lost, row.ended) = (SessionState::Matched, 80_000, 4_000, Some(at(10)));
    let (kay, lee) = (AgentRef::default().with_login("kay"), AgentRef::default().with_id("17"));
    row.parts = vec![part("live-s-1", 16_000, std::slice::from_ref(&kay)), part("live-s-2", 8_000, &[kay, lee])];
    assert!(scratch.store.change(SessionState::Open, &row).await.unwrap());
    let shown = sqlx::query("SELECT * FROM live_v1").fetch_one(&scratch.store.readers).await.unwrap();
    assert_eq!(
        (shown.get::<f64, _>("length_s"), shown.get::<f64, _>("parts_s"), shown.get::<f64, _>("lost_s")),
        (10.0, 3.0, 0.5)
    );
    assert_eq!((shown.get::<i64, _>("parts"), shown.get::<bool, _>("whole")), (2, false));
    assert_eq!((shown.get::<&str, _>("state"), shown.get::<&str, _>("agents")), ("matched", "kay, 17"));
    assert_eq!(shown.get::<&str, _>("ended"), "2026-10-19T08:00:10.000Z");

    assert!(scratch.store.begin(&SessionRow::new(origin(), "t", "call", at(20))).await.unwrap());
    let nobody = "SELECT agents IS NULL AND parts = 0 AND parts_s = 0 FROM live_v1 WHERE session = 't'";
    assert_eq!(scratch.number(nobody).await, 1);
}

#[tokio::test]
async fn a_file_of_the_version_before_learns_of_sessions() {
    let scratch = Scratch::new().await;
    scratch.sql("DROP VIEW live_v1; DROP TABLE live; PRAGMA user_version = 4").await;
    let scratch = scratch.reopen().await;
    assert!(scratch.store.begin(&SessionRow::new(origin(), "s", "call", at(0))).await.unwrap());
    assert_eq!(scratch.number("SELECT count(*) FROM live_v1").await, 1);
}

#[tokio::test]
async fn a_comparison_counts_the_recordings_of_the_vendor_alone() {
    let scratch = Scratch::new().await;
    scratch.hear(0, [ended("call", 1)]).await;
    let row = scratch.lease(0).await.unwrap();
    let mut stored = call(&origin(), "call", 1);
    stored.recordings = [("1", RecordingKind::Call), ("live-s-1", RecordingKind::Live)]
        .map(|(id, kind)| {
            let mut recording = recording("call", id);
            (recording.kind, recording.length) = (kind, Some(Duration::from_secs(10)));
            stored_recording(&stored.prefix, recording)
        })
        .into();
    assert!(scratch.store.commit(&row.lease, &stored).await.unwrap());
    scratch.finish(&row, 1).await;
    let archive = SqliteArchive::new(scratch.store.clone(), origin());
    let known = archive.stored(&[told("call", 1)]).await.unwrap().remove(0).unwrap();
    assert_eq!((known.recordings, known.audio), (Some(1), Some(Duration::from_secs(10))));
}
