//! A server that does as little as a client puts up with.

use std::sync::Arc;

use anyhow::ensure;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::{FRAMES, SAMPLES, SESSIONS};

/// The small buffer of a socket: that with which it takes the least time.
const SMALL: usize = 8 << 10;

#[derive(Deserialize)]
struct Heard {
    id: String,
    r#type: String,
    seq: u64,
}

/// With the buffers that the library has by itself, or with small ones.
pub(crate) async fn drop_all(is_small: bool) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("ws://{}/", listener.local_addr()?);
    let usual = WebSocketConfig::default();
    let config = if is_small { usual.read_buffer_size(SMALL) } else { usual };
    let over = Arc::new(Semaphore::new(0));
    for _ in 0..SESSIONS {
        let ((stream, _), over) = (listener.accept().await?, over.clone());
        tokio::spawn(async move {
            match session(stream, config).await {
                Ok(()) => over.add_permits(1),
                Err(error) => eprintln!("{error:#}"),
            }
        });
    }
    let _all = over.acquire_many(SESSIONS as u32).await?;
    Ok(())
}

async fn session(stream: TcpStream, config: WebSocketConfig) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
    let (mut said, mut sound) = (0, 0);
    while let Some(message) = socket.next().await {
        let text = match message? {
            Message::Text(text) => text,
            Message::Binary(bytes) => {
                sound += bytes.len();
                continue;
            }
            _ => continue,
        };
        let heard: Heard = serde_json::from_str(&text)?;
        let (kind, parameters) = match heard.r#type.as_str() {
            "open" => {
                let media =
                    r#"{"media":[{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000}]}"#;
                ("opened", media)
            }
            "ping" => ("pong", "{}"),
            "close" => ("closed", "{}"),
            _ => continue,
        };
        said += 1;
        let (id, seq) = (heard.id, heard.seq);
        let answer = format!(
            r#"{{"version":"2","id":"{id}","type":"{kind}","seq":{said},"clientseq":{seq},"parameters":{parameters}}}"#
        );
        socket.send(Message::text(answer)).await?;
    }
    ensure!(sound == FRAMES * SAMPLES * 2, "{sound} bytes of sound");
    Ok(())
}
