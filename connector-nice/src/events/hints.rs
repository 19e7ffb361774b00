//! Words that a call may be over. None of them is believed: each only hurries the next question about completed contacts.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use connector_core::inbound::Held;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// When to ask again for a contact that is not among the completed ones yet; after the last it is left to the next poll.
/// How late they show is not documented.
const LADDER: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// So many hints wait at most.
const MOST: usize = 256;

/// That the contact of this id may be over, and whom to tell what became of it.
#[derive(Debug)]
pub(crate) struct Hint {
    contact: String,
    answer: Option<oneshot::Sender<Heard>>,
    /// The memory of the request that brought it.
    _held: Held,
}

/// What became of a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// What was to be told of the contact was told and accepted.
    Safe,
    /// It was told and refused, or there are too many hints.
    Refused,
    /// It is not among the completed contacts: the next polls will find it there, should it ever come.
    NotFound,
}

impl Hint {
    /// Somebody waits for what becomes of it.
    pub(crate) fn answered(contact: String, held: Held) -> (Self, oneshot::Receiver<Heard>) {
        let (answer, told) = oneshot::channel();
        (Self { contact, answer: Some(answer), _held: held }, told)
    }

    /// Nobody waits.
    pub(crate) fn quiet(contact: String) -> Self {
        Self { contact, answer: None, _held: Held::nothing() }
    }

    fn tell(&mut self, heard: Heard) {
        if let Some(answer) = self.answer.take() {
            // Whoever asked may be gone by now.
            let _ = answer.send(heard);
        }
    }

    fn is_given_up(&self) -> bool {
        self.answer.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// Where hints are dropped, for whoever listens to the tenant.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<Option<mpsc::Sender<Hint>>>);

impl Inbox {
    /// From now on hints come here.
    pub(crate) fn listen(&self) -> mpsc::Receiver<Hint> {
        let (sender, receiver) = mpsc::channel(MOST);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Whether somebody took it.
    pub(crate) fn put(&self, hint: Hint) -> bool {
        let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listener.as_ref().is_some_and(|listener| listener.try_send(hint).is_ok())
    }
}

/// How a contact stands that somebody said was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It was not among the completed contacts yet.
    Unknown,
    /// It was told, and nobody has accepted that yet.
    Owed,
    /// There is nothing to tell of it, or that is accepted. While other contacts of the call go on, the position waits.
    Safe,
}

/// The hints that wait for their contact.
#[derive(Debug, Default)]
pub(crate) struct Hints(VecDeque<Waiting>);

#[derive(Debug)]
struct Waiting {
    hint: Hint,
    asked: usize,
    /// When to ask again; `None` once the contact was told and nobody has accepted it yet.
    next: Option<Instant>,
}

impl Hints {
    /// A hint came. One that is about a contact which is told and safe is answered at once by the next
    /// [`settle`](Self::settle).
    pub(crate) fn add(&mut self, mut hint: Hint, now: Instant) {
        let is_known = hint.answer.is_none() && self.0.iter().any(|waiting| waiting.hint.contact == hint.contact);
        if is_known {
            return;
        }
        if self.0.len() >= MOST {
            hint.tell(Heard::Refused);
            return;
        }
        self.0.push_back(Waiting { hint, asked: 0, next: Some(now) });
    }

    /// When to ask for completed contacts.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.iter().filter_map(|waiting| waiting.next).min()
    }

    /// Looks at how each contact stands now; `asked` is when completed contacts were asked for, if they just were.
    pub(crate) fn settle(&mut self, standing: impl Fn(&str) -> Standing, asked: Option<Instant>, now: Instant) {
        self.0.retain_mut(|waiting| {
            if waiting.hint.is_given_up() {
                return false;
            }
            let heard = match (standing(&waiting.hint.contact), waiting.next) {
                (Standing::Safe, _) => Some(Heard::Safe),
                (Standing::Owed, _) => {
                    waiting.next = None;
                    None
                }
                (Standing::Unknown, None) => Some(Heard::Refused),
                (Standing::Unknown, Some(next)) if asked.is_some_and(|asked| asked >= next) => {
                    waiting.next = LADDER.get(waiting.asked).map(|wait| now + *wait);
                    waiting.asked += 1;
                    waiting.next.is_none().then_some(Heard::NotFound)
                }
                (Standing::Unknown, Some(_)) => None,
            };
            if let Some(heard) = heard {
                waiting.hint.tell(heard);
            }
            heard.is_none()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(_: &str) -> Standing {
        Standing::Unknown
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_found_is_asked_for_a_few_times_and_then_left_to_the_next_poll() {
        let mut hints = Hints::default();
        let (hint, mut told) = Hint::answered("7".to_owned(), Held::nothing());
        hints.add(hint, Instant::now());
        let mut asked = 0;
        while let Some(due) = hints.due() {
            tokio::time::sleep_until(due).await;
            let now = Instant::now();
            hints.settle(unknown, Some(now), now);
            asked += 1;
            assert!(asked < 20, "it never ends");
        }
        assert_eq!((asked, told.try_recv()), (LADDER.len() + 1, Ok(Heard::NotFound)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_from_before_the_hint_answers_nothing() {
        let mut hints = Hints::default();
        let before = Instant::now();
        tokio::time::advance(Duration::from_millis(1)).await;
        hints.add(Hint::quiet("7".to_owned()), Instant::now());
        let due = hints.due();
        hints.settle(unknown, Some(before), Instant::now());
        assert_eq!(hints.due(), due);
    }

    #[tokio::test]
    async fn a_contact_that_was_told_is_safe_once_that_is_accepted() {
        for (then, heard) in [(Standing::Safe, Heard::Safe), (Standing::Unknown, Heard::Refused)] {
            let mut hints = Hints::default();
            let (hint, mut told) = Hint::answered("7".to_owned(), Held::nothing());
            let now = Instant::now();
            hints.add(hint, now);
            hints.settle(|_| Standing::Owed, Some(now), now);
            assert!(told.try_recv().is_err() && hints.due().is_none());
            hints.settle(|_| then, None, now);
            assert_eq!(told.try_recv(), Ok(heard));
        }
    }

    #[tokio::test]
    async fn too_many_hints_are_refused_and_those_of_callers_who_left_make_room() {
        let mut hints = Hints::default();
        let now = Instant::now();
        let mut callers: Vec<_> = (0..MOST)
            .map(|n| {
                let (hint, told) = Hint::answered(n.to_string(), Held::nothing());
                hints.add(hint, now);
                told
            })
            .collect();
        let (hint, mut told) = Hint::answered("one more".to_owned(), Held::nothing());
        hints.add(hint, now);
        assert_eq!(told.try_recv(), Ok(Heard::Refused));
        callers.clear();
        hints.settle(unknown, None, now);
        assert!(hints.due().is_none());
    }
}
