//! Downloads arrive whole, whatever happens on their way.

mod common;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use common::{Tenant, bytes};
use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Clock, DownloadOptions, Lookup, Recording, RecordingDownloader, RecordingDownloaderExt, ResumeOptions,
};
use connector_nice::RecordingsFrom;
use connector_nice::testing::{Endpoint, Fake};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

fn fake() -> Fake {
    Fake::new(&Scenario::small(7), FaultPlan::none())
}

fn is_media(request: &Request) -> bool {
    request.uri().path().starts_with("/media/")
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The recording of the first call with so many legs, and its index.
async fn recording(tenant: &Tenant, legs: usize) -> (Recording, usize) {
    let call = tenant.call_with(legs);
    let mut set = tenant.set(&tenant.facts(call).await).await;
    (set.items.remove(0), call)
}

/// Where the body of an answer starts and ends in the whole.
fn span(answer: &Answer) -> (usize, usize) {
    let range = answer.headers.get("content-range").and_then(|range| range.to_str().ok());
    let from = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()).unwrap_or(0);
    (from, from + answer.body.len())
}

/// Cuts downloads at these offsets of the whole, one after the other.
fn cutting(offsets: Vec<usize>) -> impl Fn(&Fake, &Request, Answer) -> Answer + Send + Sync + 'static {
    let offsets = Mutex::new(VecDeque::from(offsets));
    move |_, request, answer| {
        let (from, to) = span(&answer);
        let mut offsets = offsets.lock().unwrap();
        match offsets.front().copied().filter(|at| (from + 1..to).contains(at)) {
            Some(at) if is_media(request) && answer.status.is_success() => {
                offsets.pop_front();
                answer.cut_after(at - from)
            }
            _ => answer,
        }
    }
}

