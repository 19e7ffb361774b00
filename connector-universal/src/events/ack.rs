//! The promise of a delivery: accepted means remembered in the ledger.

use std::sync::Arc;

use async_trait::async_trait;
use connector_core::{AckSink, Refusal, Result};
use tokio::sync::mpsc::UnboundedSender;

use super::record::Record;
use crate::shared::Shared;

/// A stem in a delivery, and what is to be remembered once it is accepted.
#[derive(Clone, Debug)]
pub(crate) struct HandedOn {
    pub(crate) stem: String,
    pub(crate) record: Record,
}

/// What became of stems that were handed on. There is one for each delivery, so the channel is bounded by those.
#[derive(Debug)]
pub(crate) enum Told {
    Accepted(Vec<HandedOn>),
    Refused(Vec<String>),
}

/// Writes accepted stems into the ledger and tells the listener, if it still lives. Dropped half way, it refuses.
pub(crate) struct FolderAck {
    shared: Arc<Shared>,
    handed_on: Vec<HandedOn>,
    listener: UnboundedSender<Told>,
}

impl FolderAck {
    pub(crate) fn new(shared: Arc<Shared>, handed_on: Vec<HandedOn>, listener: UnboundedSender<Told>) -> Self {
        Self { shared, handed_on, listener }
    }
}

#[async_trait]
impl AckSink for FolderAck {
    async fn accept(mut self: Box<Self>) -> Result<()> {
        let now = self.shared.cx.clock().now();
        let note = |done: &HandedOn| (done.stem.clone(), done.record.to_note(now));
        self.shared.ledger.put(self.handed_on.iter().map(note).collect()).await?;
        // The listener is gone when the stream was dropped: then nobody needs to know.
        let _ = self.listener.send(Told::Accepted(std::mem::take(&mut self.handed_on)));
        Ok(())
    }

    fn refuse(self: Box<Self>, _: Refusal) {}
}

impl Drop for FolderAck {
    fn drop(&mut self) {
        if !self.handed_on.is_empty() {
            let stems = self.handed_on.drain(..).map(|refused| refused.stem).collect();
            let _ = self.listener.send(Told::Refused(stems));
        }
    }
}
