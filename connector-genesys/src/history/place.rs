//! Where a listing of the history is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use connector_core::Conversation as Call;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::slice::Slice;
use crate::wire;
use crate::wire::analytics::{Conversation, Details};

/// How often pages are begun anew when their rows moved meanwhile: a call that shows late moves all that began later.
const ANEW: usize = 3;

/// Where a listing is. It is stored as it stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Among the calls that began in a time.
    Began {
        #[serde(flatten)]
        slice: Slice,
        at: Reached,
    },
    /// A job is to be submitted for calls that ended from then on, so often for a further time.
    Submit { from: DateTime<Utc>, anew: usize },
    /// A job searches.
    Job(Job),
    /// Among what a job found.
    Found(Job, Option<String>),
}

/// A job that searches for calls that ended in a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    /// How many there were before it for the same.
    pub(super) anew: usize,
}

impl Place {
    pub(super) fn began(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self::Began { slice: Slice::new(from, to), at: Reached::default() }
    }
}

/// How far the pages of one question were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    /// So many rows.
    read: u32,
    /// The last of them: the next page is one that begins with it, or before. If it is not in its place there, rows have
    /// moved.
    anchor: Option<String>,
    /// How often the pages were begun anew for that.
    anew: usize,
}

impl Reached {
    pub(super) fn is_first(&self) -> bool {
        self.read == 0
    }

    /// The size and number, from 1 on, of the page to ask for: of all that contain the anchor, the one that ends last. The
    /// vendor counts in pages, not in rows.
    pub(super) fn page(&self, most: u32) -> (u32, u32) {
        let Some(anchor) = self.read.checked_sub(1) else { return (most, 1) };
        let pages = (most.div_ceil(2)..=most).map(|size| (size, anchor / size + 1));
        let further = pages.filter(|page| Self::before(*page) + page.0 > self.read);
        // All sizes divide what was read where there is none: the next page, then.
        further.max_by_key(|page| Self::before(*page) + page.0).unwrap_or((most, self.read / most + 1))
    }

    /// How many rows come before those of a page.
    fn before((size, number): (u32, u32)) -> u32 {
        size.saturating_mul(number - 1)
    }

    fn is_moved(&self, found: &Details, page: (u32, u32)) -> bool {
        let place = self.read.checked_sub(1 + Self::before(page)).and_then(|place| usize::try_from(place).ok());
        let (Some(anchor), Some(place)) = (&self.anchor, place) else { return false };
        self.anew < ANEW && found.conversations.get(place).map(|raw| name_of(raw)).as_ref() != Some(anchor)
    }

    /// Where the next page is, after this one.
    pub(super) fn after(&self, found: &Details, page: (u32, u32)) -> Option<Self> {
        if self.is_moved(found, page) {
            return Some(Self { anew: self.anew + 1, ..Self::default() });
        }
        // A row that comes twice on a page makes the page longer than it should be.
        let came = u32::try_from(found.conversations.len()).unwrap_or(page.0).min(page.0);
        let read = Self::before(page).saturating_add(came);
        let total = found.total_hits.and_then(|total| u32::try_from(total).ok());
        let more = came == page.0 || total.is_some_and(|total| read < total);
        let last = usize::try_from(came).ok().and_then(|came| found.conversations.get(came.checked_sub(1)?));
        let anchor = last.map(|raw| name_of(raw));
        (more && read > self.read).then_some(Self { read, anchor, anew: self.anew })
    }
}

/// What a row is known by: its conversation, or its text where it names none.
fn name_of(raw: &RawValue) -> String {
    let id = wire::row::<Conversation>(raw).and_then(|row| row.conversation_id);
    id.unwrap_or_else(|| format!("row:{}", hex::encode(digest(raw))))
}

fn digest(raw: &RawValue) -> [u8; 16] {
    short(Sha256::new().chain_update(raw.get()))
}

fn short(hash: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}

/// The rows of a listing that were told already, so that they are not told again: 16 bytes each. A call whose legs say
/// something else is told again.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<[u8; 16]>);

impl Told {
    /// Whether a call is new.
    pub(super) fn is_new(&mut self, call: &Call) -> bool {
        let versions = call.legs.iter().filter_map(|leg| leg.revision.as_ref());
        let hash = Sha256::new().chain_update(&call.this.id);
        self.0.insert(short(versions.fold(hash, |hash, version| hash.chain_update(&version.fingerprint))))
    }

    /// Whether a row that cannot be read is new.
    pub(super) fn is_new_row(&mut self, raw: &RawValue) -> bool {
        self.0.insert(digest(raw))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_next_page_leaves_nothing_out_and_has_further_rows(read in 1u32..12_000, most in 1u32..=100) {
            let row = Reached { read, ..Reached::default() };
            let page = row.page(most);
            prop_assert!(page.0 <= most && page.1 >= 1);
            prop_assert!(Reached::before(page) <= read && Reached::before(page) + page.0 > read, "{page:?}");
        }

        #[test]
        fn large_pages_begin_with_the_last_row_or_before(read in 1u32..12_000, most in 20u32..=100) {
            let row = Reached { read, ..Reached::default() };
            prop_assert!(Reached::before(row.page(most)) < read);
        }
    }

    #[test]
    fn a_stored_position_is_read_again() {
        let stored = r#"{"Began":{"from":"2026-10-19T00:00:00Z","to":"2026-10-20T00:00:00Z","whole":9000,"in_vain":1,"at":{"read":100,"anchor":"c-1","anew":0}}}"#;
        let place: Place = serde_json::from_str(stored).expect("a position");
        assert!(matches!(&place, Place::Began { at, .. } if at.read == 100), "{place:?}");
        assert_eq!(serde_json::to_string(&place).expect("JSON"), stored);
    }

    #[test]
    fn pages_are_nearly_as_large_as_they_may_be() {
        let (mut row, mut pages) = (Reached::default(), 0);
        while row.read < 8_000 {
            let (size, number) = row.page(100);
            row.read = size * number;
            pages += 1;
        }
        assert!(pages < 100, "{pages} pages for 8000 rows");
    }
}
