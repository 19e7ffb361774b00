//! The promises of deliveries. The position is stored by whoever accepts, so accepting only tells the listener.

use async_trait::async_trait;
use connector_core::{AckSink, Item, Refusal, Result};
use tokio::sync::mpsc::UnboundedSender;

/// What became of a delivery.
#[derive(Debug)]
pub(super) enum Told {
    Accepted(u64),
    Refused(u64),
    /// What a call went through is known nowhere else, so it comes back.
    Returned(Vec<Item>),
}

/// Of a delivery of this number.
pub(super) struct Numbered {
    pub(super) delivery: u64,
    pub(super) listener: UnboundedSender<Told>,
}

#[async_trait]
impl AckSink for Numbered {
    async fn accept(self: Box<Self>) -> Result<()> {
        // The listener is gone when the stream was dropped: then nobody needs to know.
        let _ = self.listener.send(Told::Accepted(self.delivery));
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {
        let _ = self.listener.send(Told::Refused(self.delivery));
    }
}

/// Holds what was told of calls that go on until somebody has said what becomes of it.
pub(super) struct Kept {
    pub(super) items: Vec<Item>,
    pub(super) listener: UnboundedSender<Told>,
}

#[async_trait]
impl AckSink for Kept {
    async fn accept(self: Box<Self>) -> Result<()> {
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {
        let _ = self.listener.send(Told::Returned(self.items));
    }
}
