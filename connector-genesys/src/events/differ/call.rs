//! One call: its legs, and how far it is from its end.

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{AgentRef, CallEvent, CallEventKind, ConversationRef, EventKey, Stamp};

use super::effect::Effect;
use super::leg::{Leg, Mark, Step};
use super::limits::Limits;
use super::snapshot::{Role, Snapshot};

/// The key of what happens once to a leg.
pub(crate) fn key(conversation: &str, party: &str, kind: &CallEventKind) -> String {
    format!("{conversation}:{party}:{kind}")
}

/// What is known of a call.
#[derive(Debug)]
pub(super) struct Call {
    id: String,
    /// Since when it is followed.
    pub(super) heard: DateTime<Utc>,
    /// When it began, as far as was seen.
    pub(super) started: Option<DateTime<Utc>>,
    /// When the last of those who are out of it left.
    ended: Option<DateTime<Utc>>,
    /// In the order of their ids. Most calls have one.
    legs: Vec<(String, Leg)>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Somebody has it, or it rings there.
    Going,
    /// Nobody of ours has it any more: the vendor is asked whether it is over, again and again.
    Asking {
        due: DateTime<Utc>,
        wait: TimeDelta,
        /// Whether everybody else is out of it, too.
        looks_over: bool,
    },
    /// Its end was told, or nobody of ours ever had it. It is remembered for a while, since wrap-up comes later, and so
    /// may messages that were on their way.
    Done { since: DateTime<Utc> },
}

impl Call {
    pub(super) fn new(id: &str, now: DateTime<Utc>) -> Self {
        Self { id: id.to_owned(), heard: now, started: None, ended: None, legs: Vec::new(), stage: Stage::Going }
    }

    pub(super) fn see(
        &mut self,
        snapshot: &Snapshot,
        covers: &dyn Fn(&AgentRef) -> bool,
        limits: &Limits,
        now: DateTime<Utc>,
        out: &mut Vec<Effect>,
    ) {
        self.started = self.started.or(snapshot.started());
        self.ended = self.ended.max(snapshot.ended());
        let is_ended = self.is_ended();
        for party in snapshot.parties.iter().filter(|party| party.role == Role::Agent) {
            // Whoever was followed once is followed on, whatever has become of the people watched.
            let place = match self.legs.binary_search_by(|(id, _)| id.cmp(&party.id)) {
                Ok(place) => place,
                Err(_) if is_ended || self.legs.len() >= limits.legs || !covers(&party.agent) => continue,
                Err(place) => {
                    self.legs.reserve_exact(1);
                    self.legs.insert(place, (party.id.clone(), Leg::default()));
                    place
                }
            };
            let (_, leg) = &mut self.legs[place];
            let steps = leg.see(party, now);
            if !steps.is_empty() {
                let agent = leg.agent.clone();
                self.tell(&party.id, &agent, steps, out);
            }
        }
        if !is_ended {
            self.settle(snapshot.looks_over(), limits, now, out);
        }
    }

    fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().map(|(_, leg)| leg)
    }

    /// Whether its end was told.
    fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Done { .. }) && self.was_ours()
    }

    /// Whether somebody of ours has it, or it rings there.
    pub(super) fn is_ours(&self) -> bool {
        self.legs().any(|leg| !leg.is_over)
    }

    /// Whether somebody of ours had it.
    fn was_ours(&self) -> bool {
        self.legs().any(|leg| leg.is_answered)
    }

    /// Where it stands, now that its legs are what they are.
    fn settle(&mut self, looks_over: bool, limits: &Limits, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.is_ours() {
            self.stage = Stage::Going;
            return;
        }
        self.stage = match (self.was_ours(), self.stage) {
            (false, Stage::Done { since }) => Stage::Done { since },
            (false, _) => Stage::Done { since: now },
            (true, Stage::Asking { looks_over: already, .. }) if already || !looks_over => return,
            (true, _) => {
                let wait = limits.first_wait;
                let due = if looks_over { now } else { after(now, wait) };
                Stage::Asking { due, wait, looks_over }
            }
        };
        self.ask(limits, now, out);
    }

    /// Asks whether it is over, if it is time to. It is asked again later, unless it is.
    fn ask(&mut self, limits: &Limits, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if let Stage::Asking { due, wait, looks_over } = self.stage
            && due <= now
        {
            let due = after(now, wait);
            self.stage = Stage::Asking { due, wait: (wait * 2).min(limits.last_wait), looks_over };
            out.push(Effect::Confirm(self.id.clone()));
        }
    }

    /// Asks whether it is over, whatever it looked like before.
    pub(super) fn ask_now(&self, out: &mut Vec<Effect>) {
        if !self.is_done() {
            out.push(Effect::Confirm(self.id.clone()));
        }
    }

    pub(super) fn tick(&mut self, limits: &Limits, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if !self.is_done() && now - self.heard >= limits.max_call {
            self.end(None, now, out);
        }
        self.ask(limits, now, out);
    }

    /// It is over: at the vendor's time, else when the last one left, else now.
    pub(super) fn end(&mut self, at: Option<DateTime<Utc>>, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        if self.is_done() {
            return;
        }
        let at = at.map(Stamp::vendor).or(self.ended.map(Stamp::derived)).unwrap_or(Stamp::received(now));
        let closed: Vec<_> =
            self.legs.iter_mut().map(|(id, leg)| (id.clone(), leg.agent.clone(), leg.close(at))).collect();
        for (id, agent, steps) in closed {
            self.tell(&id, &agent, steps, out);
        }
        self.stage = Stage::Done { since: now };
        if self.was_ours() {
            let key = EventKey::new(format!("{}:{}", self.id, CallEventKind::Ended));
            let event = CallEvent::new(key, self.this(), CallEventKind::Ended, at);
            out.push(Effect::Emit(Box::new(event)));
        }
    }

    fn tell(&self, party: &str, agent: &AgentRef, steps: Vec<Step>, out: &mut Vec<Effect>) {
        out.extend(steps.into_iter().map(|step| {
            let mut key = key(&self.id, party, &step.kind);
            match step.mark {
                Mark::Only => {}
                Mark::Since(since) => key.push_str(&format!(":{}", since.timestamp_millis())),
                Mark::Nth(number) => key.push_str(&format!(":n{number}")),
            }
            let mut event = CallEvent::new(EventKey::new(key), self.this().with_leg(party), step.kind, step.at);
            event.agent = Some(agent.clone()).filter(|agent| *agent != AgentRef::default());
            Effect::Emit(Box::new(event))
        }));
    }

    fn this(&self) -> ConversationRef {
        self.started.into_iter().fold(ConversationRef::new(&self.id), ConversationRef::with_around)
    }

    /// Who is or was in it.
    pub(super) fn agents(&self) -> impl Iterator<Item = &AgentRef> {
        self.legs().map(|leg| &leg.agent)
    }

    /// The ids of those who are in it still.
    pub(super) fn busy(&self) -> impl Iterator<Item = &str> {
        self.legs().filter(|leg| !leg.is_over).filter_map(|leg| leg.agent.id.as_deref())
    }

    /// When it began, as far as is known.
    pub(super) fn began(&self) -> DateTime<Utc> {
        self.started.unwrap_or(self.heard)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done { .. })
    }

    /// Since when it is done.
    pub(super) fn done(&self) -> Option<DateTime<Utc>> {
        match self.stage {
            Stage::Done { since } => Some(since),
            Stage::Going | Stage::Asking { .. } => None,
        }
    }

    /// When there is something to do about it, if nothing is heard until then.
    pub(super) fn due(&self, limits: &Limits) -> DateTime<Utc> {
        let at_the_latest = after(self.heard, limits.max_call);
        match self.stage {
            Stage::Going => at_the_latest,
            Stage::Asking { due, .. } => due.min(at_the_latest),
            Stage::Done { since } => after(since, limits.memory),
        }
    }
}

/// So much later; the end of all times where there is no such time.
fn after(at: DateTime<Utc>, wait: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
