use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::http::HttpClient;
use crate::http::{
    AccountKey, Exchange, HttpOptions, Limits, LinkPolicy, RateHeaders, RetryPolicy, Token, TokenSource,
};
use crate::testing::http::{Answer, InProcess, Request as Asked};
use crate::{Context, Secret, Vendor};

/// What was asked, with the second at which it was.
type Log = Arc<Mutex<Vec<(u64, Asked)>>>;

/// A client of `https://api.example.com/v1` whose network is this function; it gets the number of the request as well.
fn client(answer: impl Fn(u32, &Asked) -> Answer + Send + Sync + 'static) -> (HttpClient, Log) {
    let (log, start, count) = (Log::default(), Instant::now(), AtomicU32::new(0));
    let noted = log.clone();
    let fake = InProcess::new(move |request: &Asked| {
        noted.lock().unwrap().push((start.elapsed().as_secs(), request.clone()));
        answer(count.fetch_add(1, Ordering::Relaxed), request)
    });
    let cx = Context::default().with_transport(Arc::new(fake)).for_source("acme", "cloud");
    let key = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
    let base = "https://api.example.com/v1".parse().unwrap();
    (HttpClient::new(&cx, &key, base, &HttpOptions::default()).unwrap(), log)
}

fn seconds(log: &Log) -> Vec<u64> {
    log.lock().unwrap().iter().map(|(second, _)| *second).collect()
}

fn addresses(log: &Log) -> Vec<String> {
    log.lock().unwrap().iter().map(|(_, request)| request.uri().to_string()).collect()
}

fn carried_token(log: &Log) -> Vec<Option<String>> {
    let token = |request: &Asked| Some(request.headers().get(AUTHORIZATION)?.to_str().unwrap().to_owned());
    log.lock().unwrap().iter().map(|(_, request)| token(request)).collect()
}

/// Gives the tokens `t-0`, `t-1`, … and counts them.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicU32>);

