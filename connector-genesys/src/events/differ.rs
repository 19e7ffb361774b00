//! From states of calls to what happened: a state machine without clock, wire or I/O.
//!
//! Genesys sends the whole state of a call whenever something in it changes: repeated, once for each agent who is
//! listened to, now and then late, and not at all while no socket is open. Here each state is compared with what is
//! known, and each step is told once. What happens once to a leg (it rings, it is answered, it ends, it is wrapped up) is
//! told once; a hold is known by the time at which it began. Where a state bears no time, an older one that comes late
//! cannot be told from a newer one: a resume, a mute or a pause may then be told early, but not twice.
//!
//! A call that nobody of ours has any more may go on elsewhere. Whether it is over is for the vendor to say, so its end
//! is told after [`Effect::Confirm`] was answered.

mod call;
mod calls;
mod effect;
mod leg;
mod limits;
pub(crate) mod reading;
mod snapshot;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use connector_core::{AgentRef, Gap};

use call::Call;
pub(crate) use call::key;
use calls::Calls;
pub(crate) use effect::Effect;
pub(crate) use leg::{MUTED, UNMUTED};
pub(crate) use limits::Limits;
pub(crate) use snapshot::Snapshot;
use snapshot::{Party, Role};

/// What the vendor says of a conversation it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// It goes on, or there was no answer.
    Going,
    /// It is over, since then.
    Over(Option<DateTime<Utc>>),
    /// There is no such conversation any more. How long the vendor keeps one that is over is not documented.
    Unknown,
    /// It may not be asked about, as one that was passed on to a division of which nothing is to be seen. Once nobody of
    /// ours has it, it counts as over.
    Hidden,
}

/// All calls that go on, and those that have just ended.
#[derive(Debug, Default)]
pub(crate) struct Differ {
    limits: Limits,
    calls: Calls,
    /// Since when there is no room for further calls.
    full_since: Option<DateTime<Utc>>,
}

impl Differ {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes in what a call looks like. `covers` says whose legs are told; others only keep a call going.
    pub(crate) fn see(
        &mut self,
        snapshot: &Snapshot,
        covers: &dyn Fn(&AgentRef) -> bool,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
    ) {
        let (id, limits) = (&snapshot.conversation, self.limits);
        let is_known = self.calls.change(id, &limits, |call| call.see(snapshot, covers, &limits, now, out));
        if !is_known && self.admit(snapshot, covers, now) {
            let mut call = Call::new(id, now);
            call.see(snapshot, covers, &limits, now, out);
            self.calls.insert(id, call, &limits);
        }
    }

    /// Whether a call that is not known yet is followed: somebody of ours is in it, and there is room.
    fn admit(&mut self, snapshot: &Snapshot, covers: &dyn Fn(&AgentRef) -> bool, now: DateTime<Utc>) -> bool {
        let is_ours = |party: &Party| {
            party.role == Role::Agent && (party.is_answered() || !party.is_over()) && covers(&party.agent)
        };
        if !snapshot.parties.iter().any(is_ours) {
            return false;
        }
        if self.calls.len() >= self.limits.calls {
            self.forget_one();
        }
        let has_room = self.calls.len() < self.limits.calls;
        if !has_room {
            self.full_since.get_or_insert(now);
        }
        has_room
    }

    /// Forgets the call that has been over the longest.
    fn forget_one(&mut self) {
        let done = self.calls.iter().filter_map(|(id, call)| Some((call.done()?, id)));
        if let Some((_, id)) = done.min() {
            let id = id.clone();
            self.calls.remove(&id, &self.limits);
        }
    }

    /// Takes in what the vendor says of a conversation.
    pub(crate) fn confirmed(
        &mut self,
        conversation: &str,
        answer: Confirmed,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
    ) {
        self.calls.change(conversation, &self.limits, |call| match answer {
            Confirmed::Going => {}
            Confirmed::Over(at) => call.end(at, now, out),
            Confirmed::Unknown => call.end(None, now, out),
            Confirmed::Hidden if call.is_ours() => {}
            Confirmed::Hidden => call.end(None, now, out),
        });
    }

    /// Asks about all calls that go on with one of these people: after a time in which nothing was heard of them.
    pub(crate) fn ask_all(&self, concerns: &dyn Fn(&AgentRef) -> bool, out: &mut Vec<Effect>) {
        self.going_on().filter(|call| call.agents().any(concerns)).for_each(|call| call.ask_now(out));
    }

    fn going_on(&self) -> impl Iterator<Item = &Call> {
        self.calls.open().filter_map(|(_, id)| self.calls.get(id))
    }

    /// Whether a call goes on.
    pub(crate) fn is_open(&self, conversation: &str) -> bool {
        self.calls.get(conversation).is_some_and(|call| !call.is_done())
    }

    /// The ids of those who are in a call, or at whom one rings.
    pub(crate) fn busy(&self) -> BTreeSet<&str> {
        self.going_on().flat_map(Call::busy).collect()
    }

    /// Does what is due by now.
    pub(crate) fn tick(&mut self, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let limits = self.limits;
        for id in self.calls.due(now) {
            self.calls.change(&id, &limits, |call| call.tick(&limits, now, out));
            let is_forgotten = |call: &Call| call.done().is_some_and(|since| now - since >= limits.memory);
            if self.calls.get(&id).is_some_and(is_forgotten) {
                self.calls.remove(&id, &limits);
            }
        }
        if self.open() < self.limits.calls
            && let Some(from) = self.full_since.take()
        {
            out.push(Effect::Gap(Gap { from, to: now, why: "too many calls at once".to_owned() }));
        }
    }

    /// When the next [`tick`](Self::tick) has something to do.
    pub(crate) fn due(&self) -> Option<DateTime<Utc>> {
        self.calls.first_due()
    }

    /// How many calls go on.
    pub(crate) fn open(&self) -> usize {
        self.calls.open().len()
    }

    /// When the oldest of the calls that go on began: whoever starts again has to hear of all since then.
    pub(crate) fn low_water(&self) -> Option<DateTime<Utc>> {
        self.calls.open().next().map(|(began, _)| *began)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
