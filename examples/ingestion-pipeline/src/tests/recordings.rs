//! The recordings of a call: not ready, gone, cut, changed, wrong, slow.

use std::time::Duration;

use bytes::Bytes;
use connector_core::{CallEventKind, Error, Gone, Lookup, Outlook, RecordingSet, Validator};
use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};

use crate::call::{Media, StoredCall};
use crate::fakes::{Bench, FakeSource, changed, ended, event, piece_by_piece, ready, recording, with_receipt};

const MINUTE: Duration = Duration::from_secs(60);

fn stored(bench: &Bench) -> StoredCall {
    bench.store.stored("c").expect("the call is stored")
}

/// The contents of all recordings that the store knows of.
fn contents(bench: &Bench) -> Vec<String> {
    let read = |key: &str| String::from_utf8(bench.sink.object(key).unwrap()).unwrap();
    stored(bench).recordings.iter().map(|recording| read(&recording.object)).collect()
}

fn gone<T: Send + 'static>(why: Gone) -> BoxFuture<'static, connector_core::Result<Lookup<T>>> {
    future::ready(Ok(Lookup::Gone(why))).boxed()
}

fn fails<T: Send + 'static>(error: Error) -> BoxFuture<'static, connector_core::Result<Lookup<T>>> {
    future::ready(Err(error)).boxed()
}

fn not_ready<T: Send + 'static>(retry_after: Duration) -> BoxFuture<'static, connector_core::Result<Lookup<T>>> {
    future::ready(Ok(Lookup::NotReady { retry_after })).boxed()
}

fn both(conversation: &str) -> Vec<connector_core::Recording> {
    vec![recording(conversation, "1"), recording(conversation, "2")]
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_not_ready_is_fetched_when_it_is_due() {
    let source = FakeSource::new().fetching(|_, before, _| if before < 3 { not_ready(MINUTE) } else { ready("wav") });
    let bench = Bench::new(source);
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    bench.step().await;
    assert_eq!((stored(&bench).media, bench.source.settled().len()), (Media::Partial, 0));
    bench.work_all().await;
    assert_eq!(bench.clock.now(), crate::fakes::at(180));
    assert_eq!((stored(&bench).version, stored(&bench).media), (2, Media::Complete));
    assert_eq!((contents(&bench), bench.source.settled().len()), (vec!["wav".to_owned()], 1));
    assert_eq!(bench.sent.keys(), ["acme/drop/c#1", "acme/drop/c#2"]);
}

#[tokio::test(start_paused = true)]
async fn a_partial_set_is_stored_and_the_rest_waited_for() {
    let source = FakeSource::new().listing(|call, before| {
        let outlook = if before < 2 { Outlook::More { retry_after: MINUTE } } else { Outlook::Complete };
        Ok(RecordingSet::new(both(&call.this.id)[..(before + 1).min(2)].to_vec(), outlook))
    });
    let bench = Bench::new(source.fetching(|recording, _, _| ready(recording.id.clone())));
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Partial, vec!["1".to_owned()]));
    bench.work_all().await;
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Complete, vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!((bench.source.asked("fetch c/1"), bench.source.asked("fetch c/2")), (1, 1), "none is fetched twice");
    assert_eq!(stored(&bench).version, 3, "one recording, both, and that this is all");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_ready_does_not_keep_another_from_being_stored() {
    let source = FakeSource::new().listing(|call, _| Ok(RecordingSet::new(both(&call.this.id), Outlook::Complete)));
    let bench = Bench::new(source.fetching(|recording, before, _| {
        if recording.id == "1" && before == 0 { not_ready(MINUTE) } else { ready(recording.id.clone()) }
    }));
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Partial, vec!["2".to_owned()]));
    bench.work_all().await;
    assert_eq!((stored(&bench).media, stored(&bench).recordings.len()), (Media::Complete, 2));
}

#[tokio::test(start_paused = true)]
async fn after_its_patience_the_call_is_stored_with_media_missing() {
    let source = FakeSource::new().patient_for(10 * MINUTE).fetching(|_, _, _| not_ready(MINUTE));
    let bench = Bench::new(source);
    bench.hear([with_receipt(ended("c", 1), "file")]).await;
    bench.work_all().await;
    assert_eq!(bench.clock.now(), crate::fakes::at(600));
    assert_eq!((stored(&bench).media, stored(&bench).version), (Media::Missing, 2));
    assert!(bench.store.all_finished());
    assert_eq!(bench.source.settled(), ["file"], "nothing more is to come of it");
}

