//! What is done about what happens, and that no lost moment goes untold.

mod ends;
mod handing;
mod lines;
mod property;
mod spreading;

use std::collections::VecDeque;

use connector_core::{CallEventKind, Item};

use super::*;
use crate::events::differ::Limits;
use crate::events::differ::reading::of_call;
use crate::wire::calls::Call;
use crate::wire::channels::Channel;

/// So many seconds into the test.
fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).expect("a time")
}

fn seconds(at: DateTime<Utc>) -> f64 {
    (at - self::at(0)).num_milliseconds() as f64 / 1000.0
}

/// A machine, and a vendor that does all that is asked of it unless a test says otherwise.
struct World {
    machine: Machine,
    now: DateTime<Utc>,
    people: People,
    /// What was not answered yet.
    open: VecDeque<Effect>,
    /// All effects so far.
    done: Vec<String>,
    items: Vec<Item>,
    cursors: Vec<DateTime<Utc>>,
    failed: Option<Error>,
    /// Sockets that are open, with their channels, the last one last.
    sockets: Vec<(u64, Channel)>,
    /// What each channel was last told to hear.
    topics: Vec<(Channel, Vec<String>)>,
    /// Channels that were made, and how long one lives.
    made: usize,
    life: TimeDelta,
    accepts: bool,
}

impl World {
    /// With these people, whose ids are their logins as well.
    fn with(people: impl IntoIterator<Item = String>) -> Self {
        Self::bounded(people, Bounds { topics: 1_000, channels: 20 })
    }

    fn bounded(people: impl IntoIterator<Item = String>, bounds: Bounds) -> Self {
        Self {
            machine: Machine::new(bounds, Limits::default(), (at(-100), "nobody listened"), 7),
            now: at(0),
            people: people_of(people),
            open: VecDeque::new(),
            done: Vec::new(),
            items: Vec::new(),
            cursors: Vec::new(),
            failed: None,
            sockets: Vec::new(),
            topics: Vec::new(),
            made: 0,
            life: TimeDelta::hours(24),
            accepts: true,
        }
    }

    /// One that hears agents `a1` and `a2`, ten seconds after its beginning.
    fn live() -> Self {
        let mut world = Self::with(["a1".to_owned(), "a2".to_owned()]);
        world.now = at(10);
        world.step(Input::Tick);
        world.obey();
        world.done.clear();
        world
    }

    fn step(&mut self, input: Input) {
        let mut out = Vec::new();
        self.machine.step(self.now, input, &mut out);
        self.done.extend(out.iter().map(shown));
        self.open.extend(out);
    }

    /// Answers what is open, and what follows, as a vendor does that is well.
    fn obey(&mut self) {
        while let Some(effect) = self.open.pop_front() {
            self.answer(effect);
        }
    }

    fn answer(&mut self, effect: Effect) {
        match effect {
            Effect::Look => self.step(Input::Looked(Ok(self.people.clone()))),
            Effect::Create(line) => {
                self.made += 1;
                let made = made(self.made, self.now + self.life);
                self.step(Input::Created { line, made: Ok(made) });
            }
            Effect::Connect { socket, channel } => {
                // A second socket of a channel is the end of the first.
                let ended: Vec<u64> =
                    self.sockets.iter().filter(|(_, of)| *of == channel).map(|(old, _)| *old).collect();
                self.sockets.retain(|(_, of)| *of != channel);
                self.sockets.push((socket, channel));
                self.step(Input::Connected(socket));
                ended.into_iter().for_each(|socket| self.step(Input::Closed { socket, why: broken() }));
            }
            Effect::Subscribe { request, channel, agents } => {
                self.topics.retain(|(of, _)| *of != channel);
                self.topics.push((channel, agents));
                self.step(Input::Subscribed { request, told: Ok(Unheard::default()) });
            }
            Effect::Close(socket) => self.sockets.retain(|(open, _)| *open != socket),
            Effect::Drop(channel) => self.topics.retain(|(of, _)| *of != channel),
            Effect::Deliver { number, items, cursor } => {
                self.items.extend(items);
                self.cursors.push(cursor);
                if self.accepts {
                    self.step(Input::Accepted(number));
                }
            }
            Effect::Fail(error) => self.failed = Some(error),
            Effect::Resolve(id) => self.step(Input::Resolved { who: agent(&id), id }),
            Effect::Confirm(_) | Effect::Hidden(_) | Effect::Ping(_) | Effect::Status(_) | Effect::Unheard(_) => {}
        }
    }

