//! Lets the Studio script call, in a web server of one's own, and prints each call that ends.
//!
//! It needs nothing: it plays a short day with a fake, whose script calls a port of this machine, and ends with the last call.
//! For real the server is reached from outside by HTTPS; what to enter in the script is in `docs/nice-studio.md`.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context as _;
use connector_core::inbound::{Hub, HubOptions};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{CallEventKind, Clock, Context, EventSource, Item, Secret, SourceItem, SubscribeRequest, Watch};
use connector_nice::testing::Fake;
use connector_nice::{NiceCxone, PushOptions};
use futures_util::TryStreamExt;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// For real: a secret text that nobody guesses, and a key from `Secret::file`.
const ROUTE: &str = "8b1f0c6e5d7a42f9";
const KEY: &str = "the script's key";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let day = Scenario::small(7);
    let fake = Fake::start(&day, FaultPlan::none()).await?;
    fake.play(0);
    let hub = Hub::new(HubOptions::default());
    let cx = Context::default().with_inbound(&hub).with_clock(Clock::starting_at(day.starts));
    let config = fake.config().with_push(PushOptions::new(Secret::literal(KEY)).with_route(ROUTE));
    let nice = NiceCxone::new(config, &cx)?;
    if let Some(url) = nice.event_url("https://hooks.example.com/hooks") {
        println!("enter in the Studio script: {url}");
    }

    // With axum: axum::serve(listener, Router::new().route_service("/hooks/{*rest}", hub))
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, hub));
    let mut script = Some(script(fake, address)); // begins once somebody listens

    let mut left = day.calls.len();
    let mut events = nice.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    while let Some(item) = events.try_next().await? {
        let SourceItem::Delivery(delivery) = item else {
            script.take().map(tokio::spawn);
            continue;
        };
        for item in &delivery.items {
            if let Item::Event(event) = item
                && event.kind == CallEventKind::Ended
            {
                println!("{} {}", event.at, event.conversation);
                left -= 1;
            }
        }
        delivery.ack.accept().await?; // only now is the script answered with 200
        if left == 0 {
            break;
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener, hub: Hub) {
    while let Ok((stream, _)) = listener.accept().await {
        let hub = hub.clone();
        let answer = service_fn(move |request| {
            let hub = hub.clone();
            async move { Ok::<_, Infallible>(hub.answer(request).await.map(Full::new)) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

/// What CXone does: the script calls whenever a call is over.
async fn script(fake: Fake, address: SocketAddr) -> anyhow::Result<()> {
    for call in 0..fake.scenario().calls.len() {
        fake.play(call + 1);
        let body = fake.studio_push(call).context("it is a call")?;
        println!("the script is answered: {}", post(address, &body).await?);
    }
    std::future::pending().await // it answers for as long as somebody asks
}

/// Posts what a script says; the first line of the answer.
async fn post(address: SocketAddr, body: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /hooks/{ROUTE}/ended HTTP/1.1\r\nhost: hooks.example.com\r\nx-ingest-token: {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