/// So many different offsets below a size, in order. The same number gives the same ones.
fn offsets(count: usize, size: u64, mut number: u64) -> Vec<usize> {
    let mut offsets = std::collections::BTreeSet::new();
    while offsets.len() < count {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        offsets.insert(1 + (number >> 11) as usize % (size as usize - 1));
    }
    offsets.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn twenty_cuts_at_random_offsets_are_healed_with_one_link() {
    for number in 0..5 {
        let fake = fake();
        let clip = fake.scenario().calls.iter().find(|call| call.recorded && call.legs().len() == 1).unwrap().audio;
        let tenant = Tenant::with(fake, cutting(offsets(20, clip.len(), number)), |config| config);
        let (recording, _) = recording(&tenant, 1).await;
        let Lookup::Ready(whole) = tenant.nice.recordings().whole(&recording, ResumeOptions::default()).await.unwrap()
        else {
            panic!("not ready")
        };
        let resumed = whole.resumed.clone();
        let read = whole.bytes.try_collect::<Vec<_>>().await.unwrap().concat();
        assert_eq!((sha256(&read), resumed.count()), (clip.sha256(), 20));
        let asked = (tenant.fake.count(Endpoint::Media), tenant.fake.count(Endpoint::Playback));
        assert_eq!(asked, (21, 2), "once for the list, once for the link");
    }
}

#[tokio::test(start_paused = true)]
async fn links_that_end_on_the_way_are_replaced() {
    for uses in 1..4 {
        let fake = fake();
        let clip = fake.scenario().calls.iter().find(|call| call.recorded && call.legs().len() == 1).unwrap().audio;
        fake.change(|settings| settings.link_uses = uses);
        let tenant = Tenant::with(fake, cutting(offsets(20, clip.len(), 3)), |config| config);
        let (recording, _) = recording(&tenant, 1).await;
        let read = bytes(&tenant.nice.recordings(), &recording).await.unwrap();
        assert_eq!(sha256(&read), clip.sha256());
        let links = 21usize.div_ceil(uses);
        assert_eq!(tenant.fake.count(Endpoint::Playback), 1 + links, "{uses} uses of each link");
        assert_eq!(tenant.fake.leaked_tokens(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_is_asked_for_anew_after_a_while() {
    let tenant = Tenant::new(FaultPlan::none());
    let (recording, _) = recording(&tenant, 1).await;
    let job = tenant.nice.recordings();
    for _ in 0..3 {
        bytes(&job, &recording).await.unwrap();
    }
    assert_eq!(tenant.fake.count(Endpoint::Playback), 2);
    tokio::time::advance(Duration::from_secs(60)).await;
    bytes(&job, &recording).await.unwrap();
    assert_eq!(tenant.fake.count(Endpoint::Playback), 3);
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_in_both_forms_of_the_header() {
    let fake = fake();
    let clock = Clock::starting_at(fake.scenario().starts);
    let refusals = Mutex::new(vec!["date", "seconds", "date", "seconds"]);
    let between = move |_: &Fake, request: &Request, answer: Answer| {
        let is_download = request.uri().query().is_some_and(|query| query.contains("isDownload=true"));
        if !is_media(request) && !is_download {
            return answer;
        }
        match refusals.lock().unwrap().pop() {
            Some("seconds") => Answer::new(429).with_header("retry-after", "20"),
            Some(_) => {
                let at = clock.now() + Duration::from_secs(20);
                Answer::new(429).with_header("retry-after", at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
            }
            None => answer,
        }
    };
    let tenant = Tenant::with(fake, between, |config| config);
    let (recording, call) = recording(&tenant, 1).await;
    let began = tokio::time::Instant::now();
    let read = bytes(&tenant.nice.recordings(), &recording).await.unwrap();
    assert_eq!(sha256(&read), tenant.fake.scenario().calls[call].audio.sha256());
    let waited = began.elapsed().as_secs();
    assert!((78..=90).contains(&waited), "four times 20 seconds, and not {waited}");
}

/// A tenant whose file of a call grows when its download was cut for the first time.
async fn growing() -> (Tenant, Recording, usize) {
    let fake = fake();
    fake.change(|settings| settings.link_uses = 1);
    let call = fake.scenario().calls.iter().position(|call| call.recorded && call.legs().len() == 2).unwrap();
    let legs = fake.scenario().calls[call].legs();
    let (first, second) = (legs[0].ended, legs[1].ended);
    let was_cut = Mutex::new(false);
    let between = move |fake: &Fake, request: &Request, answer: Answer| {
        if !is_media(request) || !answer.status.is_success() || std::mem::replace(&mut *was_cut.lock().unwrap(), true) {
            return answer;
        }
        fake.at(second);
        let half = answer.body.len() / 2;
        answer.cut_after(half)
    };
    let tenant = Tenant::with(fake, between, |config| config);
    let facts = tenant.facts(call).await;
    tenant.fake.at(first);
    let recording = tenant.set(&facts).await.items.remove(0);
    (tenant, recording, call)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_on_the_way_is_never_mixed_with_the_new_one() {
    let (tenant, recording, call) = growing().await;
    let old = tenant.fake.consolidated(call, 1).unwrap().wav();
    let job = tenant.nice.recordings();
    let Lookup::Ready(whole) = job.whole(&recording, ResumeOptions::default()).await.unwrap() else {
        panic!("not ready")
    };
    let (version, mut pieces, mut bytes) = (whole.validator.clone(), Vec::new(), whole.bytes);
    let error = loop {
        match bytes.try_next().await {
            Ok(Some(piece)) => pieces.extend_from_slice(&piece),
            Ok(None) => panic!("it ended as if nothing had happened"),
            Err(error) => break error,
        }
    };
    assert!(error.is_changed() && !pieces.is_empty() && old.starts_with(&pieces), "{error}");

    let options = || {
        let mut options = DownloadOptions::default();
        (options.from, options.validator) = (pieces.len() as u64, version.clone());
        options
    };
    let Lookup::Ready(again) = job.download(&recording, options()).await.unwrap() else { panic!("not ready") };
    assert!(again.from == 0 && again.validator != version, "the new version, from its beginning");
    let read = again.bytes.try_collect::<Vec<_>>().await.unwrap().concat();
    assert!(read == tenant.fake.consolidated(call, 2).unwrap().wav());
}

#[tokio::test(start_paused = true)]
async fn saving_a_file_that_changes_on_the_way_starts_again() {
    let (tenant, recording, call) = growing().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(recording.file_name());
    let Lookup::Ready(saved) = tenant.nice.recordings().save(&recording, &path).await.unwrap() else {
        panic!("not ready")
    };
    let new = tenant.fake.consolidated(call, 2).unwrap();
    assert_eq!((saved.sha256, saved.size), (new.sha256(), new.len()));
    assert!(std::fs::read(&path).unwrap() == new.wav());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[tokio::test(start_paused = true)]
async fn a_legacy_file_that_is_cut_is_read_again_up_to_the_cut() {
    let cuts = Mutex::new(vec![0.9, 0.3, 0.6]);
    let between = move |_: &Fake, request: &Request, answer: Answer| {
        if !request.uri().query().is_some_and(|query| query.contains("fileName")) {
            return answer;
        }
        let part = cuts.lock().unwrap().pop().unwrap_or(1.0);
        let bytes = (answer.body.len() as f64 * part) as usize;
        answer.cut_after(bytes)
    };
    let tenant = Tenant::with(fake(), between, |config| config.with_recordings_from(RecordingsFrom::LegacyFiles));
    let (file, call) = recording(&tenant, 1).await;
    let read = bytes(&tenant.nice.recordings(), &file).await.unwrap();
    assert_eq!(sha256(&read), tenant.fake.scenario().calls[call].audio.sha256());
    assert_eq!(tenant.fake.count(Endpoint::File), 4);
}

#[tokio::test(start_paused = true)]
async fn a_legacy_file_that_changes_on_the_way_is_never_mixed_with_the_new_one() {
    let cut = Mutex::new(false);
    let between = move |_: &Fake, request: &Request, answer: Answer| {
        let mut cut = cut.lock().unwrap();
        let query = request.uri().query().unwrap_or_default();
        match request.uri().path().ends_with("/files") {
            true if query.contains("fileName") && !std::mem::replace(&mut *cut, true) => {
                let half = answer.body.len() / 2;
                answer.cut_after(half)
            }
            true if *cut && !query.contains("fileName") => {
                let mut told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                told["files"].as_array_mut().unwrap().iter_mut().for_each(|file| {
                    file["modifiedDate"] = "2026-10-19T20:00:00.000Z".into();
                });
                Answer::json(&told)
            }
            _ => answer,
        }
    };
    let tenant = Tenant::with(fake(), between, |config| config.with_recordings_from(RecordingsFrom::LegacyFiles));
    let (file, _) = recording(&tenant, 1).await;
    let error = bytes(&tenant.nice.recordings(), &file).await.unwrap_err();
    assert!(error.is_changed(), "{error}");
}