    /// Lets time pass up to then, with a tick whenever one is due, and answers all.
    fn until(&mut self, then: DateTime<Utc>) {
        while let Some(due) = self.machine.due().filter(|due| *due <= then) {
            self.now = self.now.max(due);
            self.step(Input::Tick);
            self.obey();
        }
        self.now = then;
    }

    /// A message on the newest socket.
    fn hear(&mut self, frame: Frame) {
        let socket = self.sockets.last().expect("a socket is open").0;
        self.step(Input::Heard(vec![Heard { socket, at: self.now, frame }]));
    }

    fn close(&mut self) {
        let socket = self.sockets.pop().expect("a socket is open").0;
        self.step(Input::Closed { socket, why: broken() });
    }

    /// What was done since this was asked last.
    fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done)
    }

    fn gaps(&self) -> Vec<(f64, f64, &str)> {
        let gaps = self.items.iter().filter_map(|item| if let Item::Gap(gap) = item { Some(gap) } else { None });
        gaps.map(|gap| (seconds(gap.from), seconds(gap.to), gap.why.as_str())).collect()
    }

    fn events(&self) -> Vec<&connector_core::CallEvent> {
        let events = self.items.iter().map(|item| if let Item::Event(event) = item { Some(event) } else { None });
        events.flatten().collect()
    }

    fn kinds(&self) -> Vec<CallEventKind> {
        self.events().into_iter().map(|event| event.kind.clone()).collect()
    }
}

fn agent(id: &str) -> AgentRef {
    AgentRef::default().with_id(id).with_login(format!("login-{id}"))
}

fn people_of(ids: impl IntoIterator<Item = String>) -> People {
    People { everyone: false, agents: ids.into_iter().map(|id| agent(&id)).collect() }
}

fn made(number: usize, until: DateTime<Utc>) -> Made {
    let id = format!("streaming-{number}");
    let channel =
        Channel { connect_uri: Some(format!("wss://example.com/channels/{id}")), id: Some(id), expires: None };
    Made { channel, until: Some(until) }
}

fn broken() -> Error {
    Error::transient("the socket broke off")
}

/// A call `c-1` of this agent, begun at second 11 and answered at 12.
fn call(who: &str) -> serde_json::Value {
    let time = |second: i64| at(second).to_rfc3339();
    serde_json::json!({ "id": "c-1", "participants": [
        { "id": "p-c", "purpose": "customer", "state": "connected", "startTime": time(11), "connectedTime": time(11) },
        { "id": "p-a", "purpose": "agent", "state": "connected", "user": { "id": who }, "startTime": time(11),
          "connectedTime": time(12), "held": false },
    ]})
}

fn state(call: &serde_json::Value) -> Frame {
    let call: Call = serde_json::from_str(&call.to_string()).expect("a call");
    Frame::State(of_call(call).expect("an id"))
}

/// The same call once all are out of it, at second 30.
fn over(mut call: serde_json::Value) -> serde_json::Value {
    for party in call["participants"].as_array_mut().expect("participants") {
        party["state"] = "disconnected".into();
        party["endTime"] = at(30).to_rfc3339().into();
    }
    call
}

/// An effect in a word.
fn shown(effect: &Effect) -> String {
    match effect {
        Effect::Look => "look".to_owned(),
        Effect::Create(_) => "create".to_owned(),
        Effect::Connect { channel, .. } => format!("connect {}", channel.id.as_deref().unwrap_or_default()),
        Effect::Subscribe { agents, .. } if agents.len() > 5 => format!("subscribe {}", agents.len()),
        Effect::Subscribe { agents, .. } => format!("subscribe {}", agents.join(" ")),
        Effect::Ping(_) => "ping".to_owned(),
        Effect::Close(_) => "close".to_owned(),
        Effect::Drop(channel) => format!("drop {}", channel.id.as_deref().unwrap_or_default()),
        Effect::Confirm(id) => format!("confirm {id}"),
        Effect::Resolve(id) => format!("resolve {id}"),
        Effect::Deliver { items, .. } => format!("deliver {}", items.len()),
        Effect::Status(status) => match status {
            SourceStatus::Live => "live".to_owned(),
            SourceStatus::Reconnecting { .. } => "reconnecting".to_owned(),
            SourceStatus::Throttled { .. } => "throttled".to_owned(),
            other => other.to_string(),
        },
        Effect::Unheard(told) => format!("unheard {}", told.topics),
        Effect::Hidden(error) => format!("hidden {error}"),
        Effect::Fail(error) => format!("fail {error}"),
    }
}
