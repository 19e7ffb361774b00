//! From the connection of a vendor to whoever takes the sound, through memory that is bounded in bytes. Nobody who hands
//! something in ever waits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

use super::{AudioFormat, Frame, LiveEnd, LiveItem, LiveItems, LostBy};
use crate::Result;

/// What every item is counted for beside its sound, in bytes.
const ITEM: usize = 128;

/// What marks may take beyond the budget of a session: sound never takes their room.
const MARKS: usize = 64 * ITEM;

/// How much sound may wait in memory to be taken: for one session, and for all that share this. Clones share it.
///
/// ```
/// use connector_core::LiveBudget;
/// let budget = LiveBudget::new(256 << 10, 32 << 20);
/// assert_eq!(budget.free(), 32 << 20);
/// ```
#[derive(Clone)]
pub struct LiveBudget {
    per_session: usize,
    free: Arc<AtomicUsize>,
}

impl LiveBudget {
    /// So many bytes for one session and for all.
    pub fn new(per_session: usize, all: usize) -> Self {
        Self { per_session, free: Arc::new(AtomicUsize::new(all)) }
    }

    /// How many bytes of all are left.
    pub fn free(&self) -> usize {
        self.free.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let left = |free: usize| free.checked_sub(bytes);
        self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }

    fn give(&self, bytes: usize) {
        self.free.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// 1 MiB for a session, which is a minute of two speakers on the telephone, and 128 MiB for all.
impl Default for LiveBudget {
    fn default() -> Self {
        Self::new(1 << 20, 128 << 20)
    }
}

impl fmt::Debug for LiveBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveBudget").field("per_session", &self.per_session).field("free", &self.free()).finish()
    }
}

/// For connectors: where the items of a session come in. Nothing here waits.
///
/// Sound that finds no room is lost: whoever takes the items finds one [`LiveItem::Lost`] in its place, however long it
/// is. Dropping the feed without [`end`](Self::end) ends the session as [`LiveEnd::BrokenOff`].
pub struct LiveFeed {
    shared: Arc<Shared>,
    format: Arc<AudioFormat>,
}

/// The other end.
pub(super) struct Items {
    shared: Arc<Shared>,
    format: Arc<AudioFormat>,
}

struct Shared {
    budget: LiveBudget,
    state: Mutex<State>,
    news: Notify,
    gone: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<LiveItem>,
    /// Bytes of the budget that they hold.
    held: usize,
    /// What found no room behind them: where it begins, and how many samples.
    overflow: Option<(u64, u64)>,
    /// Where the stream is.
    reached: u64,
    has_ended: bool,
    is_deserted: bool,
}

pub(super) fn pair(format: Arc<AudioFormat>, budget: &LiveBudget) -> (LiveFeed, Items) {
    let shared =
        Arc::new(Shared { budget: budget.clone(), state: Mutex::default(), news: Notify::new(), gone: Notify::new() });
    (LiveFeed { shared: shared.clone(), format: format.clone() }, Items { shared, format })
}

impl LiveFeed {
    /// Sound, at so many samples from the beginning.
    ///
    /// # Errors
    /// `is_invalid` when the bytes are no whole samples of all channels.
    pub fn frame(&self, at: u64, bytes: Bytes) -> Result<()> {
        let frame = Frame::new(&self.format, at, bytes)?;
        let samples = frame.samples();
        if samples > 0 && !self.put(LiveItem::Frame(frame), at.saturating_add(samples), self.shared.budget.per_session)
        {
            self.overflow(at, samples);
        }
        Ok(())
    }

    /// Nothing is sent from here on.
    pub fn paused(&self, at: u64) {
        self.mark(LiveItem::Paused { at: self.format.position(at) }, at);
    }

    /// It goes on from here.
    pub fn resumed(&self, at: u64) {
        self.mark(LiveItem::Resumed { at: self.format.position(at) }, at);
    }

    /// The customer is put on hold.
    pub fn held(&self, at: u64) {
        self.mark(LiveItem::Held { at: self.format.position(at) }, at);
    }

    /// The customer is back.
    pub fn unheld(&self, at: u64) {
        self.mark(LiveItem::Unheld { at: self.format.position(at) }, at);
    }

    /// Sound that the vendor has lost.
    pub fn lost(&self, at: u64, samples: u64) {
        let item = LiveItem::Lost { at: self.format.position(at), samples, by: LostBy::Vendor };
        self.mark(item, at.saturating_add(samples));
    }

