//! The sound of calls, sent by a client that behaves, and by one that does not, on a paused clock.

mod coming;
mod going;
mod hearing;
mod misbehaving;
mod recording;

use std::time::Duration;

use connector_core::inbound::{Hub, HubOptions};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Clock, Context, LiveEnd, LiveItem, LiveItems, LiveSession, LiveSessions, RawPolicy, Secret};
use connector_core::{LiveAudioSource, Speaker};
use connector_genesys::testing::Fake;
use connector_genesys::testing::audiohook::{Client, Handshake};
use connector_genesys::{AudioKey, AudioOptions, Genesys, GenesysConfig};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use http::StatusCode;

const SECRET: &str = "c3ludGhldGljLWhtYWMta2V5LWZvci11bml0LXRlc3Q=";

/// A program that takes the sound of calls.
struct Program {
    hub: Hub,
    clock: Clock,
    genesys: Genesys,
    sessions: LiveSessions,
}

fn options() -> AudioOptions {
    AudioOptions::new(AudioKey::new(Secret::literal("k-1"), Secret::literal(SECRET))).with_route("r-1")
}

fn config(options: AudioOptions) -> GenesysConfig {
    Fake::new(&Scenario::small(7), FaultPlan::none()).config().with_audio(options)
}

fn context(hub: &Hub) -> Context {
    Context::default().for_source("acme", "cloud").with_inbound(hub)
}

impl Program {
    /// One that listens.
    fn new() -> Self {
        Self::with(options())
    }

    fn with(options: AudioOptions) -> Self {
        let hub = Hub::new(HubOptions::default());
        let cx = context(&hub);
        let genesys = Genesys::new(config(options), &cx).expect("settings that make sense");
        let sessions = genesys.live_audio().sessions();
        Self { hub, clock: cx.clock(), genesys, sessions }
    }

    fn handshake(&self) -> Handshake {
        let handshake = Handshake::new("/hooks/r-1/audiohook", "hooks.example.com").at(self.clock.now());
        handshake.with_key("k-1", Some(SECRET))
    }

    /// Somebody who is let in.
    async fn client(&self) -> Client {
        Client::connect(&self.hub, &self.handshake()).await.expect("a good handshake")
    }

    /// Somebody whose session is open, and that session.
    async fn talking(&mut self) -> (Client, LiveSession) {
        let mut client = self.client().await;
        assert_eq!(client.open().await.unwrap()["type"], "opened");
        (client, self.session().await)
    }

    async fn session(&mut self) -> LiveSession {
        self.sessions.next().await.expect("a session").expect("a session")
    }

    /// Whether no session waits.
    fn has_none(&mut self) -> bool {
        self.sessions.next().now_or_never().is_none()
    }

    async fn refusal(&self) -> StatusCode {
        Client::connect(&self.hub, &self.handshake()).await.expect_err("a refusal")
    }
}

/// All items of a session that is over, or will be.
async fn all(session: LiveSession) -> Vec<LiveItem> {
    session.into_items().try_collect().await.expect("no error")
}

/// Those that are no sound, in short.
fn marks(items: &[LiveItem]) -> Vec<String> {
    let short = |item: &LiveItem| match item {
        LiveItem::Paused { at } => Some(format!("paused {at}")),
        LiveItem::Resumed { at } => Some(format!("resumed {at}")),
        LiveItem::Lost { at, samples, by } => Some(format!("lost {at} {samples} {by:?}")),
        LiveItem::Ended { at, how } => Some(format!("ended {at} {how:?}")),
        _ => None,
    };
    items.iter().filter_map(short).collect()
}

/// How many samples of each channel there are. Each frame has the bytes that belong where it is.
fn heard(items: &[LiveItem]) -> u64 {
    let frames = items.iter().filter_map(|item| if let LiveItem::Frame(frame) = item { Some(frame) } else { None });
    frames
        .map(|frame| {
            let channels = frame.format().speakers.len() as u64;
            let sound = Client::sound(frame.position.samples, frame.samples(), channels);
            assert_eq!(frame.bytes(), &sound, "at {}", frame.position);
            frame.samples()
        })
        .sum()
}

/// Lets everything happen that is due by now.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
