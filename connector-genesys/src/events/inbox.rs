//! What sockets have heard and nobody has taken yet: of each call only the last state.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use chrono::{DateTime, Utc};
use futures_util::task::AtomicWaker;

use super::channel::{Frame, Heard};

/// So many calls wait at most.
const MOST: usize = 20_000;

/// Filled by the sockets, emptied by whoever listens. A slow listener misses no call, only what lay between two states of
/// one.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    held: Mutex<Held>,
    listener: AtomicWaker,
}

#[derive(Debug, Default)]
struct Held {
    /// When each socket said something last.
    alive: BTreeMap<u64, DateTime<Utc>>,
    /// The place of each call in `states`.
    places: BTreeMap<String, usize>,
    states: Vec<Heard>,
    /// What sockets say of themselves.
    others: Vec<Heard>,
    missed: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// All that was heard since the last time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken {
    pub(super) heard: Vec<Heard>,
    /// From when to when calls came for which there was no room.
    pub(super) missed: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Inbox {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, heard: Heard) {
        self.held().put(heard, MOST);
        self.listener.wake();
    }

    /// Waits until there is something.
    pub(super) fn poll_filled(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.listener.register(cx.waker());
        if self.held().alive.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Takes all there is; `None` when that is nothing.
    pub(super) fn take(&self) -> Option<Taken> {
        let held = std::mem::take(&mut *self.held());
        if held.alive.is_empty() {
            return None;
        }
        let alive = held.alive.into_iter().map(|(socket, at)| Heard { socket, at, frame: Frame::Alive });
        Some(Taken { heard: alive.chain(held.states).chain(held.others).collect(), missed: held.missed })
    }
}

impl Held {
    fn put(&mut self, heard: Heard, most: usize) {
        self.alive.insert(heard.socket, heard.at);
        match &heard.frame {
            Frame::Alive => {}
            Frame::State(state) => match self.places.get(&state.conversation) {
                Some(place) => self.states[*place] = heard,
                None if self.states.len() < most => {
                    self.places.insert(state.conversation.clone(), self.states.len());
                    self.states.push(heard);
                }
                None => {
                    let (from, _) = self.missed.unwrap_or((heard.at, heard.at));
                    self.missed = Some((from, heard.at));
                }
            },
            Frame::Closing | Frame::Evicted | Frame::Void => {
                let is_known = |known: &Heard| known.socket == heard.socket && known.frame == heard.frame;
                if !self.others.iter().any(is_known) {
                    self.others.push(heard);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::differ::Snapshot;

    fn heard(socket: u64, second: i64, frame: Frame) -> Heard {
        Heard { socket, at: DateTime::from_timestamp(1_790_000_000 + second, 0).expect("a time"), frame }
    }

    fn state(id: &str) -> Frame {
        Frame::State(Snapshot { conversation: id.to_owned(), parties: Vec::new() })
    }

    #[test]
    fn of_each_call_the_last_state_is_kept_in_the_order_of_the_first() {
        let inbox = Inbox::default();
        assert_eq!(inbox.take(), None);
        for one in [
            heard(1, 1, state("c-1")),
            heard(2, 2, state("c-2")),
            heard(1, 3, Frame::Closing),
            heard(1, 4, Frame::Closing),
            heard(2, 5, state("c-1")),
            heard(1, 6, Frame::Alive),
        ] {
            inbox.put(one);
        }
        let taken = inbox.take().expect("it is filled");
        let expected = [
            heard(1, 6, Frame::Alive),
            heard(2, 5, Frame::Alive),
            heard(2, 5, state("c-1")),
            heard(2, 2, state("c-2")),
            heard(1, 3, Frame::Closing),
        ];
        assert_eq!((taken.heard.as_slice(), taken.missed), (&expected[..], None));
        assert_eq!(inbox.take(), None);
    }

    #[test]
    fn what_has_no_room_is_known_by_its_time() {
        let mut held = Held::default();
        for second in 0..5 {
            held.put(heard(1, second, state(&format!("c-{second}"))), 2);
        }
        held.put(heard(1, 9, state("c-1")), 2);
        let (from, to) = held.missed.expect("some had no room");
        assert_eq!((from.timestamp() - 1_790_000_000, to.timestamp() - 1_790_000_000), (2, 4));
        assert_eq!((held.states.len(), held.states[1].at.timestamp() - 1_790_000_000), (2, 9));
    }
}
