//! Calls, their recordings, their messages and the views on them.

use connector_core::{AgentRef, Direction, Origin, Stamp};
use sqlx::Row;

use super::{LEASE, Scratch, call, is_storage, stored_recording};
use crate::call::Media;
use crate::fakes::{at, batch, ended, origin, recording};
use crate::sqlite::CallFilter;
use crate::store::WorkStore;
use crate::work::Lease;

async fn leased(scratch: &Scratch) -> Lease {
    scratch.hear(0, [ended("c", 1)]).await;
    scratch.lease(0).await.unwrap().lease
}

#[tokio::test]
async fn a_call_is_read_as_it_was_written() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    let mut written = call(&origin(), "c", 1);
    written.document.this.aliases.push(connector_core::Alias::new("tag", "t"));
    assert!(scratch.store.commit(&lease, &written).await.unwrap());
    assert_eq!(scratch.store.call(&origin(), "c").await.unwrap(), Some(written));
    assert_eq!(scratch.store.call(&origin(), "d").await.unwrap(), None);
    assert_eq!(
        scratch.number("SELECT count(*) FROM aliases WHERE (kind, value, conversation) = ('tag', 't', 'c')").await,
        1
    );
}

#[tokio::test]
async fn only_the_next_version_can_be_committed() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    for (version, accepted) in [(2, false), (0, false), (1, true), (1, false), (3, false), (2, true)] {
        let committed = scratch.store.commit(&lease, &call(&origin(), "c", version)).await.unwrap();
        assert_eq!(committed, accepted, "version {version}");
    }
    assert_eq!(scratch.store.call(&origin(), "c").await.unwrap().unwrap().version, 2);
    assert_eq!(scratch.number("SELECT count(*) FROM outbox").await, 2);
}

#[tokio::test]
async fn a_version_is_committed_with_its_message_or_not_at_all() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    scratch.sql("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'the disk is full'); END").await;
    assert!(is_storage(scratch.store.commit(&lease, &call(&origin(), "c", 1)).await));
    assert_eq!(scratch.store.call(&origin(), "c").await.unwrap(), None);
    assert_eq!(scratch.number("SELECT count(*) FROM recordings").await, 0);
    scratch.sql("DROP TRIGGER full").await;
    assert!(scratch.store.commit(&lease, &call(&origin(), "c", 1)).await.unwrap(), "the lease is good still");
}

#[tokio::test]
async fn a_message_waits_until_it_is_published() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    scratch.store.commit(&lease, &call(&origin(), "c", 1)).await.unwrap();
    scratch.store.commit(&lease, &call(&origin(), "c", 2)).await.unwrap();
    let waiting = scratch.store.unpublished(&origin(), "c").await.unwrap();
    assert_eq!(
        waiting.iter().map(|message| message.key.as_str()).collect::<Vec<_>>(),
        ["acme/drop/c#1", "acme/drop/c#2"]
    );
    assert_eq!(waiting[0], call(&origin(), "c", 1).message());
    scratch.store.published("acme/drop/c#1", at(5)).await.unwrap();
    scratch.store.published("acme/drop/c#1", at(9)).await.unwrap();
    assert_eq!(scratch.store.unpublished(&origin(), "c").await.unwrap(), waiting[1..]);
    assert_eq!(scratch.store.published_of(&origin(), "c").await.unwrap(), [at(5)], "the first time stands");
    assert!(scratch.store.unpublished(&origin(), "d").await.unwrap().is_empty());
}

#[tokio::test]
async fn messages_come_in_the_order_of_their_versions() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    for version in 1..=11 {
        let mut call = call(&origin(), "c", version);
        call.updated = at(0);
        scratch.store.commit(&lease, &call).await.unwrap();
    }
    let versions: Vec<u32> =
        scratch.store.unpublished(&origin(), "c").await.unwrap().iter().map(|message| message.version).collect();
    assert_eq!(versions, (1..=11).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_recording_is_replaced_by_its_newer_version_and_others_stay() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    let first = call(&origin(), "c", 1);
    scratch.store.commit(&lease, &first).await.unwrap();
    let mut second = call(&origin(), "c", 2);
    second.recordings[0].sha256 = "abcd".into();
    second.recordings.push(stored_recording(&second.prefix, recording("c", "2")));
    scratch.store.commit(&lease, &second).await.unwrap();
    assert_eq!(scratch.store.call(&origin(), "c").await.unwrap(), Some(second));
    let rows = scratch.store.recordings(&origin()).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.recording.as_str(), row.sha256.as_str())).collect::<Vec<_>>(),
        [("1", "abcd"), ("2", "00ff")]
    );
}

