//! Completed contacts in pages: each row read once, where the next page starts, and whether rows have moved meanwhile.

use chrono::{DateTime, Utc};
use connector_core::Rejected;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::config::counts;
use crate::wire::contacts::{Contact, read};
use crate::wire::list::List;

/// How often pages are begun anew when their rows moved meanwhile: a call that shows late moves all that started later.
const ANEW: usize = 3;

/// A page of completed contacts.
#[derive(Debug)]
pub(crate) struct ContactPage {
    /// The contacts of the media types that count.
    pub(crate) contacts: Vec<Contact>,
    /// The rows that name no contact: what each is known by, and what is told of it.
    pub(crate) rejected: Vec<(String, Rejected)>,
    /// How many rows there are on all pages.
    pub(crate) total: Option<i64>,
    /// What time it was at the vendor when it was sent.
    pub(crate) date: Option<DateTime<Utc>>,
    /// How many rows come before the next page; `None` after the last.
    pub(crate) next: Option<usize>,
    /// What its first row is known by.
    first: Option<String>,
    /// What its last row is known by, if there may be others beside it.
    last: Option<String>,
}

impl ContactPage {
    /// Reads what came when so many rows were asked for after so many others.
    pub(crate) fn read(
        found: &List,
        date: Option<DateTime<Utc>>,
        media_types: &[u32],
        (skip, top): (usize, usize),
    ) -> Self {
        let mut page = Self {
            contacts: Vec::with_capacity(found.rows.len()),
            rejected: Vec::new(),
            total: found.total,
            date,
            next: found.next_distinct_skip(skip, top),
            first: None,
            last: None,
        };
        for (number, raw) in found.rows.iter().enumerate() {
            let contact = read(raw);
            let name = contact.as_ref().and_then(|contact| contact.contact_id.clone()).unwrap_or_else(|| hash(raw));
            page.first.get_or_insert_with(|| name.clone());
            // A page of one row would hold nothing else.
            page.last = (top > 1).then(|| name.clone());
            match contact {
                Some(contact) if counts(media_types, contact.media_type_id) => page.contacts.push(contact),
                Some(_) => {}
                None => page.rejected.push((name, unreadable(number))),
            }
        }
        page
    }

    /// The time of the last change, if the contacts are in the order of their changes.
    fn last_change(&self) -> Option<DateTime<Utc>> {
        let changes: Option<Vec<_>> = self.contacts.iter().map(|contact| contact.last_update_time).collect();
        changes.filter(|changes| changes.is_sorted())?.last().copied()
    }
}

/// What a row is known by that names no contact.
fn hash(raw: &RawValue) -> String {
    format!("row:{}", hex::encode(&Sha256::digest(raw.get())[..16]))
}

fn unreadable(number: usize) -> Rejected {
    Rejected::new(format!("contact {} of a page", number + 1), "no_contact_id", "it is no object with a contact id")
}

/// How far the pages of one question were read. It is stored as it stands here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    skip: usize,
    /// The last row before: the next page is asked for from it on. If another one comes, rows have moved.
    anchor: Option<String>,
    /// How often the pages were begun anew for that.
    anew: usize,
}

impl Row {
    /// Whether nothing was read yet.
    pub(crate) fn is_first(&self) -> bool {
        self.skip == 0
    }

    /// How many rows come before the page to ask for.
    pub(crate) fn skip(&self) -> usize {
        self.skip - usize::from(self.anchor.is_some() && self.skip > 0)
    }

    /// The row that the next page begins with, after this one.
    pub(crate) fn after(&self, page: &ContactPage) -> Option<Self> {
        if self.anchor.is_some() && self.anew < ANEW && page.first != self.anchor {
            return Some(Self { anew: self.anew + 1, ..Self::default() });
        }
        Some(Self { skip: page.next?, anchor: page.last.clone(), anew: self.anew })
    }
}

/// How far all that changed since a time was read. It is stored as it stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Changes {
    pub(crate) since: DateTime<Utc>,
    pub(crate) at: Row,
}

impl Changes {
    /// Nothing of it.
    pub(crate) fn since(since: DateTime<Utc>) -> Self {
        Self { since, at: Row::default() }
    }

    /// Where the next page is, after this one: by the last change, since a contact that changes meanwhile moves all behind it
    /// up; by the number of rows where too many changed at the same time, or they are not in order.
    pub(crate) fn after(&self, page: &ContactPage) -> Option<Self> {
        let at = self.at.after(page)?;
        match page.last_change() {
            Some(last) if !at.is_first() && last > self.since => Some(Self::since(last)),
            _ => Some(Self { since: self.since, at }),
        }
    }
}
