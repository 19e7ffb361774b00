//! A run on its way: from window to window, from page to page, a step for each batch.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use super::judge::judge;
use super::window::{Position, Window};
use super::{Archive, Found, Reconcile, Step, Steps};
use crate::{Conversation, Cursor, Error, HistoryQuery, Listing, Page, Rejected, Result};

/// How many at most.
const LARGEST_BATCH: usize = 10_000;

impl Reconcile {
    /// Compares.
    ///
    /// # Errors
    /// Whatever the history or the archive fails with; [`is_bug`](crate::Error::is_bug) when the archive answers for another
    /// number of conversations than it was asked for.
    pub fn steps(self) -> Steps {
        let mut walk = Walk { done: self.done(), run: self, open: None };
        if let Some((window, list)) = walk.run.resumed.as_ref().and_then(Position::window) {
            walk.open(window, list);
        }
        stream::try_unfold(walk, |mut walk| async move { Ok(walk.step().await?.map(|step| (step, walk))) }).boxed()
    }
}

/// A run on its way.
struct Walk {
    run: Reconcile,
    /// Everything that ended before this time is compared.
    done: DateTime<Utc>,
    open: Option<Open>,
}

/// A window on its way.
struct Open {
    window: Window,
    listing: Listing<Conversation>,
    /// Where to go on in the listing once the pages before `page` are dealt with.
    list: Option<Cursor>,
    page: Option<Pending>,
}

/// What is left of a page.
struct Pending {
    items: std::vec::IntoIter<Conversation>,
    rejected: Vec<Rejected>,
    outside: usize,
    resume: Option<Cursor>,
}

impl Walk {
    async fn step(&mut self) -> Result<Option<Step>> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(window) = self.run.windows.after(self.done) else { return Ok(None) };
                self.open(window, None);
                continue;
            };
            if let Some(page) = open.page.take() {
                return self.compare(page).await.map(Some);
            }
            match open.listing.next().await {
                Some(page) => open.page = Some(Pending::new(page?, &open.window)),
                None => return Ok(Some(self.close())),
            }
        }
    }

    fn open(&mut self, window: Window, list: Option<Cursor>) {
        let mut query = HistoryQuery::between(window.from, window.to);
        query.resume.clone_from(&list);
        query.priority = self.run.request.mode.priority();
        self.open = Some(Open { window, listing: self.run.history.ended(query), list, page: None });
    }

    /// A window's end is a step of its own: only now it is known that no page follows.
    fn close(&mut self) -> Step {
        if let Some(open) = self.open.take() {
            self.done = self.done.max(open.window.to);
        }
        self.empty_step()
    }

    /// Compares the next batch of a page. Only after the last one the run stands behind the page.
    async fn compare(&mut self, mut page: Pending) -> Result<Step> {
        let request = &self.run.request;
        let batch: Vec<_> = page.items.by_ref().take(request.batch.clamp(1, LARGEST_BATCH)).collect();
        let compared = batch.len();
        let found = compare(&*self.run.archive, batch, request.tolerance).await?;
        let (rejected, outside) = (std::mem::take(&mut page.rejected), std::mem::take(&mut page.outside));
        if let Some(open) = &mut self.open {
            match page.items.len() {
                0 => open.list = page.resume.or(open.list.take()),
                _ => open.page = Some(page),
            }
        }
        Ok(Step { found, rejected, compared, outside, ..self.empty_step() })
    }

    fn empty_step(&self) -> Step {
        let begin = self.run.request.from;
        let position = match &self.open {
            Some(open) => Position::within(begin, open.window, open.list.clone()),
            None => Position::done(begin, self.done),
        };
        Step {
            found: Vec::new(),
            rejected: Vec::new(),
            compared: 0,
            outside: 0,
            left_alone: 0,
            reached: self.done,
            resume: position.cursor(),
        }
    }
}

impl Pending {
    fn new(page: Page<Conversation>, window: &Window) -> Self {
        let listed = page.items.len();
        let inside = |call: &Conversation| call.ended.is_none_or(|ended| window.contains(ended.at));
        let items: Vec<_> = page.items.into_iter().filter(inside).collect();
        let outside = listed - items.len();
        Self { items: merged(items).into_iter(), rejected: page.rejected, outside, resume: page.resume }
    }
}

/// One conversation for each id, in the order of their first rows.
fn merged(rows: Vec<Conversation>) -> Vec<Conversation> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    let mut merged: Vec<Conversation> = Vec::with_capacity(rows.len());
    for row in rows {
        match places.get(&row.this.id) {
            Some(&place) => {
                merged[place].merge(row);
            }
            None => {
                places.insert(row.this.id.clone(), merged.len());
                merged.push(row);
            }
        }
    }
    merged
}

async fn compare(archive: &dyn Archive, batch: Vec<Conversation>, tolerance: Duration) -> Result<Vec<Found>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let stored = archive.stored(&batch).await?;
    if stored.len() != batch.len() {
        let (asked, answered) = (batch.len(), stored.len());
        return Err(Error::bug(format!("the archive was asked for {asked} conversations and answered for {answered}")));
    }
    let judged = batch.into_iter().zip(&stored);
    Ok(judged.filter_map(|(listed, stored)| judge(listed, stored.as_ref(), tolerance)).collect())
}
