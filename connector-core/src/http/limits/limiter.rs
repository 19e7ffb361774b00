//! The limits that a vendor sets: so many requests in a time, so many at once.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::{Error, Priority, Result};

/// Who has to wait longer than this is told so at once.
const PATIENCE: Duration = Duration::from_secs(900);

/// The longest pause that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

/// So many requests in any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// How many; at least 1.
    pub requests: u32,
    /// The length of the window, which slides; at most a day. A request counts from when it is sent.
    pub per: Duration,
}

impl Rate {
    /// So many requests in any window of this length.
    pub fn new(requests: u32, per: Duration) -> Self {
        Self { requests: requests.max(1), per }
    }
}

/// What a vendor allows for a class of endpoints.
///
/// ```
/// use std::time::Duration;
/// use connector_core::http::Limits;
/// // 150 requests in five minutes, two seconds apart, one at a time
/// let limits = Limits::none()
///     .with_rate(150, Duration::from_secs(300))
///     .with_rate(1, Duration::from_secs(2))
///     .with_at_once(1);
/// assert_eq!(limits.at_once, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// All of them hold. What the vendor's headers say changes the first one.
    pub rates: Vec<Rate>,
    /// Requests on their way at a time; one is on its way until its body was read or dropped.
    pub at_once: usize,
    /// How many may wait; one more is refused.
    pub waiting: usize,
}

impl Limits {
    /// Any number of requests in a time, 16 at once, 10,000 waiting.
    pub fn none() -> Self {
        Self { rates: Vec::new(), at_once: 16, waiting: 10_000 }
    }

    /// The same limits, and no more than so many requests in any window of this length.
    pub fn with_rate(mut self, requests: u32, per: Duration) -> Self {
        self.rates.push(Rate::new(requests, per));
        self
    }

    /// The same limits, with so many requests on their way at a time; at least 1.
    pub fn with_at_once(mut self, requests: usize) -> Self {
        self.at_once = requests.max(1);
        self
    }

    /// The same limits, with so many that may wait.
    pub fn with_waiting(mut self, requests: usize) -> Self {
        self.waiting = requests;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::none()
    }
}

/// The names of the headers in which a vendor says how much of its limit is used.
///
/// ```
/// use connector_core::http::RateHeaders;
/// let mut names = RateHeaders::NONE;
/// (names.allowed, names.used) = (Some("x-limit-allowed"), Some("x-limit-used"));
/// (names.left, names.reset) = (Some("x-limit-left"), Some("x-limit-reset"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateHeaders {
    /// How many requests a window allows.
    pub allowed: Option<&'static str>,
    /// How many of them are used.
    pub used: Option<&'static str>,
    /// How many of them are left.
    pub left: Option<&'static str>,
    /// In how many seconds the window ends.
    pub reset: Option<&'static str>,
}

impl RateHeaders {
    /// A vendor that says nothing.
    pub const NONE: Self = Self { allowed: None, used: None, left: None, reset: None };
}

/// The endpoints of an account that share a limit. Clones share it too.
///
/// Waiters are served by [`Priority`], and in the order of their coming within one. Whoever stops waiting gives its place
/// back.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> connector_core::Result<()> {
/// use std::time::Duration;
/// use connector_core::Priority;
/// use connector_core::http::{EndpointClass, Limits};
///
/// let class = EndpointClass::new(&Limits::none().with_rate(1, Duration::from_secs(2)));
/// let began = tokio::time::Instant::now();
/// drop(class.acquire(Priority::Live).await?);
/// drop(class.acquire(Priority::Live).await?);
/// assert_eq!(began.elapsed(), Duration::from_secs(2));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct EndpointClass(Arc<Mutex<State>>);

struct State {
    windows: Vec<Window>,
    at_once: usize,
    waiting: usize,
    on_their_way: usize,
    paused_until: Option<Instant>,
    waiters: BTreeMap<Place, Arc<Notify>>,
    came: u64,
}

/// Who is served first stands first.
type Place = (Priority, u64);

struct Window {
    rate: Rate,
    granted: VecDeque<Instant>,
}

impl Window {
    /// When the next request fits.
    fn free_at(&mut self, now: Instant) -> Instant {
        while self.granted.front().is_some_and(|granted| *granted + self.rate.per <= now) {
            self.granted.pop_front();
        }
        match self.granted.len().checked_sub(self.rate.requests as usize) {
            None => now,
            Some(index) => self.granted[index] + self.rate.per,
        }
    }
}

/// What a waiter is to do.
enum Turn {
    Go,
    At(Instant),
    UntilTold,
}

