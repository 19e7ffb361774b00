use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use http_body::Frame;
use http_body_util::{Empty, Full};
use tokio::time::sleep;

use super::*;
use crate::inbound::{Admit, secret_eq};
use crate::{Context, Origin};

const MAX: usize = 10 << 10;

/// Admits whoever has the key, and answers with the rest of the path and the length of the body.
#[derive(Debug)]
struct Counter {
    origin: Origin,
    admit: Admit,
    admitting: Duration,
    answering: Duration,
    at_work: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Counter {
    fn of(tenant: &str) -> Self {
        Self {
            origin: Origin::new(tenant, "calls"),
            admit: Admit::new(MAX),
            admitting: Duration::ZERO,
            answering: Duration::ZERO,
            at_work: Arc::default(),
            most: Arc::default(),
        }
    }
}

impl Receiver for Counter {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async {
            sleep(self.admitting).await;
            let key = head.headers.get("key").map_or(&b""[..], |key| key.as_bytes());
            if !secret_eq(key, &"right".into()) {
                return Err(refused());
            }
            match head.method == http::Method::POST {
                true => Ok(self.admit.clone()),
                false => Err(Box::new(plain(StatusCode::METHOD_NOT_ALLOWED, "POST only\n"))),
            }
        }
        .boxed()
    }

    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let (answering, at_work, most) = (self.answering, self.at_work.clone(), self.most.clone());
        async move {
            most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(answering).await;
            at_work.fetch_sub(1, Ordering::SeqCst);
            let words = format!("{} {} {}", request.uri(), Rest::of(request.extensions()), request.body().len());
            Response::new(words.into())
        }
        .boxed()
    }
}

fn hub() -> Hub {
    Hub::new(HubOptions::default().with_memory(64 << 10, 32 << 10))
}

fn post(path: &str, key: &str, size: usize) -> Request<Full<Bytes>> {
    let request = Request::post(path).header("key", key).header("content-length", size);
    request.body(Full::from(vec![7; size])).unwrap()
}