#[tokio::test(start_paused = true)]
async fn patience_begins_anew_when_something_new_comes_for_a_finished_call() {
    let source = FakeSource::new()
        .patient_for(10 * MINUTE)
        .fetching(|_, before, _| if (1..5).contains(&before) { not_ready(MINUTE) } else { ready(before.to_string()) });
    let source = source.listing(|call, before| {
        let mut found = recording(&call.this.id, "1");
        found.validator = Some(Validator::new(if before == 0 { "v1" } else { "v2" }));
        Ok(RecordingSet::new(vec![found], Outlook::Complete))
    });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    bench.pass(24 * 60 * MINUTE).await;
    bench.hear([event("c", CallEventKind::RecordingAvailable, "again")]).await;
    bench.work_all().await;
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Complete, vec!["5".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_gone_makes_the_media_missing_and_the_work_done() {
    let source = FakeSource::new().listing(|call, _| Ok(RecordingSet::new(both(&call.this.id), Outlook::Complete)));
    let bench = Bench::new(source.fetching(|recording, _, _| match recording.id.as_str() {
        "1" => gone(Gone::Deleted),
        _ => ready("here"),
    }));
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Missing, vec!["here".to_owned()]));
    assert!(bench.store.dead_letters().is_empty(), "an answer, not an error");
}

