//! What the answers with a list have in common.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::{Rows, loose};

/// The fields of an answer, each as it was sent.
pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

/// Some old versions wrap all of an answer in this.
const WRAP: &str = "resultSet";

/// The list that somebody asked for, of whatever else stands in the answer.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) last_poll_time: Option<DateTime<Utc>>,
    /// How many rows there are on all pages.
    pub(crate) total: Option<i64>,
    pub(crate) rows: Rows,
}

impl List {
    /// Reads the list under this key, in whatever case it is written. Without it there are no rows.
    ///
    /// # Errors
    /// What is wrong: something else stands there, or there are rows that must be under another key.
    pub(crate) fn read(mut answer: Fields, key: &'static str) -> Result<Self, String> {
        let wrapped = answer.remove(WRAP).and_then(|raw| serde_json::from_str::<Fields>(raw.get()).ok());
        answer.extend(wrapped.into_iter().flatten());
        let mut list = Self {
            last_poll_time: answer.get("lastPollTime").and_then(|raw| loose::time(&mut reader(raw)).ok()).flatten(),
            total: answer.get("totalRecords").and_then(|raw| loose::int(&mut reader(raw)).ok()).flatten(),
            rows: Rows::new(),
        };
        let (named, others): (Vec<_>, Vec<_>) = answer.iter().partition(|(name, _)| name.eq_ignore_ascii_case(key));
        for (_, raw) in &named {
            list.rows.extend(rows(raw).ok_or_else(|| format!("{key} is no list"))?);
        }
        let is_elsewhere = || others.iter().any(|(_, raw)| rows(raw).is_some_and(|rows| !rows.is_empty()));
        match list.total {
            Some(total) if total > 0 && named.is_empty() && is_elsewhere() => {
                Err(format!("there is no list {key}, though it tells of {total} rows"))
            }
            _ => Ok(list),
        }
    }

    /// How many rows come before the next page, if so many were asked for after so many others; `None` after the last.
    pub(crate) fn next_skip(&self, skip: usize, top: usize) -> Option<usize> {
        self.next_after(self.rows.len(), skip, top)
    }

    /// The same where a row may come twice on a page, and counts once: else the next page would start too late. It may start
    /// too early, so rows are told twice.
    pub(crate) fn next_distinct_skip(&self, skip: usize, top: usize) -> Option<usize> {
        let distinct = self.rows.iter().map(|raw| raw.get()).collect::<BTreeSet<_>>().len();
        self.next_after(distinct.min(top), skip, top)
    }

    fn next_after(&self, came: usize, skip: usize, top: usize) -> Option<usize> {
        let so_far = skip + came;
        let more = match self.total.and_then(|total| usize::try_from(total).ok()) {
            Some(total) => so_far < total,
            None => came >= top,
        };
        (more && came > 0).then_some(so_far)
    }
}

fn reader(raw: &RawValue) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
    serde_json::Deserializer::from_str(raw.get())
}

/// The rows of a list, where `null` is an empty one.
fn rows(raw: &RawValue) -> Option<Rows> {
    loose::rows(&mut reader(raw)).ok()
}
