//! What the listener makes of calls that go on: an addition, on which nothing else depends.

use async_trait::async_trait;
use connector_core::{Ack, AckSink, Delivery, Item, Refusal, Result, SourceItem};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::hints::{Hint, Standing};
use super::states::Seen;
use super::{Listener, Told};

impl Listener {
    /// Looks at the calls that go on. One that does no more hurries the next question about those that are over.
    pub(super) async fn look(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let (config, Some(active)) = (&shared.connection.config, &mut self.active) else { return Ok(()) };
        let api = shared.connection.api().await;
        let found = active.ask(&api?, &config.media_types, config.page).await?;
        self.follow(&found.seen).await?;
        for contact in found.all.iter().flat_map(|all| self.courses.missing(all)) {
            self.hints.add(Hint::quiet(contact), Instant::now());
        }
        Ok(())
    }

    /// Tells what is new with contacts that go on.
    pub(super) async fn follow(&mut self, seen: &[Seen]) -> Result<()> {
        self.know_people().await?;
        let covers = self.covering();
        let (poller, now) = (&self.poller, self.shared.connection.cx.clock().now());
        let is_over = |contact: &str| poller.standing(contact) != Standing::Unknown;
        self.courses.forget(is_over);
        let seen = seen.iter().filter(|seen| !is_over(&seen.contact) && covers(Some(&seen.agent)));
        let items = seen.flat_map(|seen| self.courses.see(seen, now)).map(Item::Event).collect();
        self.hand_on(items);
        Ok(())
    }

    /// Calls that go on are an addition: that they cannot be asked for ends nothing.
    pub(super) fn unheard(&self, asked: Result<()>) {
        let connection = &self.shared.connection;
        if let Err(error) = connection.note(asked) {
            tracing::warn!(origin = %connection.cx.origin(), %error, "calls that go on are not heard of");
        }
    }

    /// Hands on what happened to calls that go on. It carries no position.
    pub(super) fn hand_on(&mut self, items: Vec<Item>) {
        if items.is_empty() {
            return;
        }
        let ack = Ack::new(Kept { items: items.clone(), listener: self.tell.clone() });
        self.ready.push_back(SourceItem::Delivery(Delivery::new(items, self.now(), ack)));
    }
}

/// Holds what was told of calls that go on until somebody has said what becomes of it.
struct Kept {
    items: Vec<Item>,
    listener: UnboundedSender<Told>,
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
