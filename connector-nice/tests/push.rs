//! What a Studio script tells is a hint: the call is read back, told once, and the request answered when that is safe.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use connector_core::inbound::{Hub, HubOptions};
use connector_core::testing::http::InProcess;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    CallEventKind, Clock, Context, Delivery, EventSource, Events, Item, Refusal, Secret, SourceItem, SubscribeRequest,
    Watch,
};
use connector_nice::testing::{Endpoint, Fake};
use connector_nice::{NiceConfig, NiceCxone, PushOptions};
use futures_util::StreamExt;
use futures_util::future::{Either, join, select};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::Full;
use tokio::time::{Instant, timeout};

const ROUTE: &str = "8b1f0c6e5d7a42f9";
const KEY: &str = "the key of the script";
const DOOR: &str = "/hooks/8b1f0c6e5d7a42f9/ended";

/// Polls by themselves come so rarely that whatever comes sooner was hurried.
const POLL_EVERY: Duration = Duration::from_secs(600);

struct Tenant {
    fake: Fake,
    hub: Hub,
    nice: NiceCxone,
}

impl Tenant {
    fn new() -> Self {
        Self::with(|config| config)
    }

    fn with(settings: impl FnOnce(NiceConfig) -> NiceConfig) -> Self {
        let fake = Fake::new(&Scenario::day(6, 7), FaultPlan::none());
        fake.play(1);
        let secrets = |(id, secret): (String, String)| (Secret::literal(id), Secret::literal(secret));
        let push = PushOptions::new(Secret::literal(KEY)).with_route(ROUTE).with_key(Secret::literal("the next key"));
        let config = NiceConfig::new(secrets(fake.client()), secrets(fake.access_key()))
            .with_issuer(fake.issuer())
            .with_host("example.com")
            .with_poll_every(POLL_EVERY)
            .with_push(push);
        let hub = Hub::new(HubOptions::default());
        let cx = Context::default()
            .for_source("acme", "nice")
            .with_clock(Clock::starting_at(fake.scenario().starts))
            .with_inbound(&hub)
            .with_transport(Arc::new(InProcess::new(fake.answers())));
        let nice = NiceCxone::new(settings(config), &cx).expect("good settings");
        Self { fake, hub, nice }
    }

    /// A stream that has asked once and found what was there before.
    async fn listen(&self) -> Events {
        let mut events = self.nice.events().deliveries(SubscribeRequest::new(Watch::everyone()));
        while let Ok(item) = timeout(Duration::from_secs(60), events.next()).await {
            if let SourceItem::Delivery(delivery) = item.expect("an item").expect("no error") {
                delivery.ack.accept().await.expect("it is stored");
            }
        }
        events
    }

    async fn push(&self, call: usize) -> Response<Bytes> {
        self.post(KEY, self.fake.studio_push(call).expect("a call")).await
    }

    async fn post(&self, key: &str, body: impl Into<Bytes>) -> Response<Bytes> {
        self.hub.answer(request(key, body.into())).await
    }
}

fn request(key: &str, body: Bytes) -> Request<Full<Bytes>> {
    let request = Request::post(DOOR).header("x-ingest-token", key);
    request.header("content-length", body.len()).body(Full::new(body)).expect("a request")
}

/// The ids of the calls that a delivery says are over.
fn ended(delivery: &Delivery) -> Vec<String> {
    let events = delivery.items.iter().filter_map(|item| match item {
        Item::Event(event) if event.kind == CallEventKind::Ended => Some(event.conversation.id.to_string()),
        _ => None,
    });
    events.collect()
}

/// The next delivery, if one comes within the time.
async fn delivery(events: &mut Events, within: Duration) -> Option<Delivery> {
    let next = async {
        loop {
            if let SourceItem::Delivery(delivery) = events.next().await.expect("an item").expect("no error") {
                return delivery;
            }
        }
    };
    timeout(within, next).await.ok()
}

