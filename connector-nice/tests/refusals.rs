//! Links and bodies that are refused.

mod common;

use std::sync::{Arc, Mutex};

use common::{Tenant, bytes};
use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{RecordingDownloader, RecordingDownloaderExt};
use connector_nice::testing::{Endpoint, Fake};

/// Everything that reached the network: host and path of each request, and whether a token came along.
type Seen = Arc<Mutex<Vec<(String, bool)>>>;

/// A tenant whose answers are changed on their way, and what it asked for.
fn tenant(change: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static) -> (Tenant, Seen) {
    let seen = Seen::default();
    let known = seen.clone();
    let between = move |_: &Fake, request: &Request, answer: Answer| {
        let has_token = request.headers().contains_key("authorization");
        let uri = request.uri();
        let place =
            format!("{}://{}{}", uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default(), uri.path());
        known.lock().unwrap().push((place, has_token));
        change(request, answer)
    };
    (Tenant::with(Fake::new(&Scenario::small(7), FaultPlan::none()), between, |config| config), seen)
}

fn is_download(request: &Request) -> bool {
    request.uri().query().is_some_and(|query| query.contains("isDownload=true"))
}

/// What comes of fetching the recording of a call.
async fn fetch(tenant: &Tenant) -> connector_core::Result<Vec<u8>> {
    let call = tenant.facts(tenant.call_with(1)).await;
    let set = tenant.nice.recordings().of(&call).await?;
    bytes(&tenant.nice.recordings(), &set.items[0]).await
}

fn was_asked(seen: &Seen, host: &str) -> bool {
    seen.lock().unwrap().iter().any(|(place, _)| place.contains(host))
}

#[tokio::test(start_paused = true)]
async fn a_link_to_a_host_off_the_list_is_not_followed() {
    for link in [
        "https://elsewhere.test/media/1.mp4",
        "https://amazonaws.com.elsewhere.test/media/1.mp4",
        "http://media.example.com/media/1.mp4",
        "https://user:word@media.example.com/media/1.mp4",
        "file:///media/1.mp4",
    ] {
        let (tenant, seen) = tenant(move |request, answer| match is_download(request) {
            true => Answer::json(&serde_json::json!({ "redirectUrl": link })),
            false => answer,
        });
        let error = fetch(&tenant).await.unwrap_err();
        assert!(error.is_forbidden(), "{link}: {error}");
        assert!(!was_asked(&seen, "/media/1.mp4"), "{link}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_plain_http_or_off_the_list_is_not_followed() {
    for target in ["http://media.example.com/other.mp4", "https://elsewhere.test/other.mp4"] {
        let (tenant, seen) = tenant(move |request, answer| match request.uri().path().starts_with("/media/") {
            true => Answer::new(302).with_header("location", target),
            false => answer,
        });
        let error = fetch(&tenant).await.unwrap_err();
        assert!(error.is_forbidden(), "{target}: {error}");
        assert!(!was_asked(&seen, "other.mp4"), "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_never_reaches_a_media_host_not_even_by_a_redirect() {
    let (tenant, seen) = tenant(|request, answer| {
        // The link leads to the API's own host, and from there to the store.
        if is_download(request) {
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            return answer.with_body(text.replace("https://media.example.com", "https://api-na1.example.com"));
        }
        match (request.uri().host(), request.uri().path().starts_with("/media/")) {
            (Some("api-na1.example.com"), true) => {
                let rest = request.uri().path_and_query().unwrap().as_str();
                Answer::new(307).with_header("location", format!("https://media.example.com{rest}"))
            }
            _ => answer,
        }
    });
    fetch(&tenant).await.unwrap();
    let seen = seen.lock().unwrap();
    let media: Vec<_> = seen.iter().filter(|(place, _)| place.contains("/media/")).collect();
    assert!(media.len() == 2 && media.iter().all(|(_, has_token)| !has_token), "{media:?}");
    assert!(seen.iter().any(|(place, has_token)| *has_token && place.contains("media-playback")));
    assert_eq!(tenant.fake.leaked_tokens(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_unpacks_beyond_its_limit_is_refused() {
    let (tenant, _) = tenant(|request, answer| match request.uri().path().contains("media-playback") {
        true => {
            let bomb = Answer::new(200).with_body(vec![b' '; 9 << 20]).gzip();
            assert!(bomb.body.len() < 100_000);
            bomb
        }
        false => answer,
    });
    let error = fetch(&tenant).await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
    assert_eq!(tenant.fake.count(Endpoint::Playback), 1, "it is not asked for again");
}

#[tokio::test(start_paused = true)]
async fn an_answer_or_a_recording_larger_than_allowed_is_refused() {
    let (described, _) = tenant(|request, answer| match request.uri().path().contains("media-playback") {
        true => Answer::new(200).with_body(vec![b' '; 9 << 20]).chunked(1 << 16),
        false => answer,
    });
    assert!(fetch(&described).await.unwrap_err().is_too_large());
    let (stored, _) = tenant(|request, answer| match request.uri().path().starts_with("/media/") {
        true => answer.with_header("content-length", "9000000000"),
        false => answer,
    });
    let error = fetch(&stored).await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
    assert_eq!(stored.fake.count(Endpoint::Media), 1);
}

#[tokio::test(start_paused = true)]
async fn a_packed_recording_is_refused() {
    let (tenant, _) = tenant(|request, answer| match request.uri().path().starts_with("/media/") {
        true => answer.gzip(),
        false => answer,
    });
    assert!(fetch(&tenant).await.unwrap_err().is_invalid());
}

#[tokio::test(start_paused = true)]
async fn a_locator_of_another_connector_is_refused_without_a_question() {
    let (tenant, seen) = tenant(|_, answer| answer);
    let call = connector_core::ConversationRef::new("1");
    let other = connector_core::Recording::new("1", call, connector_core::Locator::new("https://elsewhere.test/1"));
    let error = tenant.nice.recordings().download(&other, Default::default()).await.unwrap_err();
    assert!(error.is_invalid() && seen.lock().unwrap().is_empty(), "{error}");
}
