//! Hears 100,000 notifications of Genesys Cloud.
//!
//! `frames serve PAUSE` plays an organisation and prints where it is; everybody's call changes, and after so many
//! milliseconds again. `frames take URL` hears the calls through the client and accepts every delivery, until the last call
//! has ended and its work is done. `frames parse URL` reads the same messages with a bare WebSocket, parses each with serde
//! and drops it.

mod calls;
mod server;

use std::time::Duration;

use anyhow::{bail, ensure};
use calls::{CALLS, FRAMES};
use connector_core::{CallEventKind, Context, EventSource, Item, Secret, SourceItem, SubscribeRequest, Watch};
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;

async fn take(url: &str) -> anyhow::Result<()> {
    let secrets = (Secret::literal("made-up-client"), Secret::literal("made-up-secret"));
    let genesys = Genesys::new(GenesysConfig::new(url.parse()?, secrets), &Context::default())?;
    let mut deliveries = genesys.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    let (mut ended, mut wrapped_up, mut events, mut handed) = (0, 0, 0, 0);
    while (ended, wrapped_up) != (CALLS, CALLS) {
        let Some(item) = deliveries.try_next().await? else { bail!("the deliveries came to an end") };
        let SourceItem::Delivery(delivery) = item else { continue };
        handed += 1;
        for item in &delivery.items {
            let Item::Event(event) = item else { continue };
            events += 1;
            match event.kind {
                CallEventKind::Ended => ended += 1,
                CallEventKind::WrapUpEnded => wrapped_up += 1,
                _ => {}
            }
        }
        delivery.ack.accept().await?;
        ensure!(ended <= CALLS && wrapped_up <= CALLS, "something was told twice");
    }
    println!("{events} events in {handed} deliveries");
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed, and dropped")]
struct Frame {
    topic_name: String,
    event_body: Call,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed, and dropped")]
struct Call {
    id: String,
    participants: Vec<Participant>,
    recording_state: Option<String>,
    secure_pause: Option<bool>,
}

/// What the client reads of it, too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed, and dropped")]
struct Participant {
    id: String,
    purpose: String,
    state: String,
    start_time: Option<String>,
    connected_time: Option<String>,
    end_time: Option<String>,
    disconnect_type: Option<String>,
    held: bool,
    start_hold_time: Option<String>,
    muted: bool,
    recording_state: Option<String>,
    secure_pause: Option<bool>,
    user: Option<Named>,
    queue: Option<Named>,
    wrapup: Option<WrapUp>,
    end_acw_time: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed, and dropped")]
struct Named {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed, and dropped")]
struct WrapUp {
    code: String,
    end_time: Option<String>,
}

async fn parse(url: &str) -> anyhow::Result<()> {
    let url = url.trim_end_matches('/').replacen("http", "ws", 1);
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("{url}{}", server::BARE)).await?;
    for _ in 0..FRAMES {
        let Some(Message::Text(text)) = socket.next().await.transpose()? else { bail!("that is no text") };
        drop(serde_json::from_str::<Frame>(&text)?);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", pause] => server::serve(Duration::from_millis(pause.parse()?)).await?,
        ["take", url] => take(url).await?,
        ["parse", url] => parse(url).await?,
        _ => bail!("serve PAUSE, take URL or parse URL"),
    }
    Ok(benches::tell_peak()?)
}
