//! One attempt at a conversation: metadata, recordings, commit, publish, settle.

use std::panic::AssertUnwindSafe;

use connector_core::{Connector, Conversation, Detail, Error, Lookup, LookupOptions, Outcome, Result, SettleOptions};
use futures_util::FutureExt;
use tracing::{info, warn};

use super::consumer::{Consumer, LEASE};
use super::ends::{Done, panicked};
use super::silence::in_time;
use crate::call::StoredCall;
use crate::scope::Judgement;
use crate::sink::ours;
use crate::work::{Lease, WorkRow, after};

impl Consumer {
    /// Works on a row and ends its lease one way or another. Dropping the future leaves the lease to run out.
    pub(crate) async fn work(&self, row: WorkRow) {
        let work = async {
            let worked = AssertUnwindSafe(self.store_and_hand_on(&row)).catch_unwind().await;
            let end = self.end_of(&row, worked.unwrap_or_else(panicked));
            self.end(&row, end).await;
        };
        tokio::select! {
            () = work => {}
            () = self.keep(&row.lease) => info!(task = row.lease.row, "somebody else has the lease now"),
        }
    }

    /// Renews a lease until it is lost.
    async fn keep(&self, lease: &Lease) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            match self.store.renew(lease, after(self.clock.now(), LEASE)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => warn!(task = lease.row, "the lease could not be renewed: {error}"),
            }
        }
    }

    async fn store_and_hand_on(&self, row: &WorkRow) -> Result<Done> {
        step!(Leased);
        let unknown = || Error::bug("the store leased a row of a source that was not asked for").of(&row.origin);
        let (connector, scope) = self.sources.get(&row.origin).ok_or_else(unknown)?;
        let known = self.store.call(&row.origin, &row.conversation.id).await?;
        let document = match self.metadata(connector, row, known.as_ref()).await? {
            Lookup::Ready(document) => document,
            Lookup::NotReady { retry_after } => return Ok(Done::NotYet { retry_after }),
            Lookup::Gone(why) => return Err(Error::not_found(format!("the call is {why}")).of(&row.origin)),
        };
        if known.is_none() && scope.judge(&document) != Judgement::Ours {
            self.drop_live(row, &document).await?;
            return Ok(Done::LeftAlone);
        }
        let mut call = self.next_version(row, known.as_ref(), document);
        let done = self.fetch_media(connector, row, &mut call).await?;
        let heard = self.fetch_live(row, &mut call, &done).await?;
        let done = heard.after(done);
        if known.as_ref().is_none_or(|known| says_something_new(known, &call)) {
            step!(BeforeCommit);
            if !self.store.commit(&row.lease, &call).await? {
                return Err(Error::transient("somebody else works on this call").of(&row.origin));
            }
            step!(AfterCommit);
            self.progress.committed(known.is_none());
        }
        self.end_sessions(&heard).await?;
        self.publish(row).await?;
        if matches!(done, Done::Whole) {
            step!(BeforeSettle);
            self.settle(connector, row).await?;
            step!(Settled);
        }
        Ok(done)
    }

    /// What is known of the call: what is stored, what the events proved, and what the vendor says where that is not enough.
    async fn metadata(
        &self,
        connector: &Connector,
        row: &WorkRow,
        known: Option<&StoredCall>,
    ) -> Result<Lookup<Conversation>> {
        let mut document = known
            .map(|known| known.document.clone())
            .unwrap_or_else(|| Conversation::new(row.conversation.clone(), connector.vendor().clone()));
        document.this.learn(&row.conversation);
        if let Some(facts) = &row.facts {
            document.merge(facts.clone());
        }
        if row.facts.as_ref().is_some_and(|facts| facts.detail == Detail::Full) {
            return Ok(Lookup::Ready(document));
        }
        let Some(history) = connector.history() else {
            return Ok(Lookup::Ready(document));
        };
        Ok(match in_time(history.conversation(&row.conversation, LookupOptions::default())).await? {
            Lookup::Ready(fetched) => {
                document.merge(fetched);
                Lookup::Ready(document)
            }
            other => other,
        })
    }

    fn next_version(&self, row: &WorkRow, known: Option<&StoredCall>, document: Conversation) -> StoredCall {
        let now = self.clock.now();
        StoredCall {
            origin: row.origin.clone(),
            version: known.map_or(0, |known| known.version) + 1,
            recordings: known.map(|known| known.recordings.clone()).unwrap_or_default(),
            media: known.map(|known| known.media).unwrap_or_default(),
            prefix: known.map_or_else(
                || StoredCall::prefix_of(&row.origin, &document, row.first_seen),
                |known| known.prefix.clone(),
            ),
            first_seen: known.map_or(row.first_seen, |known| known.first_seen),
            stored: known.map_or(now, |known| known.stored),
            updated: now,
            document,
        }
    }

    async fn publish(&self, row: &WorkRow) -> Result<()> {
        for message in self.store.unpublished(&row.origin, &row.conversation.id).await? {
            let key = message.key.clone();
            self.outbox.publish(message).await.map_err(ours)?;
            step!(Published);
            self.store.published(&key, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn settle(&self, connector: &Connector, row: &WorkRow) -> Result<()> {
        let Some(settler) = connector.settler() else { return Ok(()) };
        for receipt in &row.receipts {
            in_time(settler.settle(receipt, Outcome::Stored, SettleOptions::default())).await?;
        }
        Ok(())
    }
}

fn says_something_new(known: &StoredCall, call: &StoredCall) -> bool {
    let content = |call: &StoredCall| -> Vec<_> {
        call.recordings.iter().map(|stored| (stored.recording.id.clone(), stored.sha256.clone())).collect()
    };
    let mut before = known.document.clone();
    before.recordings.clone_from(&call.document.recordings);
    before.raw.clone_from(&call.document.raw); // kept beside the document, so what is stored has none
    before != call.document || content(known) != content(call) || known.media != call.media
}
