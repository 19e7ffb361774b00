//! Who is behind an id: what one part of a connector learns of people, for the parts that only hear their ids.

mod known;
mod naming;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::time::after;
use crate::{AgentRef, Clock, EmailAddress, Login, Result};
use known::Known;

/// How many people are remembered.
const ROOM: usize = 50_000;

/// More cannot be remembered.
const MOST: usize = u32::MAX as usize - 2;

/// How long somebody waits for an answer before going on without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// For how long it is believed that nobody knows an id.
const UNKNOWN_FOR: Duration = Duration::from_secs(300);

/// How long after a question that failed the next one is asked. Nobody said that the id is unknown.
const AGAIN: Duration = Duration::from_secs(15);

/// The people behind the ids of one source: for a vendor whose events name people by an id alone.
///
/// Listings and watches [teach](Self::learn) it, and [`who`](Self::who) asks for what it does not know: once for all who
/// wait. It is shared as an `Arc`. It remembers 50,000 people unless told otherwise; of more, whoever was not asked for
/// longest is forgotten. `Debug` shows nobody.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use connector_core::{AgentIndex, AgentRef, Clock};
///
/// let people = AgentIndex::new(Clock::default());
/// people.learn(&AgentRef::default().with_id("17").with_login("kay"));
/// let nobody_is_asked = async { unreachable!("17 is known") };
/// assert_eq!(people.who("17", nobody_is_asked).await.reveal(), "kay");
///
/// let at_the_vendor = async { Ok(Some(AgentRef::default().with_id("18").with_login("lee"))) };
/// assert_eq!(people.who("18", at_the_vendor).await.reveal(), "lee");
/// assert_eq!(people.meant_by(&AgentRef::default().with_login("Lee"))[0].id.as_deref(), Some("18"));
/// # }
/// ```
pub struct AgentIndex {
    clock: Clock,
    room: usize,
    patience: Duration,
    unknown_for: Duration,
    known: Mutex<Known>,
    turns: Mutex<HashMap<String, Weak<Turn>>>,
}

/// Held while one asks for an id, so that others wait for the same answer.
type Turn = tokio::sync::Mutex<()>;

impl AgentIndex {
    /// An index that knows nobody yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            room: ROOM,
            patience: PATIENCE,
            unknown_for: UNKNOWN_FOR,
            known: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// The same index, remembering so many people, and at least one.
    pub fn with_room(mut self, people: usize) -> Self {
        self.room = people.clamp(1, MOST);
        self
    }

    /// The same index, in which whoever asks waits so long for an answer.
    pub fn with_patience(mut self, wait: Duration) -> Self {
        self.patience = wait;
        self
    }

    /// The same index, believing for so long that nobody knows an id.
    pub fn with_unknown_for(mut self, time: Duration) -> Self {
        self.unknown_for = time;
        self
    }

    /// Remembers a person who has an id. What is said now takes the place of what was known, what is left out stays.
    pub fn learn(&self, who: &AgentRef) {
        if let Some(id) = &who.id {
            self.known().learn(id, who, self.room);
        }
    }

    /// The person with this id, if more than the id is known.
    pub fn get(&self, id: &str) -> Option<AgentRef> {
        let mut known = self.known();
        let row = known.used(id)?;
        Some(known.who(row)).filter(|who| who.login.is_some() || who.name.is_some() || who.email.is_some())
    }

    /// All known people whom a reference may mean, in the order of their ids: by its id, or else by its login or e-mail
    /// address, letter case aside. Several may have one login.
    pub fn meant_by(&self, who: &AgentRef) -> Vec<AgentRef> {
        if let Some(id) = &who.id {
            return self.get(id).into_iter().collect();
        }
        let handles = [who.login.as_ref().map(Login::reveal), who.email.as_ref().map(EmailAddress::reveal)];
        let handles = handles.into_iter().flatten().map(str::to_lowercase).collect();
        self.known().with_handles(&handles).into_iter().collect()
    }

    /// The person with this id. Where the login is not known, the lookup is awaited: once for all who ask for the id, and
    /// for five seconds at most, unless told otherwise. What came by then is returned, the id in any case.
    ///
    /// That the lookup finds nobody, or nobody with a login, is believed for five minutes, unless told otherwise. A lookup
    /// that fails or takes too long is dropped, and the next one is not begun for a quarter of a minute. Who wants to know
    /// why it failed looks at the error within the lookup.
    pub async fn who(&self, id: &str, lookup: impl Future<Output = Result<Option<AgentRef>>>) -> AgentRef {
        if let Some(settled) = self.settled(id) {
            return settled;
        }
        let until = Instant::now() + self.patience;
        let turn = self.turn(id);
        if let Ok(_turn) = timeout_at(until, turn.lock()).await
            && self.settled(id).is_none()
        {
            let (found, quiet) = match timeout_at(until, lookup).await {
                Ok(Ok(found)) => (found, self.unknown_for),
                Ok(Err(_)) | Err(_) => (None, AGAIN),
            };
            self.answered(id, found, quiet);
        }
        self.get(id).unwrap_or_else(|| AgentRef::default().with_id(id))
    }

    /// Whether asking about an id would be in vain: because the login is known, or because somebody was asked lately.
    pub fn is_settled(&self, id: &str) -> bool {
        self.settled(id).is_some()
    }

    /// What is known of an id, if nobody is to be asked: because the login is known, or because somebody was asked.
    fn settled(&self, id: &str) -> Option<AgentRef> {
        let mut known = self.known();
        let row = known.used(id)?;
        let is_quiet = known.quiet_until(row).is_some_and(|until| self.clock.now() < until);
        Some(known.who(row)).filter(|who| who.login.is_some() || is_quiet)
    }

    fn answered(&self, id: &str, found: Option<AgentRef>, quiet: Duration) {
        let until = after(self.clock.now(), quiet);
        let mut known = self.known();
        known.learn(id, &found.unwrap_or_default(), self.room);
        known.be_quiet(id, until);
    }

    fn turn(&self, id: &str) -> Arc<Turn> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(id).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(id.to_owned(), Arc::downgrade(&turn));
        turn
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AgentIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentIndex({} ids of at most {})", self.known().len(), self.room)
    }
}

#[cfg(test)]
mod tests;
