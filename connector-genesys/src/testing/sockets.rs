//! The socket of a channel: what is due on it goes out, and pings are answered.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use connector_core::socket::{Connection, Message, Socket};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use super::centre::Centre;
use super::line::{Out, metadata};

/// The longest message that is read, in bytes.
const MOST: usize = 1 << 20;

const HEARTBEAT: &str = "WebSocket Heartbeat";

/// Serves a socket until either side ends it.
pub(super) async fn serve(centre: Arc<Centre>, id: String, connection: Connection, mut out: UnboundedReceiver<Out>) {
    let scissors = Arc::new(AtomicU8::new(WHOLE));
    let connection = Connection::new(Cuttable { connection, scissors: scissors.clone() });
    let mut socket = Socket::server(connection, MOST).await;
    let mut beats = Instant::now() + centre.heartbeat();
    let (mut closes, mut has_channel) = (None, true);
    loop {
        let changed = centre.changed.notified();
        let wakes = [Some(beats), closes, centre.due()].into_iter().flatten().min().unwrap_or(beats);
        tokio::select! {
            biased;
            out = out.recv(), if has_channel => match out {
                Some(Out::Text(text)) => {
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Some(Out::CutIn(text)) => {
                    scissors.store(HALF, Ordering::Relaxed);
                    return drop(socket.send(Message::Text(text)).await);
                }
                Some(Out::CloseAfter(wait)) => closes = Some(Instant::now() + wait),
                Some(Out::Cut) => return,
                Some(Out::Close) => return drop(socket.close().await),
                // The channel was taken away.
                None => has_channel = false,
            },
            message = socket.next() => match message {
                Ok(Some(message)) => {
                    if is_ping(&message) && !centre.beat(&id) && !say(&mut socket, "pong").await {
                        return;
                    }
                }
                Ok(None) | Err(_) => return,
            },
            () = changed => {}
            () = sleep_until(wakes) => {
                centre.catch_up();
                if closes.is_some_and(|closes| closes <= Instant::now()) {
                    return drop(socket.close().await);
                }
                if beats <= Instant::now() {
                    beats += centre.heartbeat();
                    if !centre.beat(&id) && !say(&mut socket, HEARTBEAT).await {
                        return;
                    }
                }
            }
        }
    }
}

/// Whether it could be said.
async fn say(socket: &mut Socket, word: &str) -> bool {
    socket.send(Message::Text(metadata(word))).await.is_ok()
}

/// Whatever else comes is tolerated.
fn is_ping(message: &Message) -> bool {
    let Message::Text(text) = message else { return false };
    serde_json::from_str(text).is_ok_and(|text: Value| text["message"] == "ping")
}

/// Everything that is written arrives.
const WHOLE: u8 = 0;
/// The first half of what is written next does.
const HALF: u8 = 1;
/// Nothing does.
const NOTHING: u8 = 2;

/// A connection that can be cut in the middle of what is written.
struct Cuttable {
    connection: Connection,
    scissors: Arc<AtomicU8>,
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.scissors.load(Ordering::Relaxed) {
            WHOLE => Pin::new(&mut self.connection).poll_write(cx, buf),
            HALF => {
                let half = buf.len().div_ceil(2);
                let written = Pin::new(&mut self.connection).poll_write(cx, &buf[..half]);
                if written.is_ready() {
                    self.scissors.store(NOTHING, Ordering::Relaxed);
                }
                written
            }
            _ => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
