//! What the listener makes of calls that go on: an addition, on which nothing else depends.

use connector_core::{Ack, Delivery, Item, Result, SourceItem};
use tokio::time::Instant;

use super::super::ack::Kept;
use super::super::hints::{Hint, Standing};
use super::super::states::{Phase, Seen};
use super::Listener;

impl Listener {
    /// Looks at the calls that go on. One that does no more hurries the next question about those that are over.
    pub(super) async fn ask_going_on(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let (config, Some(active)) = (&shared.connection.config, &mut self.active) else { return Ok(()) };
        let api = shared.connection.api().await;
        let found = active.ask(&api?, &config.media_types, config.page).await?;
        self.follow(&found.seen).await?;
        let missing = found.all.map(|all| self.courses.missing(&all)).unwrap_or_default();
        self.hurry(missing);
        Ok(())
    }

    /// What the sessions of agents told.
    pub(super) async fn heard_of(&mut self, seen: &[Seen]) {
        let followed = self.follow(seen).await;
        let over = seen.iter().filter(|seen| seen.phase == Phase::Over);
        self.hurry(over.map(|seen| seen.contact.clone()));
        self.unheard(followed);
    }

    fn hurry(&mut self, contacts: impl IntoIterator<Item = String>) {
        contacts.into_iter().for_each(|contact| self.hints.add(Hint::quiet(contact), Instant::now()));
    }

    /// Tells what is new with contacts that go on.
    async fn follow(&mut self, seen: &[Seen]) -> Result<()> {
        self.know_people().await?;
        let covers = self.covering();
        let (poller, now) = (&self.poller, self.now());
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
