//! A walk through the contacts that started in windows of time, and through those that changed since.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::http::PageOf;
use connector_core::{Conversation, HistoryQuery, Priority, Result};
use serde::{Deserialize, Serialize};

use crate::api::contacts::Span;
use crate::api::pages::{Changes, ContactPage, Row};
use crate::conversation::conversations;
use crate::people;
use crate::shared::Shared;
use crate::wire::contacts::Contact;

/// The longest call that is reckoned with where updates cannot be asked for.
const LONGEST_CALL: TimeDelta = TimeDelta::hours(24);

/// Windows that began longer ago are read from [`LONGEST_CALL`] earlier on, instead of by all that was updated since.
const RECENT: TimeDelta = TimeDelta::days(2);

/// A window at first; one with more contacts than the vendor sends is halved.
const WINDOW: TimeDelta = TimeDelta::hours(6);
const SMALLEST_WINDOW: TimeDelta = TimeDelta::minutes(1);
const MOST: i64 = 10_000;

/// Where a listing is. It is stored as it stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Among the contacts that started in a window.
    Started { from: DateTime<Utc>, to: DateTime<Utc>, at: Row },
    /// Among those that changed since the window began: some of them started before it.
    Updated(Changes),
}

impl Place {
    fn started(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self::Started { from, to, at: Row::default() }
    }
}

/// What a listing is about.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    is_recent: bool,
    priority: Priority,
}

impl Walk {
    pub(super) fn new(query: &HistoryQuery, now: DateTime<Utc>) -> Self {
        Self { from: query.from, to: query.to, is_recent: now - query.from <= RECENT, priority: query.priority }
    }

    /// Where the listing starts.
    pub(super) fn first(self) -> Place {
        self.window(if self.is_recent { self.from } else { self.from - LONGEST_CALL })
    }

    fn window(self, from: DateTime<Utc>) -> Place {
        Place::started(from, (from + WINDOW).min(self.to))
    }

    pub(super) async fn page(self, shared: &Shared, place: Place) -> Result<PageOf<Conversation, Place>> {
        match place {
            Place::Started { from, to, at } => self.started(shared, (from, to), at).await,
            Place::Updated(changes) => self.updated(shared, changes).await,
        }
    }

    async fn started(
        self,
        shared: &Shared,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        at: Row,
    ) -> Result<PageOf<Conversation, Place>> {
        let page = self.ask(shared, Span::Started(from, to), &at).await?;
        let is_too_long = page.total.is_some_and(|total| total > MOST) && to - from > SMALLEST_WINDOW;
        if at.is_first() && is_too_long {
            return Ok(PageOf::new(Vec::new(), Some(Place::started(from, from + (to - from) / 2))));
        }
        let next = match at.after(&page) {
            Some(at) => Some(Place::Started { from, to, at }),
            None if to < self.to => Some(self.window(to)),
            None => self.is_recent.then(|| Place::Updated(Changes::since(self.from))),
        };
        let rejected = page.rejected.into_iter().map(|(_, row)| row).collect();
        Ok(self.told(shared, page.contacts, next).await?.with_rejected(rejected))
    }

    /// What started in the window was listed by its start, and a bad row was told of then.
    async fn updated(self, shared: &Shared, changes: Changes) -> Result<PageOf<Conversation, Place>> {
        let page = self.ask(shared, Span::Updated(changes.since), &changes.at).await?;
        let next = changes.after(&page).map(Place::Updated);
        let mut contacts = page.contacts;
        contacts.retain(|contact| contact.contact_start_date.is_none_or(|start| start < self.from));
        self.told(shared, contacts, next).await
    }

    async fn ask(self, shared: &Shared, span: Span, at: &Row) -> Result<ContactPage> {
        let (api, config) = (shared.connection.api().await?, &shared.connection.config);
        api.completed(span, &config.media_types, (at.skip(), config.page), self.priority).await
    }

    /// The calls of those contacts that may have ended in the window, and where to go on.
    async fn told(
        self,
        shared: &Shared,
        contacts: Vec<Contact>,
        next: Option<Place>,
    ) -> Result<PageOf<Conversation, Place>> {
        let mut calls = conversations(contacts.into_iter().filter(|contact| self.wants(contact)));
        people::name(shared, &mut calls, self.priority).await?;
        Ok(PageOf::new(calls, next))
    }

    /// Whether a contact may belong to a call that ended in the window.
    fn wants(self, contact: &Contact) -> bool {
        let begins = contact.contact_start_date.is_none_or(|start| start < self.to);
        begins && contact.ended().is_none_or(|end| end >= self.from)
    }
}