#[tokio::test(start_paused = true)]
async fn what_we_have_is_not_missing_though_the_source_deleted_it() {
    let source = FakeSource::new().listing(|call, _| {
        let mut found = recording(&call.this.id, "1");
        found.validator = None;
        Ok(RecordingSet::new(vec![found], Outlook::Complete))
    });
    let bench =
        Bench::new(source.fetching(|_, before, _| if before == 0 { ready("kept") } else { gone(Gone::Deleted) }));
    for revision in [1, 2] {
        bench.hear([ended("c", revision)]).await;
        bench.work_all().await;
    }
    assert_eq!(bench.source.asked("fetch c/1"), 2);
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Complete, vec!["kept".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn nothing_expected_is_media_none() {
    let source = FakeSource::new().listing(|_, _| Ok(RecordingSet::new(Vec::new(), Outlook::Never)));
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!(stored(&bench).media, Media::None);

    let bench = Bench::new(FakeSource::new().without_recordings());
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!(stored(&bench).media, Media::None);
}

#[tokio::test(start_paused = true)]
async fn what_fits_two_calls_is_missing_for_both() {
    let source = FakeSource::new().listing(|_, _| Ok(RecordingSet::new(Vec::new(), Outlook::Ambiguous)));
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!(stored(&bench).media, Media::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_cut_download_goes_on_where_it_was_cut() {
    let source = FakeSource::new().fetching(|_, _, from| {
        let rest = Bytes::from_static(b"whole").slice(from as usize..);
        let pieces = match rest.len() {
            1 => vec![Ok(rest)],
            _ => vec![Ok(rest.slice(..1)), Err(Error::transient("cut"))],
        };
        async move {
            let Lookup::Ready(mut download) = piece_by_piece(pieces, Duration::ZERO).await? else { unreachable!() };
            download.from = from;
            download.size = Some(5);
            Ok(Lookup::Ready(download))
        }
        .boxed()
    });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    assert_eq!((contents(&bench), stored(&bench).recordings[0].resumed), (vec!["whole".to_owned()], 4));
}

#[tokio::test(start_paused = true)]
async fn a_download_that_cannot_be_healed_is_put_off_and_nothing_is_stored_of_it() {
    let source = FakeSource::new().fetching(|_, before, _| match before {
        0..8 => fails(Error::transient("the line is down").with_retry_after(MINUTE)),
        _ => ready("wav"),
    });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    assert_eq!((bench.sink.count(), bench.store.stored("c")), (0, None));
    assert_eq!((bench.store.work_of("c").row.attempts, bench.store.work_of("c").due), (1, crate::fakes::at(60)));
    bench.work_all().await;
    assert_eq!((contents(&bench), bench.store.work_of("c").row.attempts), (vec!["wav".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_changes_on_the_way_is_begun_anew() {
    let source = FakeSource::new().fetching(|_, before, from| {
        let version = if before == 0 { "old" } else { "new" };
        let mut pieces = vec![Ok(Bytes::from(version))];
        if before == 0 {
            pieces.push(Err(Error::transient("cut")));
        }
        async move {
            let Lookup::Ready(mut download) = piece_by_piece(pieces, Duration::ZERO).await? else { unreachable!() };
            download.from = if before == 0 { from } else { 0 };
            download.size = Some(if before == 0 { 6 } else { 3 });
            download.validator = Some(Validator::new(version));
            Ok(Lookup::Ready(download))
        }
        .boxed()
    });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    assert_eq!((contents(&bench), stored(&bench).version), (vec!["new".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn bytes_with_the_wrong_hash_never_take_the_place_of_good_ones() {
    let promise = "d7d5dcc369426e2e5f8dcb89af4308b0daed6e55910d53395ce38bd6dd1a9456";
    let source = FakeSource::new().listing(move |call, before| {
        let mut found = recording(&call.this.id, "1");
        if before > 0 {
            found.validator = Some(Validator::new("v2"));
            found.sha256 = Some(promise.to_ascii_uppercase());
        }
        Ok(RecordingSet::new(vec![found], Outlook::Complete))
    });
    let bench = Bench::new(source.fetching(|_, before, _| match before {
        0 => ready("good"),
        1..4 => ready("damaged"),
        _ => ready("better"),
    }));
    bench.hear([ended("c", 1)]).await;
    bench.work_all().await;
    bench.hear([ended("c", 2)]).await;
    bench.step().await;
    assert_eq!((contents(&bench), stored(&bench).version), (vec!["good".to_owned()], 1));
    bench.work_all().await;
    assert_eq!((contents(&bench), stored(&bench).version), (vec!["better".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn the_hash_that_the_vendor_names_is_compared_whatever_its_case() {
    let source = FakeSource::new().listing(|call, _| {
        let mut found = recording(&call.this.id, "1");
        found.sha256 = Some("2E7D2C03A9507AE265ECF5B5356885A53393A2029D241394997265A1A25AEFC6".into());
        Ok(RecordingSet::new(vec![found], Outlook::Complete))
    });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    assert_eq!((contents(&bench), stored(&bench).media), (vec!["c".to_owned()], Media::Complete));
}

#[tokio::test(start_paused = true)]
async fn a_newer_version_replaces_the_older_one_under_its_key() {
    let source = FakeSource::new().listing(|call, before| {
        let mut found = recording(&call.this.id, "1");
        found.validator = Some(Validator::new(format!("v{before}")));
        Ok(RecordingSet::new(vec![found], Outlook::Complete))
    });
    let bench = Bench::new(source.fetching(|_, before, _| ready(["first", "second"][before])));
    for revision in [1, 1, 2] {
        bench.hear([ended("c", revision)]).await;
        bench.work_all().await;
    }
    assert_eq!((contents(&bench), bench.sink.count()), (vec!["second".to_owned()], 1));
    assert_eq!((stored(&bench).version, stored(&bench).recordings.len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_uploaded_again_are_no_news() {
    let source = FakeSource::new().listing(|call, before| {
        let mut found = recording(&call.this.id, "1");
        found.validator = Some(Validator::new(format!("uploaded {before}")));
        Ok(RecordingSet::new(vec![found], Outlook::Complete))
    });
    let bench = Bench::new(source);
    for receipt in ["first", "second"] {
        bench.hear([with_receipt(ended("c", 1), receipt)]).await;
        bench.work_all().await;
    }
    assert_eq!((bench.source.asked("fetch c/1"), stored(&bench).version), (2, 1));
    assert_eq!(bench.source.settled(), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_download_keeps_its_lease() {
    let pieces = || (0..40).map(|_| Ok(Bytes::from_static(b"x"))).collect();
    let bench = Bench::new(FakeSource::new().fetching(move |_, _, _| piece_by_piece(pieces(), MINUTE)));
    bench.hear([ended("c", 1)]).await;
    let row = bench.lease().await.unwrap();
    let others = async {
        for _ in 0..39 {
            tokio::time::sleep(MINUTE).await;
            assert!(bench.lease().await.is_none(), "it is leased for all of the 40 minutes");
        }
    };
    tokio::join!(bench.work(row), others);
    assert_eq!((stored(&bench).recordings[0].size, bench.source.asked("fetch c/1")), (40, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_kept_though_it_cannot_be_renewed_for_a_moment() {
    let bench = Bench::new(FakeSource::new().fetching(|_, _, _| piece_by_piece(vec![Ok("x".into())], 5 * MINUTE)));
    bench.hear([ended("c", 1)]).await;
    let row = bench.lease().await.unwrap();
    bench.store.fail("renew", 2);
    bench.work(row).await;
    assert_eq!(stored(&bench).version, 1);
}

#[tokio::test(start_paused = true)]
async fn the_work_ends_when_the_lease_is_lost_on_the_way() {
    let bench = Bench::new(FakeSource::new().fetching(|_, _, _| piece_by_piece(vec![Ok("x".into())], 5 * MINUTE)));
    bench.hear([ended("c", 1)]).await;
    let row = bench.lease().await.unwrap();
    bench.store.fail("renew", 3);
    let others = async {
        tokio::time::sleep(Duration::from_millis(60_500)).await;
        bench.lease().await.expect("the lease ran out")
    };
    let (_, theirs) = tokio::join!(bench.work(row), others);
    assert!(bench.clock.now() < crate::fakes::at(90), "it does not download for nothing");
    assert_eq!((theirs.attempts, bench.sink.count()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_metadata_change_during_a_wait_does_not_end_the_wait() {
    let source = FakeSource::new().fetching(|_, before, _| if before < 2 { not_ready(MINUTE) } else { ready("wav") });
    let bench = Bench::new(source);
    bench.hear([ended("c", 1)]).await;
    bench.step().await;
    bench.hear([changed("c", 2)]).await;
    bench.work_all().await;
    assert_eq!((stored(&bench).media, contents(&bench)), (Media::Complete, vec!["wav".to_owned()]));
}
