//! Where sessions wait for whoever listens, and what all of them share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::{Error, LiveBudget, LiveSession, LiveSessions, Origin};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc::{self, OwnedPermit, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::options::AudioOptions;

/// What the sessions of one organisation share.
pub(crate) struct Lobby {
    /// To whoever listens.
    listener: Mutex<Option<Sender<LiveSession>>>,
    /// As many as there may be sessions.
    room: Arc<Semaphore>,
    /// How many there may be, also of those that are over and wait to be taken.
    most: usize,
    pub(super) budget: LiveBudget,
    stops: watch::Sender<bool>,
    /// Sessions that brought one of both alone.
    one_sided: AtomicU64,
}

/// A place for a session that may come.
pub(crate) struct Place {
    permit: OwnedPermit<LiveSession>,
    lobby: Arc<Lobby>,
}

impl Lobby {
    pub(super) fn new(options: &AudioOptions) -> Self {
        let most = options.sessions.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            listener: Mutex::default(),
            room: Arc::new(Semaphore::new(most)),
            most,
            budget: LiveBudget::new(options.session_memory, options.memory),
            stops: watch::Sender::new(false),
            one_sided: AtomicU64::new(0),
        }
    }

    /// The sessions from here on, for one listener at a time.
    pub(crate) fn listen(&self, origin: &Origin) -> LiveSessions {
        let mut listener = self.listener();
        if self.has_stopped() {
            return stream::empty().boxed();
        }
        if listener.as_ref().is_some_and(|listener| !listener.is_closed()) {
            let error = Error::already_subscribed("somebody listens to the sound of this source already");
            return stream::iter([Err(error.during("sessions").of(origin))]).boxed();
        }
        let (sender, sessions) = mpsc::channel(self.most);
        *listener = Some(sender);
        stream::unfold(sessions, |mut sessions| async { Some((Ok(sessions.recv().await?), sessions)) }).boxed()
    }

    /// Whether one more session would find a place.
    pub(super) fn has_room(&self) -> bool {
        let listener = self.listener();
        let listens = |listener: &Sender<_>| !listener.is_closed() && listener.capacity() > 0;
        listener.as_ref().is_some_and(listens) && self.room.available_permits() > 0
    }

    /// A place for one more session, and room among those that go on, to be held as long as it does.
    pub(super) fn enter(self: &Arc<Self>) -> Option<(Place, OwnedSemaphorePermit)> {
        let room = self.room.clone().try_acquire_owned().ok()?;
        let permit = self.listener().clone()?.try_reserve_owned().ok()?;
        Some((Place { permit, lobby: self.clone() }, room))
    }

    /// Lets nobody in any more, lets those who are in say goodbye, and waits until they are gone.
    pub(super) async fn close(&self) {
        self.stops.send_replace(true);
        *self.listener() = None;
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        // It is never closed, so that this only waits.
        drop(self.room.acquire_many(all).await);
    }

    /// Whether it is closed, and when it will be.
    pub(super) fn stops(&self) -> watch::Receiver<bool> {
        self.stops.subscribe()
    }

    fn has_stopped(&self) -> bool {
        *self.stops.borrow()
    }

    /// Counts a session that brings one of both alone. Whether it is the first.
    pub(super) fn count_one_sided(&self) -> bool {
        self.one_sided.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// How many there were.
    pub(super) fn one_sided(&self) -> u64 {
        self.one_sided.load(Ordering::Relaxed)
    }

    fn listener(&self) -> MutexGuard<'_, Option<Sender<LiveSession>>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Hands a session on. Whether somebody takes it.
    pub(super) fn fill(self, session: LiveSession) -> bool {
        let listener = self.permit.send(session);
        let is_taken = !listener.is_closed();
        if !is_taken {
            // The session goes with the last one who could hand something on.
            self.lobby.listener().take_if(|known| known.is_closed());
        }
        is_taken
    }
}

impl fmt::Debug for Lobby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lobby({} of {} free)", self.room.available_permits(), self.most)
    }
}