impl State {
    fn turn(&mut self, place: Place) -> Result<Turn> {
        let now = Instant::now();
        if let Some(until) = self.paused_until.filter(|until| *until > now + PATIENCE) {
            return Err(Error::rate_limited("the vendor asked for a long pause").with_retry_after(until - now));
        }
        if self.waiters.first_key_value().is_none_or(|(first, _)| *first != place) || self.on_their_way >= self.at_once
        {
            return Ok(Turn::UntilTold);
        }
        let free = self.windows.iter_mut().map(|window| window.free_at(now)).chain(self.paused_until).max();
        if let Some(free) = free.filter(|free| *free > now) {
            return Ok(Turn::At(free));
        }
        self.windows.iter_mut().for_each(|window| window.granted.push_back(now));
        self.on_their_way += 1;
        self.leave(place);
        Ok(Turn::Go)
    }

    fn leave(&mut self, place: Place) {
        if self.waiters.remove(&place).is_some() {
            self.tell_first();
        }
    }

    fn tell_first(&self) {
        if let Some((_, first)) = self.waiters.first_key_value() {
            first.notify_one();
        }
    }
}

impl EndpointClass {
    /// With these limits.
    pub fn new(limits: &Limits) -> Self {
        let windows = limits.rates.iter().map(|rate| Window {
            rate: Rate::new(rate.requests, rate.per.min(LONGEST_PAUSE)),
            granted: VecDeque::new(),
        });
        Self(Arc::new(Mutex::new(State {
            windows: windows.collect(),
            at_once: limits.at_once.max(1),
            waiting: limits.waiting,
            on_their_way: 0,
            paused_until: None,
            waiters: BTreeMap::new(),
            came: 0,
        })))
    }

    /// Waits for leave to send a request, which lasts until the permit is dropped.
    ///
    /// # Errors
    /// `is_rate_limited` when too many wait already, or when the vendor asked for a pause of more than 15 minutes.
    pub async fn acquire(&self, priority: Priority) -> Result<Permit> {
        let waiter = self.join(priority)?;
        loop {
            // In a statement of its own, so that no lock is held while waiting.
            let turn = self.state().turn(waiter.place)?;
            match turn {
                Turn::Go => return Ok(Permit(self.clone())),
                Turn::UntilTold => waiter.told.notified().await,
                Turn::At(time) => drop(timeout_at(time, waiter.told.notified()).await),
            }
        }
    }

    fn join(&self, priority: Priority) -> Result<Waiter<'_>> {
        let mut state = self.state();
        if state.waiters.len() >= state.waiting.max(1) {
            return Err(Error::rate_limited(format!("{} requests are waiting already", state.waiters.len())));
        }
        let place = (priority, state.came);
        state.came += 1;
        let told = Arc::new(Notify::new());
        state.waiters.insert(place, told.clone());
        Ok(Waiter { class: self, place, told })
    }

    /// Sends nothing for this long, at most a day. A pause is never shortened.
    pub fn pause(&self, wait: Duration) {
        let mut state = self.state();
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        state.paused_until = state.paused_until.max(Some(until));
        state.tell_first();
    }

    /// From now on the first rate allows so many requests; at least 1.
    pub fn allow(&self, requests: u32) {
        let mut state = self.state();
        if let Some(window) = state.windows.first_mut() {
            window.rate.requests = requests.max(1);
            state.tell_first();
        }
    }

    /// Takes up what the headers of an answer say.
    pub(crate) fn learn(&self, names: &RateHeaders, headers: &HeaderMap) {
        let number = |name: Option<&str>| headers.get(name?)?.to_str().ok()?.trim().parse::<u32>().ok();
        let (allowed, used) = (number(names.allowed), number(names.used));
        if let Some(allowed) = allowed {
            self.allow(allowed);
        }
        let spent = number(names.left) == Some(0) || matches!((used, allowed), (Some(used), Some(all)) if used >= all);
        if let Some(seconds) = number(names.reset).filter(|_| spent) {
            self.pause(Duration::from_secs(seconds.into()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for EndpointClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("EndpointClass")
            .field("rates", &state.windows.iter().map(|window| window.rate).collect::<Vec<_>>())
            .field("on_their_way", &state.on_their_way)
            .field("waiting", &state.waiters.len())
            .finish_non_exhaustive()
    }
}

/// A place in the queue, given back when it is dropped.
struct Waiter<'a> {
    class: &'a EndpointClass,
    place: Place,
    told: Arc<Notify>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.class.state().leave(self.place);
    }
}

/// Leave to have a request on its way. Dropping it lets the next one go.
#[derive(Debug)]
#[must_use = "the request is on its way for as long as this lives"]
pub struct Permit(EndpointClass);

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.on_their_way -= 1;
        state.tell_first();
    }
}

#[cfg(test)]
mod tests;
