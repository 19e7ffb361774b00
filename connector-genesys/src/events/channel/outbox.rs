//! What is to be handed on: who it is about, what was handed on and not accepted, and up to where all is safe.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{AgentRef, CallEvent, Gap, Item};

use super::effect::Effect;

/// So many items are in one delivery.
const MOST_ITEMS: usize = 200;

/// So long an event waits for the login of its agent.
const PATIENCE: TimeDelta = TimeDelta::seconds(5);

/// So long after a refusal what was lost by it is told.
const AFTER_REFUSAL: TimeDelta = TimeDelta::seconds(1);

/// In quiet times the position is told this often, so that a restart need not go back through all of them.
const POSITION_EVERY: TimeDelta = TimeDelta::minutes(15);

/// Who has an id.
#[derive(Clone, Debug)]
enum Name {
    /// The directory is being asked.
    Asked,
    Known(AgentRef),
    /// The directory does not know either.
    Unknown,
}

#[derive(Debug)]
struct Queued {
    item: Item,
    /// An agent's id, and until when to wait for the login.
    waits: Option<(String, DateTime<Utc>)>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Queued>,
    names: BTreeMap<String, Name>,
    /// Deliveries of which nobody has said what became of them, with where a gap for them would begin.
    handed: BTreeMap<u64, DateTime<Utc>>,
    /// What was refused: when to tell it, and where its gap begins.
    owed: Option<(DateTime<Utc>, DateTime<Utc>)>,
    positioned: Option<DateTime<Utc>>,
}

impl Outbox {
    /// Who these are. Whoever was not known before is asked for again.
    pub(super) fn know(&mut self, people: impl IntoIterator<Item = AgentRef>) {
        self.names.retain(|_, name| !matches!(name, Name::Unknown));
        for who in people {
            if let (Some(id), true) = (who.id.clone(), who.login.is_some()) {
                self.names.insert(id, Name::Known(short(who)));
            }
        }
    }

    /// The directory has answered who an id is. Without a login nothing new is known.
    pub(super) fn resolved(&mut self, id: String, who: AgentRef) {
        let is_known = who.login.is_some() && who.id.as_ref() == Some(&id);
        self.names.insert(id, if is_known { Name::Known(short(who)) } else { Name::Unknown });
    }

    pub(super) fn event(&mut self, event: CallEvent, now: DateTime<Utc>, out: &mut Vec<Effect>) {
        let id = event.agent.as_ref().and_then(|agent| agent.id.clone());
        if let Some(id) = id.clone().filter(|id| !self.names.contains_key(id)) {
            self.names.insert(id.clone(), Name::Asked);
            out.push(Effect::Resolve(id));
        }
        self.queue.push_back(Queued { item: Item::Event(event), waits: id.map(|id| (id, now + PATIENCE)) });
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.queue.push_back(Queued { item: Item::Gap(gap), waits: None });
    }

    pub(super) fn accepted(&mut self, number: u64) {
        self.handed.remove(&number);
    }

    /// What was in a delivery is lost: the vendor tells nothing twice.
    pub(super) fn refused(&mut self, number: u64, now: DateTime<Utc>) {
        if let Some(from) = self.handed.remove(&number) {
            let (due, earliest) = self.owed.unwrap_or((now + AFTER_REFUSAL, from));
            self.owed = Some((due, earliest.min(from)));
        }
    }

    /// Hands on what waits for nothing. `low` is where whoever starts again has to begin, for all that is not in here.
    pub(super) fn flush(
        &mut self,
        low: DateTime<Utc>,
        is_live: bool,
        now: DateTime<Utc>,
        number: &mut dyn FnMut() -> u64,
        out: &mut Vec<Effect>,
    ) {
        if let Some((_, from)) = self.owed.take_if(|(due, _)| *due <= now) {
            self.gap(Gap { from, to: now, why: "a delivery was not stored".to_owned() });
        }
        loop {
            let items = self.ready(now);
            let is_due = is_live && self.positioned.is_none_or(|told| now - told >= POSITION_EVERY);
            if items.is_empty() && !is_due {
                return;
            }
            let waiting = self.queue.iter().map(|queued| low_of(&queued.item));
            let open = self.handed.values().copied().chain(waiting).chain(self.owed.map(|(_, from)| from));
            let cursor = open.fold(low, DateTime::min);
            let number = number();
            self.handed.insert(number, items.iter().map(low_of).fold(now, DateTime::min));
            self.positioned = Some(now);
            out.push(Effect::Deliver { number, items, cursor });
        }
    }

    /// The next items of which it is known who they are about.
    fn ready(&mut self, now: DateTime<Utc>) -> Vec<Item> {
        let mut items = Vec::new();
        while items.len() < MOST_ITEMS
            && let Some(next) = self.queue.pop_front_if(|next| !is_waiting(&self.names, next, now))
        {
            items.push(self.named(next));
        }
        items
    }

    fn named(&self, queued: Queued) -> Item {
        let known = queued.waits.as_ref().and_then(|(id, _)| self.names.get(id));
        match (queued.item, known) {
            (Item::Event(mut event), Some(Name::Known(who))) => {
                event.agent = Some(who.clone());
                Item::Event(event)
            }
            (item, _) => item,
        }
    }

    pub(super) fn due(&self, is_live: bool) -> Option<DateTime<Utc>> {
        let waits = self.queue.front().and_then(|next| next.waits.as_ref()).map(|(_, until)| *until);
        let position = self.positioned.filter(|_| is_live).map(|told| told + POSITION_EVERY);
        [waits, self.owed.map(|(due, _)| due), position].into_iter().flatten().min()
    }
}

/// An item whose agent's login is being asked for.
fn is_waiting(names: &BTreeMap<String, Name>, queued: &Queued, now: DateTime<Utc>) -> bool {
    let waits = queued.waits.as_ref();
    waits.is_some_and(|(id, until)| now < *until && matches!(names.get(id), Some(Name::Asked)))
}

/// What of a person goes out with an event.
fn short(who: AgentRef) -> AgentRef {
    AgentRef { id: who.id, login: who.login, ..AgentRef::default() }
}

/// Where a gap begins that covers what is lost with an item: where its call does.
fn low_of(item: &Item) -> DateTime<Utc> {
    match item {
        Item::Event(event) => event.conversation.around.unwrap_or(event.at.at).min(event.at.at),
        Item::Gap(gap) => gap.from,
        _ => DateTime::<Utc>::MAX_UTC,
    }
}