/// What it was answered with, and after which time.
async fn timed<B: http_body::Body>(hub: &Hub, request: Request<B>) -> (Response<Bytes>, Duration) {
    let began = Instant::now();
    let answer = hub.answer(request).await;
    (answer, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_receiver_of_the_route_gets_the_request_as_it_was_sent() {
    let hub = hub();
    let _registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    for (path, rest) in [
        ("/hooks/r-1/ended", "ended"),
        ("/hooks/r-1/call/a%2Fb?at=7", "call/a%2Fb"),
        ("/hooks/r-1/", ""),
        ("/hooks/r-1", ""),
        ("/hooks/r-1//", "/"),
    ] {
        let (answer, took) = timed(&hub, post(path, "right", 5)).await;
        assert_eq!((answer.status().as_u16(), took), (200, Duration::ZERO));
        assert_eq!(answer.body(), &format!("{path} {rest} 5"));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_can_tell_a_wrong_key_from_a_route_that_nobody_has() {
    let hub = hub();
    let slow = Counter { admitting: Duration::from_millis(499), ..Counter::of("acme") };
    let _registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    let _slow = hub.register("r-2", Arc::new(slow)).unwrap();
    let mut answers = Vec::new();
    for (path, key) in [
        ("/hooks/r-1/ended", "wrong"),
        ("/hooks/r-1/ended", ""),
        ("/hooks/r-2/ended", "wrong"),
        ("/hooks/r-3/ended", "right"),
        ("/hooks/R-1/ended", "right"),
        ("/hooks//r-1/ended", "right"),
        ("/hooks/r-1%2Fended", "right"),
        ("/hooks", "right"),
        ("/hooksr-1/ended", "right"),
        ("/", "right"),
    ] {
        let (answer, took) = timed(&hub, post(path, key, 5)).await;
        answers.push((answer.status().as_u16(), answer.headers().clone(), answer.into_body(), took));
    }
    assert_eq!((answers[0].0, answers[0].3), (401, Duration::from_millis(500)));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // What a receiver says besides is said at once: it knows the caller by then.
    let got = Request::get("/hooks/r-1/").header("key", "right").body(Empty::<Bytes>::new()).unwrap();
    let (answer, took) = timed(&hub, got).await;
    assert_eq!((answer.status().as_u16(), took), (405, Duration::ZERO));
}

#[test]
fn a_route_belongs_to_one_receiver_until_its_registration_is_dropped() {
    let hub = hub();
    let first = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    assert_eq!(first.path(), "/hooks/r-1/");
    let error = hub.register("r-1", Arc::new(Counter::of("other"))).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("acme/calls"), "{error}");
    assert!(!error.to_string().contains("r-1"), "routes are not shown: {error}");
    drop(first);
    let _again = hub.register("r-1", Arc::new(Counter::of("other"))).unwrap();
    for bad in ["", "a/b", "a b", "ä", "..", "a%2Fb", &"a".repeat(129)] {
        assert!(hub.register(bad, Arc::new(Counter::of("acme"))).unwrap_err().is_config(), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_was_given_back_is_one_that_nobody_has() {
    let hub = hub();
    let slow = Counter { answering: Duration::from_secs(1), ..Counter::of("acme") };
    let registration = hub.register("r-1", Arc::new(slow)).unwrap();
    let under_way = hub.answer(post("/hooks/r-1/", "right", 5));
    let dropped = async { drop(registration) };
    let (answer, ()) = futures_util::future::join(under_way, dropped).await;
    assert_eq!(answer.status(), 200, "what is under way goes on");
    assert_eq!(hub.answer(post("/hooks/r-1/", "right", 5)).await.status(), 401);
}

#[tokio::test(start_paused = true)]
async fn a_registration_outlives_its_hub() {
    let hub = hub();
    let registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    drop(hub);
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn the_prefix_may_be_any() {
    for (prefix, path) in [("in/coming/", "/in/coming/r-1/x"), ("", "/r-1/x"), ("/", "/r-1/x"), ("a", "/a/r-1/x")] {
        let hub = Hub::new(HubOptions::default().with_prefix(prefix));
        let registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
        assert_eq!(format!("{}x", registration.path()), path);
        assert_eq!(hub.answer(post(path, "right", 5)).await.status(), 200, "{prefix:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_are_refused_by_what_is_wrong_with_them() {
    let hub = hub();
    let _registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    let large = hub.answer(post("/hooks/r-1/", "right", MAX + 1)).await;
    assert_eq!(large.status(), 413);
    let mut longer = post("/hooks/r-1/", "right", 5);
    longer.headers_mut().insert("content-length", 4.into());
    assert_eq!(hub.answer(longer).await.status(), 400);
    let mut packed = post("/hooks/r-1/", "right", 5);
    packed.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(hub.answer(packed).await.status(), 415);
    // A stranger is not told any of it.
    assert_eq!(hub.answer(post("/hooks/r-1/", "wrong", MAX + 1)).await.status(), 401);
}

/// Sends a byte every so often, without end.
struct Trickle(Pin<Box<tokio::time::Sleep>>, Duration);

impl Trickle {
    fn every(pause: Duration) -> Self {
        Self(Box::pin(sleep(pause)), pause)
    }
}

impl http_body::Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        futures_util::ready!(self.0.poll_unpin(cx));
        let pause = self.1;
        self.0.as_mut().reset(Instant::now() + pause);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_cut_and_gives_its_memory_back() {
    let hub = hub();
    let _registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    let trickle = || {
        let body = Trickle::every(Duration::from_secs(1));
        Request::post("/hooks/r-1/").header("key", "right").body(body).unwrap()
    };
    let answers = join_all((0..3).map(|_| timed(&hub, trickle()))).await;
    assert!(
        answers.iter().all(|(answer, took)| answer.status() == 408 && *took == Duration::from_secs(30)),
        "{answers:?}"
    );
    let at_once = join_all((0..3).map(|_| hub.answer(post("/hooks/r-1/", "right", MAX)))).await;
    assert!(at_once.iter().all(|answer| answer.status() == 200));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_does_not_wait_is_told_to_come_again_in_time() {
    let hub = hub();
    let hasty = || Admit::new(MAX).within(Duration::from_millis(400));
    let slow = Counter { admit: hasty(), answering: Duration::from_secs(1), ..Counter::of("acme") };
    let _slow = hub.register("slow", Arc::new(slow)).unwrap();
    let _quick = hub.register("quick", Arc::new(Counter { admit: hasty(), ..Counter::of("acme") })).unwrap();
    let body = Trickle::every(Duration::from_millis(100));
    let trickle = Request::post("/hooks/quick/").header("key", "right").body(body).unwrap();
    for (answer, took) in [timed(&hub, post("/hooks/slow/", "right", 5)).await, timed(&hub, trickle).await] {
        assert_eq!((answer.status().as_u16(), took), (503, Duration::from_millis(400)));
        assert_eq!(answer.headers()[RETRY_AFTER], "5");
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_takes_longer_than_the_hub_allows() {
    let hub = hub();
    let hours = Duration::from_secs(7200);
    let deaf = Counter { admitting: hours, ..Counter::of("acme") };
    let slow = Counter { admit: Admit::new(MAX).within(hours), answering: hours, ..Counter::of("acme") };
    let _deaf = hub.register("deaf", Arc::new(deaf)).unwrap();
    let _slow = hub.register("slow", Arc::new(slow)).unwrap();
    for path in ["/hooks/deaf/", "/hooks/slow/"] {
        let (answer, took) = timed(&hub, post(path, "right", 5)).await;
        assert_eq!((answer.status().as_u16(), took), (503, Duration::from_secs(170)), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_over_budget_comes_again_and_others_are_not_disturbed() {
    let hub = hub();
    let slow = Counter { answering: Duration::from_secs(1), ..Counter::of("greedy") };
    let (most, other) = (slow.most.clone(), Counter { answering: Duration::from_secs(1), ..Counter::of("modest") });
    let _greedy = hub.register("greedy", Arc::new(slow)).unwrap();
    let _modest = hub.register("modest", Arc::new(other)).unwrap();
    // 32 KiB for a tenant: three bodies of 10 KiB.
    let greedy = join_all((0..20).map(|_| timed(&hub, post("/hooks/greedy/", "right", MAX))));
    let modest = join_all((0..3).map(|_| hub.answer(post("/hooks/modest/", "right", MAX))));
    let (greedy, modest) = futures_util::future::join(greedy, modest).await;
    assert!(modest.iter().all(|answer| answer.status() == 200));
    let busy: Vec<_> = greedy.iter().filter(|(answer, _)| answer.status() == 503).collect();
    assert_eq!((busy.len(), most.load(Ordering::SeqCst)), (17, 3));
    for (answer, took) in busy {
        assert_eq!((&answer.headers()[RETRY_AFTER], *took), (&HeaderValue::from_static("5"), Duration::ZERO));
    }
    assert_eq!(hub.answer(post("/hooks/greedy/", "right", MAX)).await.status(), 200, "all of it is given back");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_gives_its_memory_back() {
    let hub = hub();
    let slow = Counter { answering: Duration::from_secs(1), ..Counter::of("acme") };
    let _registration = hub.register("r-1", Arc::new(slow)).unwrap();
    for _ in 0..50 {
        let mut request = Box::pin(hub.answer(post("/hooks/r-1/", "right", MAX)));
        assert!((&mut request).now_or_never().is_none());
    }
    assert_eq!(hub.answer(post("/hooks/r-1/", "right", MAX)).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_closed_hub_finishes_what_it_began_and_takes_nothing_new() {
    let hub = hub();
    let slow = Counter { answering: Duration::from_secs(1), ..Counter::of("acme") };
    let _registration = hub.register("r-1", Arc::new(slow)).unwrap();
    let under_way = hub.answer(post("/hooks/r-1/", "right", 5));
    let closed = async {
        hub.close();
        for path in ["/hooks/r-1/", "/hooks/r-2/"] {
            let (answer, took) = timed(&hub, post(path, "right", 5)).await;
            assert_eq!((answer.status().as_u16(), took), (503, Duration::ZERO));
        }
    };
    let (answer, ()) = futures_util::future::join(under_way, closed).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn it_is_a_tower_service_for_any_body() {
    use tower_service::Service;
    let cx = Context::default().with_inbound(&hub());
    let mut hub = cx.for_source("acme", "calls").inbound().unwrap().clone();
    let _registration = hub.register("r-1", Arc::new(Counter::of("acme"))).unwrap();
    assert_eq!(hub.call(post("/hooks/r-1/", "right", 5)).await.unwrap().status(), 200);
    let empty = Request::post("/hooks/r-1/").header("key", "right").body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(hub.call(empty).await.unwrap().status(), 200);
}

#[derive(Clone)]
struct OnUpgrade;

/// Sees what the server has put into the extensions.
#[derive(Debug)]
struct Upgrades(Origin);

impl Receiver for Upgrades {
    fn origin(&self) -> &Origin {
        &self.0
    }

    fn admit<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async { Ok(Admit::new(0)) }.boxed()
    }

    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let can = request.extensions().get::<OnUpgrade>().is_some();
        async move { plain(if can { StatusCode::SWITCHING_PROTOCOLS } else { StatusCode::BAD_REQUEST }, "") }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_has_put_into_the_extensions_reaches_the_receiver() {
    let hub = hub();
    let _registration = hub.register("r-1", Arc::new(Upgrades(Origin::default()))).unwrap();
    let mut request = Request::get("/hooks/r-1/").body(Empty::<Bytes>::new()).unwrap();
    request.extensions_mut().insert(OnUpgrade);
    assert_eq!(hub.answer(request).await.status(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_never_answers_is_given_up_with_its_memory() {
    #[derive(Debug)]
    struct Never(Counter);
    impl Receiver for Never {
        fn origin(&self) -> &Origin {
            &self.0.origin
        }
        fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
            self.0.admit(head)
        }
        fn receive(&self, _: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
            pending().boxed()
        }
    }
    let hub = hub();
    let _registration = hub.register("r-1", Arc::new(Never(Counter::of("acme")))).unwrap();
    for _ in 0..2 {
        let answers = join_all((0..3).map(|_| timed(&hub, post("/hooks/r-1/", "right", MAX)))).await;
        assert!(answers.iter().all(|(_, took)| *took == Duration::from_secs(170)), "{answers:?}");
    }
}
