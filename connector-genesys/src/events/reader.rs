//! One socket: what comes is put into the inbox, and what is to be said is sent.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use connector_core::socket::{Message, Socket};
use connector_core::{Clock, Error, Result};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::channel::{Frame, Heard};
use super::inbox::Inbox;

/// What the vendor answers with `pong`.
const PING: &str = r#"{"message":"ping"}"#;

/// How long a socket may take to say goodbye, or to send.
const GOODBYE: Duration = Duration::from_secs(5);

/// What is to be said on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ping,
    Close,
}

enum Turn {
    Came(Result<Option<Message>>),
    Told(Option<Order>),
}

/// Reads a socket until it ends; why it did.
pub(super) async fn read(
    number: u64,
    mut socket: Socket,
    mut orders: UnboundedReceiver<Order>,
    inbox: Arc<Inbox>,
    clock: Clock,
) -> Error {
    loop {
        let turn = {
            let mut next = pin!(socket.next());
            // Orders first: a socket that never stops talking can be closed.
            poll_fn(|cx| match orders.poll_recv(cx) {
                Poll::Ready(order) => Poll::Ready(Turn::Told(order)),
                Poll::Pending => next.as_mut().poll(cx).map(Turn::Came),
            })
            .await
        };
        match turn {
            Turn::Came(Ok(Some(message))) => {
                let frame = if let Message::Text(text) = message { Frame::read(&text) } else { Frame::Alive };
                inbox.put(Heard { socket: number, at: clock.now(), frame });
            }
            Turn::Came(Ok(None)) => return Error::transient("the vendor closed the socket"),
            Turn::Came(Err(error)) => return error,
            Turn::Told(Some(Order::Ping)) => {
                let sent = timeout(GOODBYE, socket.send(Message::Text(PING.to_owned()))).await;
                if let Ok(Err(error)) = sent {
                    return error;
                }
            }
            Turn::Told(Some(Order::Close) | None) => {
                // Whether the other side hears of it changes nothing.
                let _ = timeout(GOODBYE, socket.close()).await;
                return Error::transient("the socket was closed from here");
            }
        }
    }
}