#[tokio::test]
async fn two_sources_with_equal_ids_stay_apart() {
    let scratch = Scratch::new().await;
    let origins = [origin(), Origin::new("acme", "other"), Origin::new("other", "drop")];
    for (index, of) in origins.iter().enumerate() {
        let mut batch = batch(0, [ended("c", 1)]);
        batch.origin = of.clone();
        assert_eq!(scratch.store.record(&batch).await.unwrap().events, 1);
        let row = scratch.store.lease(std::slice::from_ref(of), at(0), LEASE, 9).await.unwrap().pop().unwrap();
        let mut call = call(of, "c", 1);
        call.recordings[0].sha256 = index.to_string();
        assert!(scratch.store.commit(&row.lease, &call).await.unwrap());
    }
    for (index, of) in origins.iter().enumerate() {
        let call = scratch.store.call(of, "c").await.unwrap().unwrap();
        assert_eq!((&call.origin, call.recordings[0].sha256.as_str()), (of, index.to_string().as_str()));
        assert_eq!(scratch.store.unpublished(of, "c").await.unwrap().len(), 1);
    }
    let tally = scratch.store.tally().await.unwrap();
    assert_eq!((tally.calls, tally.recordings, tally.bytes, tally.resumed, tally.open), (3, 3, 12, 6, 3));
}

#[tokio::test]
async fn the_columns_of_the_views_are_as_promised() {
    let scratch = Scratch::new().await;
    let columns = async |query: &'static str| -> Vec<String> {
        let rows = sqlx::query(query).fetch_all(&scratch.store.readers).await.unwrap();
        rows.iter().map(|row| row.get("name")).collect()
    };
    let calls = columns("PRAGMA table_info(calls_v1)").await.join(" ");
    insta::assert_snapshot!(calls, @"tenant source vendor conversation version direction started ended duration_s agents media recordings stored updated");
    let recordings = columns("PRAGMA table_info(recordings_v1)").await.join(" ");
    insta::assert_snapshot!(recordings, @"tenant source conversation recording sha256 size object kind media_type length_s stored");
}

#[tokio::test]
async fn the_views_say_what_is_stored() {
    let scratch = Scratch::new().await;
    let lease = leased(&scratch).await;
    let mut written = call(&origin(), "c", 1);
    written.document.direction = Direction::Inbound;
    written.document.ended = Some(Stamp::vendor(at(90)));
    written.document.legs[0].agent = Some(AgentRef::default().with_login("kay"));
    written.media = Media::Partial;
    scratch.store.commit(&lease, &written).await.unwrap();
    let rows = scratch.store.calls(&CallFilter::default()).await.unwrap();
    let row = serde_json::to_string(&rows[0]).unwrap();
    insta::assert_snapshot!(row, @r#"{"tenant":"acme","source":"drop","vendor":"universal","conversation":"c","version":1,"direction":"inbound","started":"2026-10-19T08:00:00.000Z","ended":"2026-10-19T08:01:30.000Z","duration_s":90.0,"agents":"kay","media":"partial","recordings":1,"stored":"2026-10-19T08:00:01.000Z","updated":"2026-10-19T08:00:01.000Z"}"#);
    let rows =
        sqlx::query("SELECT kind, media_type, length_s, stored FROM recordings_v1").fetch_one(&scratch.store.readers);
    let row = rows.await.unwrap();
    assert_eq!((row.get::<String, _>(0), row.get::<String, _>(1)), ("call".to_owned(), "audio/wav".to_owned()));
    assert_eq!((row.get::<Option<f64>, _>(2), row.get::<String, _>(3)), (None, "2026-10-19T08:00:01.000Z".to_owned()));
}

#[tokio::test]
async fn calls_are_listed_by_tenant_source_start_and_number() {
    let scratch = Scratch::new().await;
    for (second, id, source) in [(10, "a", "drop"), (30, "b", "drop"), (20, "c", "other")] {
        let of = Origin::new("acme", source);
        let mut batch = batch(0, [ended(id, 1)]);
        batch.origin = of.clone();
        scratch.record(batch).await;
        let row = scratch.store.lease(std::slice::from_ref(&of), at(0), LEASE, 9).await.unwrap().pop().unwrap();
        let mut call = call(&of, id, 1);
        call.document.started = Some(Stamp::vendor(at(second)));
        scratch.store.commit(&row.lease, &call).await.unwrap();
    }
    let listed = async |filter: CallFilter| -> String {
        scratch.store.calls(&filter).await.unwrap().iter().map(|row| row.conversation.as_str()).collect()
    };
    let all = CallFilter::default;
    assert_eq!(listed(all()).await, "bca");
    assert_eq!(listed(CallFilter { source: Some("drop".into()), ..all() }).await, "ba");
    assert_eq!(listed(CallFilter { since: Some(at(20)), ..all() }).await, "bc");
    assert_eq!(listed(CallFilter { limit: Some(1), ..all() }).await, "b");
    assert_eq!(listed(CallFilter { tenant: Some("other".into()), ..all() }).await, "");
}
