//! One page of completed contacts: asked for, looked up where a call may go on, and handed on.

use std::collections::BTreeSet;
use std::time::Duration;

use connector_core::{Ack, Delivery, Item, Priority, Result, SourceItem, SourceStatus};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::super::ack::Numbered;
use super::super::poll::{Handover, Plan, Poller, Verdict};
use super::{FIRST_PAUSE, Listener};
use crate::api::contacts::Span;
use crate::people;
use crate::transport::Api;
use crate::wire::contacts::{Contact, read};

/// Questions that somebody's hint brings about come no faster than this.
const HURRIED_EVERY: Duration = Duration::from_secs(1);

/// In quiet times the position is told this often, so that a restart need not ask for all of them.
const POSITION_EVERY: Duration = Duration::from_secs(900);

/// How many calls are looked up at once.
const AT_ONCE: usize = 4;

impl Listener {
    /// One page. An error leaves everything as it was.
    pub(super) async fn ask_completed(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let config = &shared.connection.config;
        let api = shared.connection.api().await?;
        let (since, skip) = self.poller.question();
        let (asked, hurried) = (self.now(), Instant::now());
        let page = api.completed(Span::Updated(since), &config.media_types, (skip, config.page), Priority::Live);
        let page = page.await?;
        self.know_people().await?;
        let (covers, everyone) = (self.covering(), self.watch.people().is_none());
        let mut agents = agents_of(&page.contacts);
        let plan = self.poller.plan(page, asked, &covers);
        let verdicts = confirm(&self.poller, &api, &plan, everyone).await?;
        agents.extend(verdicts.iter().flat_map(|(_, verdict)| agents_of(verdict.contacts())));
        // Before the position moves on: whoever stops waiting here misses nothing.
        people::learn(&shared, agents, Priority::Live).await?;
        let mut handover = self.poller.commit(plan, verdicts, &covers);
        let is_swept = handover.is_swept;
        for item in &mut handover.items {
            if let Item::Event(event) = item {
                event.agent.iter_mut().for_each(|who| shared.people.complete(who));
                event.facts.iter_mut().for_each(|facts| shared.people.complete_all(facts));
            }
        }
        self.hand_over(handover);
        self.settle(is_swept.then_some(hurried));
        Ok(())
    }

    fn hand_over(&mut self, handover: Handover) {
        let now = Instant::now();
        if !self.is_live {
            self.is_live = true;
            self.ready.push_back(SourceItem::Status(SourceStatus::Live));
        }
        self.pause = FIRST_PAUSE;
        self.unhurried = now + HURRIED_EVERY;
        self.due = if handover.is_swept { now + self.shared.connection.config.poll_every } else { now };
        let is_due = handover.is_swept && self.positioned.is_none_or(|told| now - told >= POSITION_EVERY);
        if handover.items.is_empty() && !is_due {
            return;
        }
        self.positioned = Some(now);
        let ack = Ack::new(Numbered { delivery: handover.id, listener: self.tell.clone() });
        let mut delivery = Delivery::new(handover.items, self.now(), ack);
        delivery.cursor = Some(handover.cursor);
        self.ready.push_back(SourceItem::Delivery(delivery));
    }
}

/// The ids of those who took contacts.
fn agents_of(contacts: &[Contact]) -> BTreeSet<String> {
    contacts.iter().filter_map(|contact| contact.agent_id.clone()).collect()
}

/// Which of the calls are over. A leg that nobody told of is looked up where it matters whose it was.
async fn confirm(poller: &Poller, api: &Api, plan: &Plan, everyone: bool) -> Result<Vec<(String, Verdict)>> {
    let one = |master: String| async move {
        let family = api.hierarchy(&master, Priority::Live).await?;
        let mut verdict = poller.judge(plan, &master, family.as_ref());
        if let (Verdict::Over { contacts, .. }, false) = (&mut verdict, everyone) {
            for child in family.iter().flat_map(|family| &family.child_contacts) {
                let Some(id) = &child.contact_id else { continue };
                if contacts.iter().all(|contact| contact.contact_id.as_ref() != Some(id)) {
                    let found = api.contact(id, Priority::Live).await?;
                    contacts.extend(found.and_then(|raw| read(&raw)));
                }
            }
            contacts.sort_by_key(|contact| contact.contact_start_date);
        }
        Ok((master, verdict))
    };
    stream::iter(plan.confirm.iter().cloned().map(one)).buffered(AT_ONCE).try_collect().await
}
