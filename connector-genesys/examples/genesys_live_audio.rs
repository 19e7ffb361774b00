//! Prints how loud customer and agent are, while calls go on.
//!
//! It needs nothing: without arguments it hears two short calls that a fake sends, and ends with the last of their sessions.
//! For real, Genesys Cloud connects to a server of yours: with any argument it says what that takes.

use std::time::Duration;

use connector_core::inbound::{Hub, HubOptions};
use connector_core::testing::{Clip, FaultPlan, Scenario};
use connector_core::{Clock, Context, LiveAudioSource, LiveItem, LiveSession, Result, Samples, Secret, Speaker};
use connector_genesys::testing::Fake;
use connector_genesys::testing::audiohook::{Client, Handshake};
use connector_genesys::{AudioKey, AudioOptions, Genesys, GenesysAudio};
use futures_util::TryStreamExt;

/// For real: a secret text that nobody guesses, and what stands in the integration.
const ROUTE: &str = "8b1f0c6e5d7a42f9";
const KEY: (&str, &str) = ("example-key", "c3ludGhldGlj");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if std::env::args().len() > 1 {
        println!("{FOR_REAL}");
        return Ok(());
    }
    let (hub, fake) = (Hub::new(HubOptions::default()), Fake::new(&Scenario::small(7), FaultPlan::none()));
    let key = AudioKey::new(Secret::literal(KEY.0), Secret::literal(KEY.1));
    let config = fake.config().with_audio(AudioOptions::new(key).with_route(ROUTE));
    let genesys = Genesys::new(config, &Context::default().with_inbound(&hub))?;
    let (heard, called) = tokio::join!(hear(&genesys), call_twice(hub, genesys.live_audio()));
    called.and(heard)
}

/// Hears until no session can come any more.
async fn hear(genesys: &Genesys) -> anyhow::Result<()> {
    let mut sessions = genesys.live_audio().sessions();
    while let Some(session) = sessions.try_next().await? {
        tokio::spawn(async move {
            if let Err(error) = meter(session).await {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

async fn meter(session: LiveSession) -> Result<()> {
    let conversation = session.conversation.clone();
    let mut items = session.into_items();
    while let Some(item) = items.try_next().await? {
        if let LiveItem::Frame(frame) = item {
            let (customer, agent) = (frame.channel(Speaker::Customer), frame.channel(Speaker::Agent));
            println!("{conversation} {:>8} customer {:>5} agent {:>5}", frame.position, peak(customer), peak(agent));
        }
    }
    Ok(())
}

/// The loudest sample, from 0 to 32,767.
fn peak(samples: Samples<'_>) -> u16 {
    samples.map(i16::unsigned_abs).max().unwrap_or_default()
}

/// What Genesys Cloud does: two calls at the same time, in frames of 200 ms.
async fn call_twice(hub: Hub, audio: GenesysAudio) -> anyhow::Result<()> {
    let calls = ["c0de0001-4a1b-4c2d-8e3f-0a1b2c3d4e5f", "c0de0002-4a1b-4c2d-8e3f-0a1b2c3d4e5f"];
    let (first, second) = tokio::join!(call(&hub, calls[0], 1), call(&hub, calls[1], 2));
    audio.close().await;
    first.and(second)
}

async fn call(hub: &Hub, conversation: &str, seed: u64) -> anyhow::Result<()> {
    let path = format!("/hooks/{ROUTE}/audiohook");
    let handshake = Handshake::new(path, "hooks.example.com").at(Clock::system().now()).with_key(KEY.0, Some(KEY.1));
    let client = Client::connect(hub, &handshake).await.map_err(|status| anyhow::anyhow!("not let in: {status}"))?;
    let mut client = client.with_conversation(conversation);
    client.open().await?;
    for frame in Clip::stereo(seed, Duration::from_secs(2)).mu_law().chunks(2 * 1_600) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.speak(frame.to_vec().into()).await?;
    }
    client.close("end").await?;
    Ok(())
}

const FOR_REAL: &str = "\
Genesys Cloud connects to you, so it takes a server with a certificate of a public authority:
1. Give the hub to your web server: let it hand all requests below /hooks/ to it, such as
   axum::Router::new().route_service(\"/hooks/{*rest}\", hub), and keep path and host as they come.
2. Take the API key and the client secret from Secret::environment or Secret::file, and a long random route.
3. Install the integration AudioHook Monitor in Genesys Cloud, and enter the address that Genesys::audio_url yields, the API
   key and the client secret. Switch on Dual channel on the trunk, and Audio Monitoring in the queues or in a flow.
The documentation of GenesysAudio says more.";
