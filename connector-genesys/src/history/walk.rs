//! A walk through the calls that began on the days of a window.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use connector_core::http::PageOf;
use connector_core::{Conversation, Priority, Rejected, Result};
use serde_json::value::RawValue;

use super::place::{Place, Reached, Told};
use super::slice::Slice;
use crate::conversation::conversation;
use crate::people;
use crate::shared::Shared;
use crate::wire;
use crate::wire::analytics::{self, Details};

/// The longest call that is reckoned with: the query knows only when calls began.
const LONGEST_CALL: TimeDelta = TimeDelta::hours(24);

/// What a listing is about. Clones share what they have told.
#[derive(Clone)]
pub(super) struct Walk {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) priority: Priority,
    told: Arc<Mutex<Told>>,
}

impl Walk {
    pub(super) fn new(from: DateTime<Utc>, to: DateTime<Utc>, priority: Priority) -> Self {
        Self { from, to, priority, told: Arc::default() }
    }

    /// Where the listing starts.
    pub(super) fn first(&self) -> Place {
        match self.priority {
            Priority::Backfill => Place::Submit { from: self.from, anew: 0 },
            Priority::Live | Priority::Reconcile => self.query(self.from),
        }
    }

    /// The first times to ask for calls that ended from then on.
    pub(super) fn query(&self, ended: DateTime<Utc>) -> Place {
        let began = ended.checked_sub_signed(LONGEST_CALL).unwrap_or(ended);
        Place::began(began, end_of_day(began).min(self.to))
    }

    pub(super) async fn page(self, shared: &Shared, place: Place) -> Result<PageOf<Conversation, Place>> {
        let priority = self.priority;
        let mut page = self.at(shared, place).await?;
        people::name(shared, &mut page.items, priority).await;
        Ok(page)
    }

    async fn at(self, shared: &Shared, place: Place) -> Result<PageOf<Conversation, Place>> {
        match place {
            Place::Began { slice, at } => self.began(shared, slice, at).await,
            Place::Submit { from, anew } => self.submit(shared, from, anew).await,
            Place::Job(job) => self.wait(shared, job).await,
            Place::Found(job, cursor) => self.found(shared, job, cursor).await,
        }
    }

    async fn began(self, shared: &Shared, mut slice: Slice, at: Reached) -> Result<PageOf<Conversation, Place>> {
        let page = at.page(shared.connection.config.page);
        let api = shared.connection.api().await?;
        let found = api.details((slice.from, slice.to), page, self.priority).await?;
        if at.is_first() && !slice.is_settled() {
            if found.conversations.iter().filter_map(|raw| row(raw)).any(|row| slice.is_strange(&row)) {
                // It selects whole days, whatever the times: the rest of the day is on the same pages.
                slice.settle(end_of_day(slice.from).min(self.to));
            } else if slice.is_to_be_halved(found.total_hits) {
                slice.halve(found.total_hits, end_of_day(slice.from).min(self.to));
                return Ok(PageOf::new(Vec::new(), Some(Place::Began { slice, at: Reached::default() })));
            }
        }
        let next = at.after(&found, page).map(|at| Place::Began { slice, at }).or_else(|| self.next(&slice));
        Ok(self.tell(&found, next))
    }

    /// The times after these.
    fn next(&self, slice: &Slice) -> Option<Place> {
        (slice.to < self.to).then(|| Place::began(slice.to, end_of_day(slice.to).min(self.to)))
    }

    /// A page of what ended in the window, without rows that were told before; and the position after it.
    pub(super) fn tell(&self, found: &Details, next: Option<Place>) -> PageOf<Conversation, Place> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut items, mut rejected) = (Vec::new(), Vec::new());
        for (number, raw) in found.conversations.iter().enumerate() {
            match row(raw).and_then(|row| conversation(&row, None)) {
                Some(call) => items.extend(Some(call).filter(|call| self.wants(call) && told.is_new(call))),
                None if told.is_new_row(raw) => rejected.push(unreadable(number)),
                None => {}
            }
        }
        PageOf::new(items, next).with_rejected(rejected)
    }

    /// Whether a call ended in the window.
    fn wants(&self, call: &Conversation) -> bool {
        call.ended.is_some_and(|end| (self.from..self.to).contains(&end.at))
    }
}

fn row(raw: &RawValue) -> Option<analytics::Conversation> {
    wire::row(raw)
}

fn unreadable(number: usize) -> Rejected {
    let what = format!("conversation {} of a page", number + 1);
    Rejected::new(what, "no_conversation_id", "it is no object with a conversation id")
}

/// The midnight after an instant, by UTC.
fn end_of_day(at: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = at.date_naive().and_time(NaiveTime::MIN).and_utc();
    midnight.checked_add_signed(TimeDelta::days(1)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
