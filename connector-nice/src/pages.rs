//! The pages of contacts: where the next one starts, and whether rows have moved meanwhile.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use connector_core::Rejected;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::wire::contacts::{Contact, read};
use crate::wire::list::List;

/// How often pages are begun anew when their rows moved meanwhile: a call that shows late moves all that started later.
pub(crate) const ANEW: usize = 3;

/// Where the next page of contacts starts.
pub(crate) fn next_skip(found: &List, skip: usize, top: usize) -> Option<usize> {
    // A row that comes twice on a page counts once, or the next page would start too late.
    let came = found.rows.iter().map(|raw| raw.get()).collect::<BTreeSet<_>>().len().min(top);
    let so_far = skip + came;
    let more = match found.total.and_then(|total| usize::try_from(total).ok()) {
        Some(total) => so_far < total,
        None => came >= top,
    };
    (more && came > 0).then_some(so_far)
}

/// The time of the last change on a page, if its rows are in the order of their changes.
pub(crate) fn last_change(contacts: &[Contact]) -> Option<DateTime<Utc>> {
    let changes: Option<Vec<_>> = contacts.iter().map(|contact| contact.last_update_time).collect();
    changes.filter(|changes| changes.is_sorted())?.last().copied()
}

/// The contacts of a page that count, and the rows that name none.
pub(crate) fn contacts(found: &List, media_types: &[u32]) -> (Vec<Contact>, Vec<Rejected>) {
    let (mut contacts, mut rejected) = (Vec::new(), Vec::new());
    for (number, raw) in found.rows.iter().enumerate() {
        match read(raw) {
            Some(contact) if counts(&contact, media_types) => contacts.push(contact),
            Some(_) => {}
            None => rejected.push(unreadable(number)),
        }
    }
    (contacts, rejected)
}

/// What a row is known by: its contact, or its text where it names none.
pub(crate) fn name_of(raw: &RawValue) -> String {
    let hash = || format!("row:{}", hex::encode(&Sha256::digest(raw.get())[..16]));
    read(raw).and_then(|contact| contact.contact_id).unwrap_or_else(hash)
}

pub(crate) fn counts(contact: &Contact, media_types: &[u32]) -> bool {
    let kind = contact.media_type_id;
    media_types.is_empty() || kind.is_none_or(|kind| media_types.iter().any(|wanted| i64::from(*wanted) == kind))
}

pub(crate) fn unreadable(number: usize) -> Rejected {
    Rejected::new(format!("contact {} of a page", number + 1), "no_contact_id", "it is no object with a contact id")
}
