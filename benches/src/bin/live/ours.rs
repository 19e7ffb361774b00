//! Our server.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use connector_core::inbound::{Hub, HubOptions};
use connector_core::{Context, LiveAudioSource, LiveSession, RecordOptions, Secret, record_live};
use connector_genesys::{AudioKey, AudioOptions, Genesys, GenesysConfig};
use futures_util::TryStreamExt;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::{FRAMES, KEY, SAMPLES, SESSIONS};

/// Writes the sessions into files of this directory, and checks that nothing of them is lost.
pub(crate) async fn take(directory: &Path) -> anyhow::Result<()> {
    let hub = Hub::new(HubOptions::default());
    let key = AudioKey::new(Secret::literal(KEY.0), Secret::literal(KEY.1));
    let client = (Secret::literal("made-up-client"), Secret::literal("made-up-secret"));
    let config = GenesysConfig::new("usw2".parse()?, client).with_audio(AudioOptions::new(key).with_route("bench"));
    let genesys = Genesys::new(config, &Context::default().with_inbound(&hub))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut sessions = genesys.live_audio().sessions();
    println!("{}", genesys.audio_url(&format!("http://{}/hooks", listener.local_addr()?)).context("a route")?);
    tokio::spawn(serve(listener, hub));

    let mut recording = JoinSet::new();
    for _ in 0..SESSIONS {
        let Some(session) = sessions.try_next().await? else { bail!("the sessions came to an end") };
        recording.spawn(record(session, directory.to_owned()));
    }
    while let Some(recorded) = recording.join_next().await {
        recorded??;
    }
    // The last goodbyes.
    genesys.live_audio().close().await;
    Ok(())
}

async fn record(session: LiveSession, directory: std::path::PathBuf) -> anyhow::Result<()> {
    let path = directory.join(format!("{}.wav", session.id));
    let recorded = record_live(session.into_items(), path, RecordOptions::default()).await?.context("no sound")?;
    let samples = (FRAMES * SAMPLES) as u64;
    ensure!(recorded.is_whole() && recorded.samples == samples, "{recorded:?}");
    Ok(())
}

async fn serve(listener: TcpListener, hub: Hub) -> anyhow::Result<()> {
    let hub = Arc::new(hub);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let hub = hub.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| async {
                Ok::<_, Infallible>(hub.answer(request).await.map(|body: Bytes| Full::new(body)))
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).with_upgrades();
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}