#[async_trait::async_trait]
impl TokenSource for Counting {
    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::literal("key")]
    }

    async fn log_in(&self, _: &[secrecy::SecretString], _: &Exchange) -> Result<Token> {
        Ok(Token::new(format!("t-{}", self.0.fetch_add(1, Ordering::Relaxed))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_waits_as_long_as_it_says_in_seconds_and_as_a_date() {
    let (client, log) = client(|count, _| match count {
        0 => Answer::new(429).with_header("retry-after", "37"),
        1 => Answer::new(429)
            .with_header("date", "Mon, 19 Oct 2026 14:00:00 GMT")
            .with_header("retry-after", "Mon, 19 Oct 2026 14:01:00 GMT"),
        _ => Answer::new(200),
    });
    client.get("calls").send().await.unwrap();
    assert_eq!(seconds(&log), [0, 37, 97]);
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_the_whole_class_and_no_other() {
    let (client, log) = client(|count, _| match count {
        0 => Answer::new(429).with_header("retry-after", "30"),
        _ => Answer::new(200),
    });
    let (first, second, other) = tokio::join!(
        client.get("a").send(),
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            client.get("b").send().await
        },
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            client.get("c").class("other").send().await
        }
    );
    assert!(first.is_ok() && second.is_ok() && other.is_ok());
    assert_eq!(seconds(&log), [0, 1, 30, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_ceiling_is_handed_to_the_caller() {
    let (client, log) = client(|_, _| Answer::new(429).with_header("retry-after", "3600"));
    let error = client.get("calls").during("ended").send().await.unwrap_err();
    assert!(error.is_rate_limited() && error.retry_after() == Some(Duration::from_secs(3600)));
    assert_eq!(error.to_string(), "acme/cloud: ended: too many requests (status 429); wait 3600 s");
    // The next one is not even sent.
    assert!(client.get("calls").send().await.unwrap_err().is_rate_limited());
    assert_eq!(seconds(&log), [0]);
}

#[tokio::test(start_paused = true)]
async fn head_and_body_share_one_budget() {
    let (client, log) = client(|count, _| match count {
        0 => Answer::new(503),
        1 => Answer::new(200).with_body("half").cut_after(2),
        _ => Answer::new(200).with_body("whole"),
    });
    let policy = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    assert!(client.clone().with_retry(policy).get("calls").send().await.unwrap_err().is_transient());
    assert_eq!(log.lock().unwrap().len(), 2);
    assert_eq!(client.get("calls").send().await.unwrap().bytes, "whole");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answers_ends_with_the_budget() {
    let (client, _) = client(|_, _| Answer::new(200).delayed(Duration::from_secs(10_000)));
    let start = Instant::now();
    assert!(client.get("calls").send().await.unwrap_err().is_transient());
    assert_eq!(start.elapsed().as_secs(), 600);
}

#[tokio::test(start_paused = true)]
async fn a_post_is_not_repeated_unless_it_may_be() {
    let (client, log) = client(|count, _| Answer::new(if count % 2 == 0 { 503 } else { 200 }));
    assert!(client.post("calls").json(&["x"]).send().await.unwrap_err().is_transient());
    assert_eq!(log.lock().unwrap().len(), 1);
    client.get("even").send().await.unwrap();
    client.post("search").json(&["x"]).repeatable().send().await.unwrap();
    assert_eq!(log.lock().unwrap().len(), 4);
    assert_eq!(log.lock().unwrap()[3].1.body(), "[\"x\"]");
}

#[tokio::test(start_paused = true)]
async fn a_401_in_the_middle_logs_in_once_more_and_even_a_post_goes_again() {
    let (client, log) = client(|_, request| {
        let good = request.headers()[AUTHORIZATION] != "Bearer t-0";
        Answer::new(if good { 200 } else { 401 })
    });
    let login = Counting::default();
    let client = client.with_login(login.clone());
    client.post("calls").send().await.unwrap();
    client.get("calls").send().await.unwrap();
    assert_eq!(carried_token(&log), ["t-0", "t-1", "t-1"].map(|token| Some(format!("Bearer {token}"))));
    assert_eq!(login.0.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_goes_again_after_a_401_or_a_redirect_counts_for_the_limit() {
    let (client, log) = client(|count, _| match count {
        0 => Answer::new(401),
        1 => Answer::new(302).with_header("location", "/v1/moved"),
        _ => Answer::new(200),
    });
    let client = client.with_login(Counting::default());
    let client = client.with_limits("", Limits::none().with_rate(1, Duration::from_secs(60)).with_at_once(1));
    client.get("calls").send().await.unwrap();
    assert_eq!(seconds(&log), [0, 60, 120]);
}

#[tokio::test(start_paused = true)]
async fn many_who_meet_a_401_at_once_log_in_once() {
    let (client, _) = client(|_, request| {
        let good = request.headers()[AUTHORIZATION] != "Bearer t-0";
        Answer::new(if good { 200 } else { 401 }).delayed(Duration::from_secs(1))
    });
    let login = Counting::default();
    let client = client.with_login(login.clone());
    let all = futures_util::future::join_all((0..10).map(|_| client.get("calls").send())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(login.0.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_second_401_nothing_is_asked_until_an_hour_has_passed() {
    let (client, log) = client(|_, _| Answer::new(401));
    let client = client.with_login(Counting::default());
    assert!(client.get("calls").send().await.unwrap_err().is_unauthorized());
    assert_eq!(log.lock().unwrap().len(), 2);
    for _ in 0..5 {
        assert!(client.get("calls").send().await.unwrap_err().is_unauthorized());
    }
    assert_eq!(log.lock().unwrap().len(), 2);
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(client.get("calls").send().await.is_err());
    assert!(client.get("calls").send().await.is_err());
    assert_eq!(log.lock().unwrap().len(), 4, "two more, and then nothing again");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_followed_on_the_list_and_without_the_token() {
    let (client, log) = client(|_, request| match (request.uri().host(), request.uri().path()) {
        (Some("api.example.com"), "/v1/media") => Answer::new(302).with_header("location", "/v1/moved"),
        (Some("api.example.com"), _) => Answer::new(307).with_header("location", "https://b.media.example.net/x?sig=1"),
        _ => Answer::new(200).with_body("audio"),
    });
    let client = client.with_login(Counting::default()).with_links(LinkPolicy::default().with_host("example.net"));
    let request = client.get("media").header(HeaderName::from_static("x-api-key"), "hidden");
    assert_eq!(request.send().await.unwrap().bytes, "audio");
    assert_eq!(carried_token(&log), [Some("Bearer t-0".to_owned()), Some("Bearer t-0".to_owned()), None]);
    let last = log.lock().unwrap()[2].1.clone();
    assert!(!last.headers().contains_key("x-api-key"), "{:?}", last.headers());
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_plain_http_or_off_the_list_or_of_a_post_or_without_end_is_refused() {
    for target in ["http://api.example.com/v1/calls", "https://example.net/", "//example.net/", "file:///etc/passwd"] {
        let (client, log) = client(move |_, _| Answer::new(302).with_header("location", target));
        assert!(client.get("calls").send().await.unwrap_err().is_forbidden(), "{target}");
        assert_eq!(log.lock().unwrap().len(), 1);
    }
    let (to_itself, _) = client(|_, _| Answer::new(307).with_header("location", "/v1/again"));
    assert!(to_itself.post("calls").send().await.unwrap_err().is_invalid());
    assert!(to_itself.get("calls").send().await.unwrap_err().is_invalid());
    let (endless, log) = client(|count, _| Answer::new(302).with_header("location", format!("/v1/{count}")));
    assert!(endless.get("calls").send().await.unwrap_err().is_invalid());
    assert_eq!(log.lock().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_link_to_a_host_off_the_list_is_refused_before_anything_is_sent() {
    let (client, log) = client(|_, _| Answer::new(200));
    let client = client.with_login(Counting::default()).with_links(LinkPolicy::default().with_host("example.net"));
    for link in ["https://example.org/x?sig=secret", "http://example.net/x", "no link", "https://u:p@example.net/"] {
        let error = client.get_link(link).send().await.unwrap_err();
        assert!(error.is_forbidden() && !format!("{error:?}").contains("secret"), "{error:?}");
    }
    assert!(log.lock().unwrap().is_empty());

    client.get_link("https://media.example.net/x?sig=1").send().await.unwrap();
    client.get_link("https://api.example.com/v1/next?page=2").send().await.unwrap();
    assert_eq!(carried_token(&log), [None, Some("Bearer t-0".to_owned())]);
    assert_eq!(addresses(&log)[0], "https://media.example.net/x?sig=1");
}

#[tokio::test(start_paused = true)]
async fn an_answer_larger_than_allowed_is_refused_and_not_asked_for_again() {
    let (client, log) = client(|_, _| Answer::new(200).with_body(vec![0; 1001]));
    let error = client.get("calls").max_body(1000).send().await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_says_whose_it_was_and_what_for() {
    let (client, _) = client(|_, _| Answer::new(200).with_header("x-request-id", "r-1").with_body("{}"));
    let error = client.get("calls").during("ended").send().await.unwrap().json::<Vec<u32>>().unwrap_err();
    let line = "acme/cloud: ended: the answer is not what was expected: Data error at line 1 column 0";
    assert_eq!(error.to_string(), format!("{line} (status 200, request r-1)"));
}

#[tokio::test(start_paused = true)]
async fn a_link_may_be_relative_to_the_host() {
    let (client, log) = client(|_, _| Answer::new(200));
    client.get_link("/v1/calls?page=2").send().await.unwrap();
    assert_eq!(addresses(&log), ["https://api.example.com/v1/calls?page=2"]);
    assert!(client.get_link("//example.net/x").send().await.unwrap_err().is_forbidden());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_endpoint_answers_with_whatever_status_it_has() {
    let (client, log) = client(|count, _| match count {
        0 => Answer::new(500),
        _ => Answer::new(418).with_body("short and stout"),
    });
    let answer = client.request(http::Method::DELETE, "kettle").query("why", "tea & cake").send_any().await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.bytes[..]), (418, &b"short and stout"[..]));
    assert_eq!(addresses(&log)[1], "https://api.example.com/v1/kettle?why=tea+%26+cake");
}

#[tokio::test(start_paused = true)]
async fn a_request_on_its_way_holds_its_place_until_its_body_is_read_or_dropped() {
    let (client, log) = client(|_, _| Answer::new(200).with_body("audio"));
    let client = client.with_limits("media", Limits::none().with_at_once(1));
    let first = client.get("a").class("media").stream().await.unwrap();
    let second = client.get("b").class("media").stream();
    tokio::pin!(second);
    assert!(timeout(Duration::from_secs(60), &mut second).await.is_err());
    drop(first.body);
    second.await.unwrap();
    assert_eq!(seconds(&log), [0, 60]);
}

#[tokio::test(start_paused = true)]
async fn a_body_to_come_is_that_of_a_success_or_an_error_in_the_words_of_the_vendor() {
    let (client, _) = client(|_, asked| match asked.uri().path() {
        "/v1/file" => Answer::new(200).with_body("audio"),
        _ => Answer::new(404).with_body(r#"{"message": "there is no such file"}"#),
    });
    let mut body = client.get("file").stream_success().await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "audio");
    let error = client.get("other").stream_success().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("there is no such file"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn limits_are_learnt_from_the_headers_of_answers() {
    let (client, log) = client(|_, _| Answer::new(200).with_header("x-allowed", "2"));
    let names = RateHeaders { allowed: Some("x-allowed"), ..RateHeaders::NONE };
    let client = client.with_limits("", Limits::none().with_rate(10, Duration::from_secs(60))).with_rate_headers(names);
    for _ in 0..3 {
        client.get("calls").send().await.unwrap();
    }
    assert_eq!(seconds(&log), [0, 0, 60]);
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_shows_nowhere() {
    let (client, _) = client(|_, _| Answer::new(400).with_body(r#"{"message":"no","user":"kay@example.com"}"#));
    let client = client.with_login(Counting::default());
    let request = client.get("users").query("login", "kay@example.com").header(ACCEPT, "kay@example.com");
    let shown = format!("{request:?} {client:?} {:?}", request.clone().send().await.unwrap_err());
    assert!(!shown.contains("kay@") && !shown.contains("t-0"), "{shown}");
    assert!(shown.contains("/v1/users?login=•••"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_client_moves_only_to_an_address_on_the_list() {
    let (client, log) = client(|_, _| Answer::new(200));
    let client = client.with_login(Counting::default()).with_links(LinkPolicy::default().with_host("example.com"));
    let moved = client.clone().at("https://api-eu.example.com/v2".parse().unwrap()).unwrap();
    moved.get("calls").send().await.unwrap();
    assert_eq!(addresses(&log), ["https://api-eu.example.com/v2/calls"]);
    assert_eq!(carried_token(&log), [Some("Bearer t-0".to_owned())]);
    for elsewhere in ["https://example.net", "http://api-eu.example.com"] {
        assert!(client.clone().at(elsewhere.parse().unwrap()).unwrap_err().is_forbidden());
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_used_up_is_learnt_from_a_refusal_as_well() {
    let (client, log) = client(|count, _| match count {
        0 => Answer::new(429).with_header("x-allowed", "5").with_header("x-used", "6").with_header("x-reset", "40"),
        _ => Answer::new(200),
    });
    let names =
        RateHeaders { allowed: Some("x-allowed"), used: Some("x-used"), reset: Some("x-reset"), ..RateHeaders::NONE };
    client.with_rate_headers(names).get("calls").send().await.unwrap();
    assert_eq!(seconds(&log), [0, 40]);
}

#[tokio::test]
async fn an_api_without_tls_is_refused_except_on_this_machine() {
    let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
    let make = |base: &str| HttpClient::new(&Context::default(), &key, base.parse().unwrap(), &HttpOptions::default());
    assert!(make("http://api.example.com").unwrap_err().is_config());
    assert!(make("https://user:word@api.example.com").unwrap_err().is_config());
    make("http://127.0.0.1:1").unwrap();
}
