//! Sends the sound of a call while it goes on.

use std::ops::Range;
use std::time::Duration;

use anyhow::bail;
use connector_core::Clock;
use connector_core::inbound::Hub;
use connector_genesys::testing::audiohook::{Client, Handshake};
use tokio::time::sleep;

use super::plan::{LiveCall, Session, in_bytes, sample_at, time_of};

/// How often it is looked whether something has happened.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// Where sessions come in, and what they prove who they are with. All of it is invented.
pub(super) const ROUTE: &str = "6f1d2c3b4a59";
pub(super) const KEY: (&str, &str) = ("demo-audio-key", "ZGVtby1hdWRpby1zZWNyZXQ=");
/// The samples of a frame: 100 ms.
const FRAME: u64 = 800;

/// Sends what is heard of a call while a session of it goes on. Returns when it really did: it begins late where nobody
/// listens yet.
pub(super) async fn speak(hub: &Hub, clock: Clock, call: &LiveCall, session: &Session) -> anyhow::Result<Range<u64>> {
    until(clock, call, session.time.start).await;
    let mut client = connect(hub, clock, session).await.with_conversation(&call.conversation);
    client.open().await?;
    // The session begins now, and not when it was planned: what is heard is what there is to hear now.
    let began = sample_at(clock.now() - call.started).min(session.time.end);
    let mut at = began;
    while at < session.time.end {
        match session.pause.as_ref().filter(|pause| pause.contains(&at)) {
            Some(pause) => {
                client.pause().await?;
                until(clock, call, pause.end).await;
                client.resume(time_of(pause.end - at)).await?;
                at = pause.end;
            }
            None => {
                let before = session.pause.as_ref().map(|pause| pause.start).filter(|start| *start > at);
                let end = (at + FRAME).min(session.time.end).min(before.unwrap_or(u64::MAX));
                until(clock, call, end).await;
                client.speak(call.sound[in_bytes(&(at..end))].to_vec().into()).await?;
                at = end;
            }
        }
    }
    if !session.dies {
        client.close("end").await?;
    }
    match client.complaints() {
        [] => Ok(began..at),
        complaints => bail!("a session was not as Genesys Cloud has it: {complaints:?}"),
    }
}

/// Connects as soon as somebody listens.
async fn connect(hub: &Hub, clock: Clock, session: &Session) -> Client {
    loop {
        let handshake = Handshake::new(format!("/hooks/{ROUTE}/audiohook"), "hooks.example.com").at(clock.now());
        let handshake = handshake.with_session(&session.id).with_key(KEY.0, Some(KEY.1));
        match Client::connect(hub, &handshake).await {
            Ok(client) => return client,
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Waits until this sample of a call was spoken.
async fn until(clock: Clock, call: &LiveCall, sample: u64) {
    let left = call.started + time_of(sample) - clock.now();
    sleep(left.to_std().unwrap_or(Duration::ZERO)).await;
}
