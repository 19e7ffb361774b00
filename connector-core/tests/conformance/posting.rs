//! The centre in memory, whose vendor calls by HTTP.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::inbound::{
    Admit, Held, Hub, HubOptions, Intake, IntakeOptions, Receiver, Registration, Submitted, route_of,
};
use connector_core::testing::conformance::{BadRows, ExpectedCall, Fake, Plan, Subject};
use connector_core::testing::{Fault, ScenarioAgent};
use connector_core::{
    AgentRef, CallEvent, CallEventKind, Connector, ConversationRef, EventKey, EventSource, EventTraits, Events, Item,
    JobCheck, Origin, Receipt, Rejected, Replay, Result, Stamp, SubscribeRequest, Watch,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use crate::centre::{Broken, Centre, KINDS, Memory, Told};

/// Events in a request.
const AT_ONCE: usize = 2;

/// Starts centres that post.
pub(crate) struct Posting(pub(crate) Broken);

#[async_trait]
impl Subject for Posting {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn Fake>> {
        let hub = Hub::new(HubOptions::default());
        let centre = Memory::new(Replay::Redelivered, self.0).centre(plan);
        Ok(Box::new(Vendor { centre, hub, current: Arc::default(), posts: Mutex::default() }))
    }

    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        KINDS.into()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        Memory::new(Replay::Redelivered, self.0).faults()
    }
}

/// The vendor: posts until it is told of success.
struct Vendor {
    centre: Centre,
    hub: Hub,
    /// The intake of the connector that is used now.
    current: Arc<Mutex<Option<Intake>>>,
    posts: Mutex<JoinSet<()>>,
}

fn origin() -> Origin {
    Origin::new("acme", "memory")
}

fn route() -> String {
    route_of(&origin(), &"a key for tests".into())
}

/// Says which places of the log it tells of.
fn request(places: &[usize]) -> Request<Full<Bytes>> {
    let body = serde_json::to_vec(places).unwrap();
    Request::post(format!("/hooks/{}/events", route())).body(Full::new(body.into())).unwrap()
}

#[async_trait]
impl Fake for Vendor {
    async fn connect(&self) -> Result<Connector> {
        let intake = Intake::new(IntakeOptions::default());
        *self.current.lock().unwrap() = Some(intake.clone());
        let watch = Arc::new(Mutex::new(Watch::everyone()));
        let door =
            Door { origin: origin(), centre: self.centre.clone(), current: self.current.clone(), watch: watch.clone() };
        let _registration = self.hub.register(&route(), Arc::new(door))?;
        Ok(self.centre.connect().await?.with_events(Ears { intake, watch, _registration }))
    }

    async fn play(&self, calls: usize) -> Result<()> {
        while self.centre.state().calls < calls {
            let before = self.centre.state().log.len();
            self.centre.play_one();
            let places: Vec<usize> = (before..self.centre.state().log.len()).collect();
            for places in places.chunks(AT_ONCE) {
                let (hub, places) = (self.hub.clone(), places.to_vec());
                self.posts.lock().unwrap().spawn(async move {
                    while hub.answer(request(&places)).await.status() != 200 {
                        sleep(Duration::from_secs(1)).await;
                    }
                });
            }
            yield_now().await;
        }
        Ok(())
    }

    fn expected(&self) -> Vec<ExpectedCall> {
        self.centre.expected()
    }

    async fn post(&self, number: usize) -> Result<Option<u16>> {
        while self.centre.state().calls < self.centre.0.plan.scenario.calls.len() {
            self.centre.play_one();
        }
        let places: Vec<usize> = (0..self.centre.state().log.len()).collect();
        let Some(places) = places.chunks(AT_ONCE).nth(number) else { return Ok(None) };
        Ok(Some(self.hub.answer(request(places)).await.status().as_u16()))
    }

    fn agent(&self, who: &ScenarioAgent) -> AgentRef {
        self.centre.agent(who)
    }

    fn rejected(&self) -> BadRows {
        self.centre.rejected()
    }

    fn unheard(&self) -> usize {
        self.centre.unheard()
    }

    async fn delete_recordings(&self) -> Result<()> {
        self.centre.delete_recordings().await
    }
}

/// The stream's end.
#[derive(Debug)]
struct Ears {
    intake: Intake,
    watch: Arc<Mutex<Watch>>,
    _registration: Registration,
}

#[async_trait]
impl EventSource for Ears {
    fn traits(&self) -> EventTraits {
        EventTraits::new(KINDS, Replay::Redelivered)
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        if !self.intake.is_heard() {
            *self.watch.lock().unwrap() = request.watch;
        }
        self.intake.listen()
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// The requests' end.
#[derive(Debug)]
struct Door {
    origin: Origin,
    centre: Centre,
    current: Arc<Mutex<Option<Intake>>>,
    watch: Arc<Mutex<Watch>>,
}

impl Receiver for Door {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn admit<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Admit, Box<Response<Bytes>>>> {
        async { Ok(Admit::new(4 << 10)) }.boxed()
    }

    fn receive(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> {
        let places: Vec<usize> = serde_json::from_slice(request.body()).unwrap();
        let items: Vec<Item> = places.into_iter().filter_map(|place| self.item(place)).collect();
        let (received, held, current) = (self.centre.0.clock.now(), Held::of(&request), self.current.clone());
        let submit = move |items| {
            let (intake, held) = (current.lock().unwrap().clone().unwrap(), held.clone());
            async move { intake.submit(items, held, received).await }
        };
        if self.centre.is(Broken::AnswersEarly) && self.current.lock().unwrap().as_ref().unwrap().is_heard() {
            // It remembers what it owes, but not beyond the end of the process.
            tokio::spawn(async move {
                while !submit(items.clone()).await.is_accepted() {
                    sleep(Duration::from_secs(1)).await;
                }
            });
            return async { Submitted::Accepted.answer() }.boxed();
        }
        if self.centre.is(Broken::SplitsRequests) && items.len() > 1 {
            let last = items[1..].to_vec();
            let first = items[..1].to_vec();
            return async move {
                let (first, last) = join(submit(first), submit(last)).await;
                if first.is_accepted() { last.answer() } else { first.answer() }
            }
            .boxed();
        }
        async move { submit(items).await.answer() }.boxed()
    }
}

impl Door {
    /// What is told of a place in the log, unless nobody listens to these people.
    fn item(&self, place: usize) -> Option<Item> {
        let told = self.centre.state().log.get(place)?.clone();
        let Told::Event { call, number, kind, at, agents } = told else {
            return Some(Item::Rejected(Rejected::new("an event", "no_id", "it has no id")));
        };
        let watch = self.watch.lock().unwrap().clone();
        if !agents.iter().any(|agent| watch.covers(agent)) {
            return None;
        }
        let conversation = self.centre.conversation(call);
        let key = EventKey::new(format!("{conversation}-{number}-{kind}"));
        let mut event = CallEvent::new(key, ConversationRef::new(conversation), kind, Stamp::vendor(at));
        event.agent = agents.first().cloned();
        event.receipt = Some(Receipt::new(format!("receipt-{call}-{number}")));
        Some(Item::Event(event))
    }
}
