use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryStreamExt;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

use super::*;
use crate::http::{AccountKey, Exchange, HttpOptions, LinkPolicy, RetryPolicy, Token, TokenSource};
use crate::testing::http::{Answer, InProcess, Request, TestServer};
use crate::{
    Context, Conversation, ConversationRef, Gone, JobCheck, Locator, Recording, RecordingDownloader,
    RecordingDownloaderExt, RecordingOptions, RecordingSet, ResumeOptions, SaveOptions, Secret, Vendor,
};

/// A vendor's recordings, each link of which has a number of its own.
#[derive(Debug)]
struct Recordings {
    client: HttpClient,
    links: AtomicU32,
    media: MediaOptions,
}

#[async_trait]
impl RecordingDownloader for Recordings {
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    async fn recordings(&self, _: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
        Vec::new()
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let base = recording.locator.as_str();
        let link = || async {
            let number = self.links.fetch_add(1, Ordering::Relaxed);
            Ok(Lookup::Ready(Link::new(format!("{base}media?link={number}&sig=secret"))))
        };
        self.client.download(&link, &options, &self.media).await
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[derive(Debug)]
struct Key;

#[async_trait]
impl TokenSource for Key {
    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::literal("hidden")]
    }

    async fn log_in(&self, secrets: &[secrecy::SecretString], _: &Exchange) -> Result<Token> {
        Ok(Token::new(secrets[0].clone()))
    }
}

