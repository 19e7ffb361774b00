//! What goes to whoever is connected to a channel, and what goes wrong on the way.

use std::time::Duration;

use connector_core::testing::{Fault, FaultPlan};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

/// What a socket is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// Send this.
    Text(String),
    /// Say goodbye.
    Close,
    /// Say goodbye after this time.
    CloseAfter(Duration),
    /// Break off.
    Cut,
    /// Break off in the middle of this.
    CutIn(String),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    Lost,
    /// The token of the channel is void from now on.
    Revoked,
    /// Somebody else took the place of the channel.
    Evicted,
}

/// The socket of a channel.
pub(super) struct Line {
    out: UnboundedSender<Out>,
    /// What goes out after the next message.
    late: Option<String>,
    is_silent: bool,
}

impl Line {
    pub(super) fn new(out: UnboundedSender<Out>) -> Self {
        Self { out, late: None, is_silent: false }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.out.is_closed()
    }

    pub(super) fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Whether it is still open afterwards. What was held back goes out before the socket ends.
    pub(super) fn put(&mut self, out: Out) -> bool {
        if !matches!(out, Out::Text(_)) {
            self.catch_up();
        }
        self.out.send(out).is_ok()
    }

    /// Tells a message of a topic, unless something is planned against it. `closes` after this time, where it is to close.
    pub(super) fn tell(&mut self, message: String, faults: &FaultPlan, closes: Duration) -> Fate {
        if self.is_silent {
            return Fate::Lost;
        }
        if faults.fire(Fault::SilentSocket) {
            self.catch_up();
            self.is_silent = true;
            return Fate::Lost;
        }
        if faults.fire(Fault::CutSocket) {
            // In the middle of a message the first time, then between two, and so on.
            let is_between = faults.fired(Fault::CutSocket).is_multiple_of(2);
            self.put(if is_between { Out::Cut } else { Out::CutIn(message) });
            return Fate::Lost;
        }
        if faults.fire(Fault::RevokedToken) {
            return Fate::Revoked;
        }
        if faults.fire(Fault::Evicted) {
            return Fate::Evicted;
        }
        if faults.fire(Fault::ClosingSocket) {
            self.close_soon(closes);
        }
        if self.late.is_none() && faults.fire(Fault::Reordered) {
            self.late = Some(message);
            return Fate::Sent;
        }
        if faults.fire(Fault::Duplicate) {
            self.put(Out::Text(message.clone()));
        }
        let is_sent = self.put(Out::Text(message));
        self.catch_up();
        if is_sent { Fate::Sent } else { Fate::Lost }
    }

    /// Sends what was held back.
    pub(super) fn catch_up(&mut self) {
        if let Some(late) = self.late.take() {
            self.put(Out::Text(late));
        }
    }

    /// Announces that it closes after this time, and lets it.
    pub(super) fn close_soon(&mut self, after: Duration) {
        let words = format!("this socket will close in {} seconds", after.as_secs());
        // The form of the body is not documented.
        let body = json!({ "message": words });
        self.put(Out::Text(
            json!({ "topicName": "v2.system.socket_closing", "version": "2", "eventBody": body }).to_string(),
        ));
        self.put(Out::CloseAfter(after));
    }
}

/// A word of the channel about itself.
pub(super) fn metadata(message: &str) -> String {
    let body: Value = json!({ "message": message });
    json!({ "topicName": "channel.metadata", "eventBody": body }).to_string()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn what_is_held_back_goes_out_before_the_socket_ends() {
        let text = |words: &str| Out::Text(words.to_owned());
        let cut = FaultPlan::none().cut_sockets(1).every(Fault::CutSocket, 2);
        let silent = FaultPlan::none().silence_sockets(1).every(Fault::SilentSocket, 2);
        for (faults, end) in [(cut, Some(Out::CutIn("second".to_owned()))), (silent, None), (FaultPlan::none(), None)] {
            let (out, mut received) = unbounded_channel();
            let mut line = Line::new(out);
            let faults = faults.reorder_events(1);
            assert_eq!(line.tell("first".to_owned(), &faults, Duration::ZERO), Fate::Sent);
            assert!(received.try_recv().is_err(), "it is held back");
            let is_calm = faults.planned(Fault::CutSocket) + faults.planned(Fault::SilentSocket) == 0;
            if is_calm {
                line.put(Out::Close);
            } else {
                assert_eq!(line.tell("second".to_owned(), &faults, Duration::ZERO), Fate::Lost);
            }
            assert_eq!(received.try_recv().ok(), Some(text("first")));
            assert_eq!(received.try_recv().ok(), end.or(is_calm.then_some(Out::Close)));
        }
    }
}