    /// The session is over. Nothing that is handed in afterwards is taken.
    pub fn end(self, at: u64, how: LiveEnd) {
        self.shared.end(&self.format, at, how);
    }

    /// How the sound is written down.
    pub fn format(&self) -> &Arc<AudioFormat> {
        &self.format
    }

    /// Ready once nobody takes the items any more.
    pub async fn deserted(&self) {
        loop {
            let gone = self.shared.gone.notified();
            if self.shared.state().is_deserted {
                return;
            }
            gone.await;
        }
    }

    /// Marks have room of their own. More than that are left out: positions tell the same.
    fn mark(&self, item: LiveItem, reached: u64) {
        self.put(item, reached, self.shared.budget.per_session.saturating_add(MARKS));
    }

    /// Whether there was room. Nobody's room is ever full who does not listen.
    fn put(&self, item: LiveItem, reached: u64, most: usize) -> bool {
        let mut state = self.shared.state();
        state.reached = state.reached.max(reached);
        if state.is_deserted {
            return true;
        }
        let cost = cost(&item);
        if state.held.saturating_add(cost) > most || !self.shared.budget.take(cost) {
            return false;
        }
        state.held += cost;
        state.tell_overflow(&self.format);
        state.waiting.push_back(item);
        drop(state);
        self.shared.news.notify_one();
        true
    }

    /// Sound that found no room. It is told in one piece with what found none right before it.
    fn overflow(&self, at: u64, samples: u64) {
        let mut state = self.shared.state();
        let end = at.saturating_add(samples);
        let from = state.overflow.map_or(at, |(from, _)| from);
        state.overflow = Some((from, end.saturating_sub(from)));
        drop(state);
        self.shared.news.notify_one();
    }
}

impl State {
    /// Tells what found no room, before whatever comes behind it. It costs no room: there is one at most between two items
    /// that do.
    fn tell_overflow(&mut self, format: &AudioFormat) {
        if let Some((from, samples)) = self.overflow.take() {
            self.waiting.push_back(LiveItem::Lost { at: format.position(from), samples, by: LostBy::Us });
        }
    }
}

impl Drop for LiveFeed {
    fn drop(&mut self) {
        self.shared.end(&self.format, 0, LiveEnd::BrokenOff);
    }
}

impl fmt::Debug for LiveFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        write!(f, "LiveFeed({} items, {} bytes waiting)", state.waiting.len(), state.held)
    }
}

impl Items {
    pub(super) fn into_stream(self) -> LiveItems {
        stream::unfold(self, |items| async { items.next().await.map(|item| (Ok(item), items)) }).boxed()
    }

    async fn next(&self) -> Option<LiveItem> {
        loop {
            let news = self.shared.news.notified();
            if let Some(item) = self.take() {
                return Some(item);
            }
            if self.shared.state().has_ended {
                return None;
            }
            news.await;
        }
    }

    fn take(&self) -> Option<LiveItem> {
        let mut state = self.shared.state();
        if state.waiting.is_empty() {
            state.tell_overflow(&self.format);
        }
        let item = state.waiting.pop_front()?;
        let cost = cost(&item);
        state.held -= cost;
        self.shared.budget.give(cost);
        Some(item)
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.is_deserted = true;
        state.waiting.clear();
        self.shared.budget.give(std::mem::take(&mut state.held));
        drop(state);
        self.shared.gone.notify_waiters();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it, here or where it is by now. The end always finds room.
    fn end(&self, format: &AudioFormat, at: u64, how: LiveEnd) {
        let mut state = self.state();
        if std::mem::replace(&mut state.has_ended, true) || state.is_deserted {
            return;
        }
        state.tell_overflow(format);
        let at = format.position(at.max(state.reached));
        state.waiting.push_back(LiveItem::Ended { at, how });
        drop(state);
        self.news.notify_one();
    }
}

/// What an item is counted for. What we tell by ourselves is free, so that it can be told in any case.
fn cost(item: &LiveItem) -> usize {
    match item {
        LiveItem::Frame(frame) => ITEM + frame.bytes().len(),
        LiveItem::Ended { .. } | LiveItem::Lost { by: LostBy::Us, .. } => 0,
        _ => ITEM,
    }
}
