//! Downloads arrive whole, whatever happens on their way, and no token with them.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{Fault, FaultPlan, Scenario};
use connector_core::{DownloadOptions, Lookup, Recording, RecordingDownloader};
use connector_genesys::testing::{Endpoint, Fake};
use serde_json::json;

use super::org::{Org, changed};

fn fake() -> Fake {
    Fake::new(&Scenario::small(7), FaultPlan::none())
}

fn is_media(request: &Request) -> bool {
    request.uri().path().starts_with("/media/")
}

/// The recording of the first call with one leg, and its bytes.
async fn recording(org: &Org) -> (Recording, Vec<u8>) {
    let call = org.call_with(1);
    let mut set = org.set(&org.facts(call).await).await;
    (set.items.remove(0), org.fake.scenario().calls[call].audio.wav())
}

/// Where the body of an answer starts and ends in the whole.
fn span(answer: &Answer) -> (usize, usize) {
    let range = answer.headers.get("content-range").and_then(|range| range.to_str().ok());
    let from = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()).unwrap_or(0);
    (from, from + answer.body.len())
}

/// Cuts downloads at these parts of the whole, in thousandths, one after the other.
fn cutting(parts: &[usize]) -> impl Fn(&Fake, &Request, Answer) -> Answer + Send + Sync + 'static {
    let parts = Mutex::new(VecDeque::from(parts.to_vec()));
    move |_, request, answer| {
        let (from, to) = span(&answer);
        let mut parts = parts.lock().unwrap();
        match parts.front().map(|part| part * to / 1_000).filter(|at| (from + 1..to).contains(at)) {
            Some(at) if is_media(request) && answer.status.is_success() => {
                parts.pop_front();
                answer.cut_after(at - from)
            }
            _ => answer,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_just_listed_is_fetched_without_another_question() {
    let org = Org::new(FaultPlan::none());
    let (recording, wav) = recording(&org).await;
    assert!(org.bytes(&recording).await.unwrap() == wav);
    assert_eq!((org.fake.count(Endpoint::Recording), org.fake.count(Endpoint::Media)), (1, 1));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(org.bytes(&recording).await.unwrap() == wav);
    assert_eq!(org.fake.count(Endpoint::Recording), 2, "a link of its own");
    assert_eq!(org.fake.leaked_tokens(), 0);
}

#[tokio::test(start_paused = true)]
async fn cuts_are_healed_with_one_link() {
    let org = Org::with(fake(), cutting(&[1, 50, 51, 300, 500, 501, 502, 900, 990, 999]), |config| config);
    let (recording, wav) = recording(&org).await;
    assert!(org.bytes(&recording).await.unwrap() == wav);
    assert_eq!((org.fake.count(Endpoint::Recording), org.fake.count(Endpoint::Media)), (1, 11));
    assert_eq!(org.fake.leaked_tokens(), 0);
}

#[tokio::test(start_paused = true)]
async fn links_that_end_in_the_middle_are_replaced() {
    for status in [400, 403] {
        let cut = cutting(&[200, 400, 600, 800]);
        let asked = Mutex::new(0);
        let between = move |fake: &Fake, request: &Request, answer: Answer| {
            if !is_media(request) {
                return answer;
            }
            // Every second request comes too late.
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            if *asked % 2 == 0 { Answer::new(status).with_body("<Error/>") } else { cut(fake, request, answer) }
        };
        let org = Org::with(fake(), between, |config| config);
        let (recording, wav) = recording(&org).await;
        assert!(org.bytes(&recording).await.unwrap() == wav, "{status}");
        assert_eq!(org.fake.count(Endpoint::Recording), 5, "one for the list, and four new ones");
        assert_eq!(org.fake.leaked_tokens(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_faults_of_the_fake_do_no_harm() {
    let faults = FaultPlan::none().with(Fault::CutDownload, 3).with(Fault::ExpiredLink, 2).every(Fault::ExpiredLink, 2);
    let org = Org::of(Fake::new(&Scenario::small(7), faults.clone()));
    for (index, told) in org.fake.scenario().calls.iter().enumerate().filter(|(_, told)| told.recorded) {
        let set = org.set(&org.facts(index).await).await;
        assert!(org.bytes(&set.items[0]).await.unwrap() == told.audio.wav());
    }
    assert!(faults.unfired().is_empty(), "{:?}", faults.unfired());
    assert_eq!(org.fake.leaked_tokens(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_takes_a_link_is_an_error_in_its_words() {
    let between =
        |_: &Fake, request: &Request, answer: Answer| if is_media(request) { Answer::new(403) } else { answer };
    let org = Org::with(fake(), between, |config| config);
    let (recording, _) = recording(&org).await;
    let error = org.bytes(&recording).await.unwrap_err();
    assert!(error.is_forbidden() && error.status() == Some(403), "{error}");
    assert!(!error.advice().unwrap_or_default().contains("media_hosts"));
}

#[tokio::test(start_paused = true)]
async fn a_link_to_elsewhere_is_not_followed_and_not_shown() {
    let between = |_: &Fake, request: &Request, answer: Answer| match request.uri().path().contains("/recordings/") {
        true => changed(&answer, |body| {
            body["mediaUris"]["S"]["mediaUri"] = json!("https://evil.example.net/rec.wav?X-Sig=s3cret");
        }),
        false => answer,
    };
    let org = Org::with(fake(), between, |config| config);
    let (recording, _) = recording(&org).await;
    let error = org.bytes(&recording).await.unwrap_err();
    assert!(error.is_forbidden() && error.advice().is_some_and(|advice| advice.contains("media_hosts")), "{error}");
    let shown = format!("{error} {error:?} {recording:?} {:?} {:?}", org.genesys, org.genesys.recordings());
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(!recording.locator.as_str().contains("example.net"), "a locator is no link");
}

#[tokio::test(start_paused = true)]
async fn another_size_than_was_announced_is_no_error() {
    let between = |_: &Fake, request: &Request, answer: Answer| match request.uri().path().contains("/recordings/") {
        true => changed(&answer, |body| body["outputSizeInBytes"] = json!(17)),
        false => answer,
    };
    let org = Org::with(fake(), between, |config| config);
    let (recording, wav) = recording(&org).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(org.bytes(&recording).await.unwrap() == wav);
    assert_eq!(recording.size, None, "what is only announced is not told");
}

#[tokio::test(start_paused = true)]
async fn the_second_half_is_fetched_alone() {
    let org = Org::new(FaultPlan::none());
    let (recording, wav) = recording(&org).await;
    let job = org.genesys.recordings();
    let Lookup::Ready(first) = job.download(&recording, DownloadOptions::default()).await.unwrap() else { panic!() };
    let mut options = DownloadOptions::default();
    (options.from, options.validator) = (wav.len() as u64 / 2, first.validator.clone());
    let Lookup::Ready(rest) = job.download(&recording, options).await.unwrap() else { panic!() };
    assert_eq!((rest.from, rest.size), (wav.len() as u64 / 2, Some(wav.len() as u64)));
}