/// Everything that comes within the time, accepted.
async fn all(events: &mut Events, within: Duration) -> Vec<String> {
    let (until, mut told) = (Instant::now() + within, Vec::new());
    while let Some(delivery) = delivery(events, until - Instant::now()).await {
        told.extend(ended(&delivery));
        delivery.ack.accept().await.expect("it is stored");
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_pushed_call_is_read_back_told_at_once_and_once() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    tenant.fake.play(2);
    let began = Instant::now();
    let stored = async {
        let delivery = delivery(&mut events, POLL_EVERY).await.expect("a delivery");
        let told = (ended(&delivery), began.elapsed());
        delivery.ack.accept().await.expect("it is stored");
        // Only a source that is asked for more hears that it was accepted.
        (told, all(&mut events, POLL_EVERY * 3).await)
    };
    let (answer, ((told, after), later)) = join(tenant.push(1), stored).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(told, [tenant.fake.contact_ids(1)[0].clone()]);
    assert!(after < Duration::from_secs(3), "told after {after:?}");
    assert!(later.is_empty(), "the polls found it as well and told it again: {later:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_poll_found_first_is_answered_and_not_told_again() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    tenant.fake.play(2);
    assert_eq!(all(&mut events, POLL_EVERY * 2).await.len(), 1);
    let asked = tenant.fake.count(Endpoint::Completed);
    let (answer, told) = join(tenant.push(1), all(&mut events, Duration::from_secs(30))).await;
    assert_eq!((answer.status().as_u16(), told.len()), (200, 0));
    assert_eq!(tenant.fake.count(Endpoint::Completed), asked, "nobody needs to be asked");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_shows_late_is_asked_for_again() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    let late = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        tenant.fake.play(2);
    };
    let ((answer, ()), told) = join(join(tenant.push(1), late), all(&mut events, Duration::from_secs(30))).await;
    assert_eq!((answer.status().as_u16(), told), (200, vec![tenant.fake.contact_ids(1)[0].clone()]));
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_finds_nothing_costs_few_questions_and_is_left_to_the_next_poll() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    tenant.fake.forget_requests();
    let (answer, told) = join(tenant.push(1), all(&mut events, Duration::from_secs(60))).await;
    assert_eq!((answer.status().as_u16(), told.len()), (202, 0));
    assert!(tenant.fake.count(Endpoint::Completed) <= 6, "{}", tenant.fake.count(Endpoint::Completed));
    tenant.fake.play(2);
    assert_eq!(all(&mut events, POLL_EVERY * 2).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_hints_share_their_questions() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    tenant.fake.forget_requests();
    let pushes =
        futures_util::future::join_all((0..100).map(|n| tenant.post(KEY, format!(r#"{{"contactId":"9{n}"}}"#))));
    let (answers, _) = join(pushes, all(&mut events, Duration::from_secs(60))).await;
    assert!(answers.iter().all(|answer| answer.status() == 202));
    assert!(tenant.fake.count(Endpoint::Completed) <= 6, "{}", tenant.fake.count(Endpoint::Completed));
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_the_answer_is_503_and_the_next_poll_finds_the_call() {
    for turned_down in 0..2 {
        let tenant = Tenant::new();
        let mut events = tenant.listen().await;
        tenant.fake.play(2);
        let down = async {
            let delivery = delivery(&mut events, POLL_EVERY).await.expect("a delivery");
            assert_eq!(ended(&delivery).len(), 1);
            match turned_down {
                0 => delivery.ack.refuse(Refusal::NotStored),
                _ => drop(delivery),
            }
            // The source hears of it when it is asked for more.
            let again = next_of(&mut events).await;
            (ended(&again), again)
        };
        let (answer, (told, again)) = join(tenant.push(1), down).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(told, [tenant.fake.contact_ids(1)[0].clone()]);
        again.ack.accept().await.expect("it is stored");
        assert!(all(&mut events, POLL_EVERY * 2).await.is_empty());
    }
}

async fn next_of(events: &mut Events) -> Delivery {
    delivery(events, POLL_EVERY).await.expect("what was refused comes again")
}

#[tokio::test(start_paused = true)]
async fn a_store_that_says_nothing_is_answered_for_in_time_and_nothing_is_lost() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    tenant.fake.play(2);
    let began = Instant::now();
    let hangs = async {
        let delivery = delivery(&mut events, POLL_EVERY).await.expect("a delivery");
        let _nothing = delivery_never(&mut events).await;
        delivery
    };
    let answer = match select(Box::pin(tenant.push(1)), Box::pin(hangs)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => panic!("nobody says anything"),
    };
    assert_eq!(answer.status(), 503);
    assert!(began.elapsed() <= Duration::from_secs(60), "a script waits up to 90 s: {:?}", began.elapsed());
    assert_eq!(all(&mut events, POLL_EVERY * 2).await.len(), 1, "the delivery was dropped, so it comes again");
}

async fn delivery_never(events: &mut Events) -> Option<Delivery> {
    delivery(events, Duration::from_secs(3600)).await
}

#[tokio::test(start_paused = true)]
async fn nobody_listens_and_the_script_is_asked_to_come_again() {
    let tenant = Tenant::new();
    assert_eq!(tenant.push(0).await.status(), 503);
    let events = tenant.listen().await;
    drop(events);
    assert_eq!(tenant.push(0).await.status(), 503);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_and_an_unknown_route_look_the_same_and_take_the_same_time() {
    let tenant = Tenant::new();
    let mut answers = Vec::new();
    let stranger = Request::post("/hooks/nobody/ended").header("x-ingest-token", KEY).body(Full::default()).unwrap();
    let without_key = Request::post(DOOR).body(Full::default()).unwrap();
    for request in [stranger, without_key, request("wrong", Bytes::new()), request("", Bytes::new())] {
        let began = Instant::now();
        let answer = tenant.hub.answer(request).await;
        answers.push((answer.status(), answer.headers().clone(), answer.into_body(), began.elapsed()));
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn two_keys_are_good_while_one_takes_the_place_of_the_other() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    for (key, status) in [(KEY, 200), ("the next key", 200), ("the key after that", 401)] {
        let body = tenant.fake.studio_push(0).expect("a call");
        let (answer, _) = join(tenant.post(key, body), all(&mut events, Duration::from_secs(2))).await;
        assert_eq!(answer.status(), status, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_in_a_file_that_changes_is_taken_up() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "first\n").expect("it can be written");
    let push = PushOptions::new(Secret::file(file.path())).with_route(ROUTE);
    let tenant = Tenant::with(|config| config.with_push(push));
    assert_eq!(tenant.post("first", "{}").await.status(), 400, "it came in, and told of no contact");
    std::fs::write(file.path(), "second\n").expect("it can be written");
    assert_eq!(tenant.post("first", "{}").await.status(), 401);
    assert_eq!(tenant.post("second", "{}").await.status(), 400);
    file.close().expect("it can be removed");
    assert_eq!(tenant.post("second", "{}").await.status(), 401, "a key that is gone opens nothing");
}

#[tokio::test(start_paused = true)]
async fn what_tells_of_no_contact_is_answered_and_asks_nobody() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    tenant.fake.forget_requests();
    let chat = r#"{"contactId":"702200100234","mediaTypeId":"3"}"#;
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        (r#"{"contactId":""}"#, 400),
        (r#"{"contactId":{"a":[1]}}"#, 400),
        (r#"{"contactId":"../../agents"}"#, 400),
        (chat, 200),
    ] {
        let (answer, _) = join(tenant.post(KEY, body), all(&mut events, Duration::from_secs(1))).await;
        assert_eq!(answer.status(), status, "{body}");
    }
    assert_eq!(tenant.fake.count(Endpoint::Completed), 0);
    let get = Request::get(DOOR).header("x-ingest-token", KEY).body(Full::<Bytes>::default()).unwrap();
    assert_eq!(tenant.hub.answer(get).await.status(), 405);
}

#[tokio::test(start_paused = true)]
async fn numbers_and_fields_that_nobody_knows_do_no_harm() {
    let tenant = Tenant::new();
    let mut events = tenant.listen().await;
    let id: u64 = tenant.fake.contact_ids(0)[0].parse().unwrap();
    let body = serde_json::json!({ "contactId": id, "mediaTypeId": 4, "event": "?", "more": [{ "x": null }] });
    let (answer, _) = join(tenant.post(KEY, body.to_string()), all(&mut events, Duration::from_secs(1))).await;
    assert_eq!(answer.status(), 200);
}

/// A body without an announced length, in pieces; it may never end.
struct Pieces {
    left: usize,
    ends: bool,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match (self.left.checked_sub(1), self.ends) {
            (Some(left), _) => {
                self.left = left;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 1024])))))
            }
            (None, true) => Poll::Ready(None),
            (None, false) => std::pin::pin!(pending()).poll(cx),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_no_script_sends_are_refused_before_they_are_held() {
    let tenant = Tenant::new();
    let post = || Request::post(DOOR).header("x-ingest-token", KEY);
    let announced = post().header("content-length", 1 << 30).body(Pieces { left: 0, ends: false }).unwrap();
    assert_eq!(tenant.hub.answer(announced).await.status(), 413);
    let endless = post().body(Pieces { left: usize::MAX, ends: false }).unwrap();
    assert_eq!(tenant.hub.answer(endless).await.status(), 413);
    let began = Instant::now();
    let stuck = post().body(Pieces { left: 1, ends: false }).unwrap();
    assert_eq!(tenant.hub.answer(stuck).await.status(), 408);
    assert!(began.elapsed() <= Duration::from_secs(30));
    // Packed: 1 GiB of zeros would fit into a megabyte, so nothing is unpacked at all.
    let bomb = post().header("content-encoding", "gzip").body(Pieces { left: 2, ends: true }).unwrap();
    assert_eq!(tenant.hub.answer(bomb).await.status(), 415);
    assert_eq!(tenant.post(KEY, "{}").await.status(), 400, "all of the memory was given back");
}

#[test]
fn the_address_is_that_of_the_hub_and_settings_that_open_nothing_are_refused() {
    let tenant = Tenant::new();
    for base in ["https://hooks.example.com/hooks", "https://hooks.example.com/hooks/"] {
        let url = tenant.nice.event_url(base).expect("a route");
        assert_eq!(url, format!("https://hooks.example.com{DOOR}"));
    }
    let secrets = || (Secret::literal("id"), Secret::literal("secret"));
    let config = NiceConfig::new(secrets(), secrets());
    let key = || Secret::literal("k");
    let none: PushOptions = serde_json::from_str(r#"{"keys": []}"#).unwrap();
    let three = PushOptions::new(key()).with_key(key()).with_key(key());
    let header = PushOptions::new(key()).with_header("X Ingest");
    for push in [none, three, header] {
        assert!(config.clone().with_push(push).validate().unwrap_err().is_config());
    }
    let cx = Context::default().for_source("acme", "other").with_inbound(&tenant.hub);
    for push in [PushOptions::new(key()), PushOptions::new(key()).with_route(ROUTE)] {
        let error = NiceCxone::new(config.clone().with_push(push), &cx).expect_err("no route, or one that is taken");
        assert!(error.is_config() && error.advice().is_some(), "{error}");
    }
    drop(tenant.nice);
    let push = PushOptions::new(key()).with_route(ROUTE);
    assert!(NiceCxone::new(config.with_push(push), &cx).is_ok(), "the route is given back");
}

#[test]
fn a_file_says_in_which_ways_calls_are_heard() {
    let text = r#"{"client_id": "env:A", "client_secret": "env:B", "access_key_id": "env:C", "access_key_secret": "file:/d",
        "active_every": "12s 500ms", "sessions": ["31000101"], "push": {"keys": ["file:/old", "file:/new"], "route": "abc"}}"#;
    let config: NiceConfig = serde_json::from_str(text).unwrap();
    config.validate().unwrap();
    assert_eq!((config.active_every, config.sessions.len()), (Some(Duration::from_millis(12_500)), 1));
    assert_eq!(config.push.as_ref().map(|push| push.header.as_str()), Some("X-Ingest-Token"));
    let kinds = NiceCxone::new(config.clone(), &Context::default()).unwrap().events().traits().kinds;
    assert!(kinds.contains(&CallEventKind::Held));
    let again: NiceConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(again.active_every, config.active_every);
    for wrong in ["active_every\": 12", "active_every\": \"soon\"", "push\": {\"kays\": []}", "push\": {}"] {
        let text = text.replace("\"active_every\": \"12s 500ms\"", &format!("\"{wrong}"));
        assert!(serde_json::from_str::<NiceConfig>(&text).is_err(), "{wrong}");
    }
}