fn content() -> Bytes {
    let mut rng = fastrand::Rng::with_seed(7);
    (0..300_000).map(|_| rng.u8(..)).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn client(cx: &Context, base: &str) -> HttpClient {
    let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
    let client = HttpClient::new(cx, &key, base.parse().unwrap(), &HttpOptions::default()).unwrap();
    client.with_login(Key).with_retry(RetryPolicy::once()).with_links(LinkPolicy::default().with_host("example.net"))
}

/// Recordings on a media host that is this function, with the media host's name for the locator.
fn in_process(media: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Arc<dyn RecordingDownloader>, Recording) {
    let cx = Context::default().with_transport(Arc::new(InProcess::new(media)));
    let client = client(&cx, "https://api.example.com");
    let media = MediaOptions::default();
    (Arc::new(Recordings { client, links: AtomicU32::new(0), media }), recording("https://media.example.net/"))
}

fn recording(base: &str) -> Recording {
    Recording::new("1", ConversationRef::new("c"), Locator::new(base))
}

async fn bytes(download: Download) -> Result<Vec<u8>> {
    let pieces: Vec<Bytes> = download.bytes.try_collect().await?;
    Ok(pieces.concat())
}

async fn from(job: &Arc<dyn RecordingDownloader>, recording: &Recording, from: u64, version: &str) -> Result<Download> {
    let validator = (!version.is_empty()).then(|| Validator::new(version));
    let options = DownloadOptions { from, validator, ..DownloadOptions::default() };
    match job.download(recording, options).await? {
        Lookup::Ready(download) => Ok(download),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_recording_cut_at_twenty_random_offsets_arrives_with_the_right_hash() {
    let (whole, asked) = (content(), Arc::new(AtomicUsize::new(0)));
    let (served, count) = (whole.clone(), asked.clone());
    let server = TestServer::start(move |request: &Request| {
        assert!(request.headers().contains_key(AUTHORIZATION), "it lies on the API's own host");
        let answer = Answer::media(request, &served, "\"v1\"");
        match count.fetch_add(1, Ordering::Relaxed) {
            number if number < 20 => {
                let cut = fastrand::Rng::with_seed(number as u64).usize(1..=answer.body.len() / 4);
                let answer = answer.cut_after(cut);
                if number % 2 == 0 { answer.chunked(1000) } else { answer }
            }
            _ => answer,
        }
    })
    .await
    .unwrap();
    let client = client(&Context::default(), server.url().as_str());
    let job: Arc<dyn RecordingDownloader> =
        Arc::new(Recordings { client, links: AtomicU32::new(0), media: MediaOptions::default() });
    let mut recording = recording(server.url().as_str());
    recording.sha256 = Some(sha256(&whole).to_uppercase());

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("call.wav");
    std::fs::write(&file, "an older one").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    let mut options = SaveOptions::default().on_progress(move |progress| telling.lock().unwrap().push(progress));
    options.resume.pause = Duration::from_millis(1);
    let Lookup::Ready(saved) = job.save_with(&recording, &file, options).await.unwrap() else { panic!() };

    assert_eq!((saved.size, &saved.sha256), (300_000, &sha256(&whole)));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    assert_eq!((saved.resumed, asked.load(Ordering::Relaxed)), (20, 21));
    assert_eq!(told.lock().unwrap().last().unwrap().written, 300_000);
}

#[tokio::test]
async fn pieces_of_any_size_make_the_same_file_and_no_hash_is_taken_without_need() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("call.wav");
    // Gathered; too much for what was gathered before; larger than what is gathered at all.
    for size in [1000, 200_000, 270_000, 300_000] {
        let (job, mut recording) =
            in_process(move |request| Answer::media(request, &content(), "\"v1\"").chunked(size));
        let mut options = SaveOptions::default();
        let Lookup::Ready(saved) = job.save_with(&recording, &file, options.clone()).await.unwrap() else { panic!() };
        assert_eq!((saved.size, saved.sha256), (300_000, sha256(&content())), "{size}");
        assert_eq!(std::fs::read(&file).unwrap(), content(), "{size}");

        options.hash = false;
        let Lookup::Ready(saved) = job.save_with(&recording, &file, options.clone()).await.unwrap() else { panic!() };
        assert_eq!((saved.size, saved.sha256.as_str()), (300_000, ""));
        assert_eq!(std::fs::read(&file).unwrap(), content(), "{size}");

        recording.sha256 = Some(sha256(b"something else"));
        options.restarts = 0;
        let error = job.save_with(&recording, &file, options).await.unwrap_err();
        assert!(error.is_changed(), "one that is named is checked all the same: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_expired_is_replaced_and_not_for_ever() {
    for status in [400, 403, 404, 410] {
        let (job, recording) = in_process(move |request| match request.uri().query().unwrap() {
            "link=0&sig=secret" | "link=1&sig=secret" => Answer::new(status),
            _ => Answer::media(request, &content(), "\"v1\""),
        });
        assert_eq!(bytes(from(&job, &recording, 0, "").await.unwrap()).await.unwrap(), content(), "{status}");
    }
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let (job, recording) = in_process(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Answer::new(403).with_body("<Code>AccessDenied</Code>")
    });
    let error = from(&job, &recording, 0, "").await.unwrap_err();
    assert!(error.is_forbidden() && !format!("{error:?}").contains("secret"), "{error:?}");
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_never_sent_to_a_media_host() {
    let (job, recording) = in_process(|request| {
        assert!(!request.headers().contains_key(AUTHORIZATION));
        Answer::media(request, &content(), "\"v1\"")
    });
    from(&job, &recording, 0, "").await.unwrap();
    from(&job, &recording, 5, "\"v1\"").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_signed_link_to_the_api_itself_carries_no_token_either() {
    let cx = Context::default().with_transport(Arc::new(InProcess::new(|request: &Request| {
        Answer::new(if request.headers().contains_key(AUTHORIZATION) { 400 } else { 200 })
    })));
    let client = client(&cx, "https://api.example.com");
    let (options, media) = (DownloadOptions::default(), MediaOptions::default());
    let signed = || async { Ok(Lookup::Ready(Link::new("https://api.example.com/media?sig=1").signed())) };
    assert!(client.download(&signed, &options, &media).await.is_ok());
    let plain = || async { Ok(Lookup::Ready(Link::new("https://api.example.com/media"))) };
    assert!(client.download(&plain, &options, &media).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_version_that_changed_starts_again_from_0_and_is_never_mixed() {
    let honest = |request: &Request| Answer::media(request, &content(), "\"v2\"");
    // It ignores If-Range and sends a part of the new version.
    let careless = |request: &Request| {
        let mut request = request.clone();
        request.headers_mut().remove(IF_RANGE);
        Answer::media(&request, &content(), "\"v2\"")
    };
    for (job, recording) in [in_process(honest), in_process(careless)] {
        let download = from(&job, &recording, 1000, "\"v1\"").await.unwrap();
        assert_eq!((download.from, download.validator.as_ref().unwrap().as_str()), (0, "\"v2\""));
        assert_eq!(bytes(download).await.unwrap(), content());
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_changes_on_the_way_is_saved_in_its_new_version() {
    let count = AtomicU32::new(0);
    let (job, recording) = in_process(move |request| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::media(request, &Bytes::from(vec![1; 5000]), "\"v1\"").cut_after(2000),
        _ => Answer::media(request, &Bytes::from(vec![2; 4000]), "\"v2\""),
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("call.wav");
    let Lookup::Ready(saved) = job.save(&recording, &file).await.unwrap() else { panic!() };
    assert_eq!((saved.size, saved.validator.unwrap().as_str()), (4000, "\"v2\""));
    assert_eq!(std::fs::read(file).unwrap(), vec![2; 4000]);
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_taken_from_a_host_that_knows_no_ranges() {
    let (job, recording) = in_process(|_| {
        Answer::new(200).with_header("etag", "\"v1\"").with_body(content()).with_header("content-length", "300000")
    });
    let download = from(&job, &recording, 70_000, "\"v1\"").await.unwrap();
    assert_eq!(download.from, 70_000);
    assert_eq!(bytes(download).await.unwrap(), content()[70_000..]);
}

#[tokio::test(start_paused = true)]
async fn a_modification_time_and_size_will_do_for_a_version_and_a_weak_tag_will_not() {
    let time = "Mon, 19 Oct 2026 14:00:00 GMT";
    let (job, recording) = in_process(move |request| {
        assert!(request.headers().get(IF_RANGE).is_none_or(|condition| condition == time));
        Answer::media(request, &content(), time)
            .with_header("etag", "W/\"v1\"")
            .with_header("last-modified", time)
            .with_header("content-length", if request.headers().contains_key(RANGE) { "299990" } else { "300000" })
    });
    let first = from(&job, &recording, 0, "").await.unwrap();
    let version = first.validator.unwrap();
    let rest = from(&job, &recording, 10, version.as_str()).await.unwrap();
    assert_eq!((rest.from, &rest.validator), (10, &Some(version)));
    assert_eq!(bytes(rest).await.unwrap(), content()[10..]);
    let other = from(&job, &recording, 10, &format!("{time};299999")).await.unwrap();
    assert_eq!(other.from, 0, "another size is another version");
}

#[tokio::test(start_paused = true)]
async fn without_a_version_every_download_starts_at_0() {
    let (job, recording) = in_process(|request| {
        assert!(!request.headers().contains_key(RANGE));
        Answer::new(200).with_body("audio")
    });
    assert_eq!(from(&job, &recording, 3, "").await.unwrap().from, 0);
}

#[tokio::test(start_paused = true)]
async fn asking_for_what_follows_the_end_gives_nothing_and_beyond_it_all() {
    let (job, recording) = in_process(|request| Answer::media(request, &content(), "\"v1\""));
    let rest = from(&job, &recording, 300_000, "\"v1\"").await.unwrap();
    assert_eq!((rest.from, bytes(rest).await.unwrap().len()), (300_000, 0));
    let all = from(&job, &recording, 300_001, "\"v1\"").await.unwrap();
    assert_eq!((all.from, bytes(all).await.unwrap().len()), (0, 300_000));
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_promised_is_noticed() {
    let with_length = |length: &'static str| {
        in_process(move |_| Answer::new(200).with_body("audio").with_header("content-length", length))
    };
    let (job, recording) = with_length("6");
    assert!(bytes(from(&job, &recording, 0, "").await.unwrap()).await.unwrap_err().is_transient());
    let (job, recording) = with_length("4");
    assert!(bytes(from(&job, &recording, 0, "").await.unwrap()).await.unwrap_err().is_invalid());
}

#[tokio::test(start_paused = true)]
async fn a_recording_larger_than_allowed_is_refused_by_its_length_and_by_its_bytes() {
    for length in ["5", "unknown"] {
        let cx = Context::default().with_transport(Arc::new(InProcess::new(move |_: &Request| {
            Answer::new(200).with_body("audio").with_header("content-length", length)
        })));
        let media = MediaOptions::default().with_max_size(4);
        let job = Recordings { client: client(&cx, "https://api.example.com"), links: AtomicU32::new(0), media };
        let result = from(&(Arc::new(job) as _), &recording("https://media.example.net/"), 0, "").await;
        let error = match result {
            Ok(download) => bytes(download).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.is_too_large(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_size_than_the_one_expected_is_refused() {
    let cx = Context::default().with_transport(Arc::new(InProcess::new(|_: &Request| {
        Answer::new(200).with_body("audio").with_header("content-length", "5")
    })));
    let links = || async { Ok(Lookup::Ready(Link::new("https://media.example.net/x"))) };
    let media = MediaOptions::default().with_size(6);
    let client = client(&cx, "https://api.example.com");
    assert!(client.download(&links, &DownloadOptions::default(), &media).await.unwrap_err().is_changed());
}

#[tokio::test(start_paused = true)]
async fn a_recording_with_another_hash_than_announced_is_not_kept() {
    let (job, mut recording) = in_process(|request| Answer::media(request, &content(), "\"v1\""));
    recording.sha256 = Some(sha256(b"another"));
    let directory = tempfile::tempdir().unwrap();
    let error = job.save(&recording, &directory.path().join("call.wav")).await.unwrap_err();
    assert!(error.is_changed(), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_link_off_the_list_and_an_answer_that_says_later_are_told_apart() {
    let (job, _) = in_process(|_| Answer::new(202).with_header("retry-after", "90"));
    let later = job.download(&recording("https://media.example.net/"), DownloadOptions::default()).await.unwrap();
    assert!(matches!(later, Lookup::NotReady { retry_after } if retry_after.as_secs() == 90), "{later:?}");
    let elsewhere = job.download(&recording("https://example.org/"), DownloadOptions::default()).await;
    assert!(elsewhere.unwrap_err().is_forbidden());
}

#[tokio::test(start_paused = true)]
async fn what_the_link_source_says_is_handed_on() {
    let cx = Context::default().with_transport(Arc::new(InProcess::new(|_: &Request| Answer::new(500))));
    let gone = || async { Ok(Lookup::Gone(Gone::NeverRecorded)) };
    let answer = client(&cx, "https://api.example.com")
        .download(&gone, &DownloadOptions::default(), &MediaOptions::default())
        .await
        .unwrap();
    assert!(matches!(answer, Lookup::Gone(Gone::NeverRecorded)));
}

#[tokio::test]
async fn a_save_that_is_dropped_or_fails_leaves_nothing_behind() {
    let server =
        TestServer::start(|_: &Request| Answer::new(200).with_body(vec![0; 2 << 20]).cut_after(3 << 19)).await.unwrap();
    let client = client(&Context::default(), server.url().as_str());
    let job: Arc<dyn RecordingDownloader> =
        Arc::new(Recordings { client, links: AtomicU32::new(0), media: MediaOptions::default() });
    let directory = tempfile::tempdir().unwrap();
    let (recording, file) = (recording(server.url().as_str()), directory.path().join("call.wav"));
    let left = || std::fs::read_dir(directory.path()).unwrap().count();

    // It has no version, so that it cannot go on after the cut.
    let mut options = SaveOptions::default();
    options.restarts = 0;
    options.resume = ResumeOptions { pause: Duration::from_millis(1), ..ResumeOptions::default() };
    assert!(job.save_with(&recording, &file, options).await.unwrap_err().is_changed());
    assert_eq!(left(), 0);

    let mut saving = Box::pin(job.save(&recording, &file));
    while left() == 0 {
        assert!(futures_util::FutureExt::now_or_never(&mut saving).is_none());
        tokio::task::yield_now().await;
    }
    drop(saving);
    while left() > 0 {
        tokio::task::yield_now().await;
    }

    let nowhere = job.save(&recording, Path::new("/nowhere/at/all/call.wav")).await.unwrap_err();
    assert!(nowhere.is_not_found() && !nowhere.to_string().contains("call.wav"), "{nowhere}");
}
