//! Who sends: a thousand clients in one process.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chrono::Utc;
use connector_genesys::testing::audiohook::Handshake;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{FRAMES, KEY, SAMPLES, SESSIONS};

/// How often there is sound.
const PACE: Duration = Duration::from_millis(200);

/// Frames between two pings.
const PING: usize = 25;

/// The sessions begin one after another within this time.
const SPREAD: Duration = Duration::from_secs(1);

const ORGANISATION: &str = "7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e";

#[derive(Deserialize)]
struct Heard {
    r#type: String,
}

/// Plays all sessions to a server, and says how long its pongs took.
pub(crate) async fn send(url: &str) -> anyhow::Result<()> {
    let mut sessions = JoinSet::new();
    for number in 0..SESSIONS {
        let url = url.to_owned();
        sessions.spawn(async move {
            sleep(SPREAD * number as u32 / SESSIONS as u32).await;
            Session::open(&url, number).await?.play().await
        });
    }
    let mut pongs = Vec::new();
    while let Some(session) = sessions.join_next().await {
        pongs.extend(session??);
    }
    pongs.sort_unstable();
    let at = |percent: usize| pongs[(pongs.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    eprintln!("ping p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms, {} pings", at(50), at(99), at(100), pongs.len());
    Ok(())
}

struct Session {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
    said: u64,
    heard: u64,
}

impl Session {
    async fn open(url: &str, number: usize) -> anyhow::Result<Self> {
        let mut request = url.into_client_request()?;
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let target = request.uri().path_and_query().context("a path")?.as_str().to_owned();
        let authority = request.uri().authority().context("a host")?.as_str().to_owned();
        let shake = Handshake::new(&target, &authority)
            .with_key(KEY.0, Some(KEY.1))
            .with_organization(ORGANISATION)
            .with_session(&id)
            .at(Utc::now());
        request.headers_mut().extend(shake.headers());
        let (socket, _) = tokio_tungstenite::connect_async_with_config(request, None, true).await?;
        let mut session = Self { socket, id, said: 0, heard: 0 };
        let call = format!("c0de0000-0000-4000-8000-{number:012x}");
        let media = r#"[{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000}]"#;
        let who = r#"{"id":"9a970001-0000-4000-8000-00000000c001","ani":"+15550100","aniName":"","dnis":"+15550199"}"#;
        let parameters = format!(
            r#"{{"organizationId":"{ORGANISATION}","conversationId":"{call}","participant":{who},"media":{media}}}"#
        );
        session.say("open", 0, &parameters).await?;
        session.hear("opened").await?;
        Ok(session)
    }

    /// Talks for as long as a session lasts; how long each pong took.
    async fn play(mut self) -> anyhow::Result<Vec<Duration>> {
        let sound = Bytes::from(vec![0x55; SAMPLES * 2]);
        let (mut pace, mut pongs) = (interval(PACE), Vec::new());
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for frame in 0..FRAMES {
            pace.tick().await;
            self.socket.send(Message::Binary(sound.clone())).await?;
            if frame % PING == PING - 1 {
                let began = Instant::now();
                self.say("ping", frame + 1, "{}").await?;
                self.hear("pong").await?;
                pongs.push(began.elapsed());
            }
        }
        self.say("close", FRAMES, r#"{"reason":"end"}"#).await?;
        self.hear("closed").await?;
        self.socket.close(None).await?;
        while let Some(Ok(_)) = self.socket.next().await {}
        Ok(pongs)
    }

    async fn say(&mut self, kind: &str, frames: usize, parameters: &str) -> anyhow::Result<()> {
        self.said += 1;
        let (id, seq, heard) = (&self.id, self.said, self.heard);
        let position = frames as f64 / 5.0;
        let text = format!(
            r#"{{"version":"2","id":"{id}","type":"{kind}","seq":{seq},"serverseq":{heard},"position":"PT{position}S","parameters":{parameters}}}"#
        );
        Ok(self.socket.send(Message::text(text)).await?)
    }

    async fn hear(&mut self, kind: &str) -> anyhow::Result<()> {
        let Some(message) = self.socket.next().await else { bail!("the server is gone") };
        let message = message?;
        let heard: Heard = serde_json::from_str(message.to_text()?)?;
        self.heard += 1;
        ensure!(heard.r#type == kind, "{message} instead of {kind}");
        Ok(())
    }
}
