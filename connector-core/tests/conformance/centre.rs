//! A contact centre in memory: what happened there, and how its connector is broken.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::testing::conformance::{BadRows, ExpectedCall, Fake, Plan, Subject};
use connector_core::testing::{Fault, Happening};
use connector_core::{AgentRef, CallEventKind, Clock, Connector, Context, Replay, Result, Vendor};
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::jobs::{Directory, History, Recordings, Settles};
use crate::source::Source;

/// The one thing that a connector does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    DeclaresTooLittle,
    TellsUndeclared,
    PromisesFacts,
    WrongTimes,
    InventsCalls,
    RejectsGoodRows,
    DropsLateOnes,
    WaitsForAcks,
    ForgetsRefused,
    HidesLoss,
    ForgetsOldCursors,
    ChokesOnCursors,
    SilentOnCursors,
    NewKeysAfterHalfAccept,
    NoStartUpGap,
    TwoStreams,
    GoesOnAfterRefusal,
    LosesWhenDropped,
    WatchesOnce,
    NeverForgetsAnybody,
    SwallowsBadRows,
    BadRowEndsStream,
    BadRowEndsListing,
    LeavesSomebodyOut,
    ListsOnce,
    ResumesTooFar,
    LosesPageWhenDropped,
    GoesOnAfterError,
    UnknownIsError,
    WrongByte,
    NotReadyIsNever,
    TrustsOldLinks,
    MixesAnswers,
    GoneIsError,
    SettlesOnce,
    PanicsOnReceipts,
    CheckHangs,
    CheckFails,
    AnswersEarly,
    SplitsRequests,
}

/// What its events tell.
pub(crate) const KINDS: [CallEventKind; 8] = [
    CallEventKind::Ringing,
    CallEventKind::Answered,
    CallEventKind::Held,
    CallEventKind::Resumed,
    CallEventKind::Transferred,
    CallEventKind::LegEnded,
    CallEventKind::Ended,
    CallEventKind::WrapUpEnded,
];

/// Starts centres whose connector replays in one way and is broken in another.
pub(crate) struct Memory {
    replay: Replay,
    broken: Broken,
}

impl Memory {
    pub(crate) fn new(replay: Replay, broken: Broken) -> Self {
        Self { replay, broken }
    }

    pub(crate) fn centre(&self, plan: &Plan) -> Centre {
        let (replay, broken, clock) = (self.replay, self.broken, Clock::starting_at(plan.scenario.starts));
        let (state, news) = (Mutex::default(), Notify::new());
        Centre(Arc::new(Inner { plan: plan.clone(), replay, broken, clock, state, news }))
    }
}

#[async_trait]
impl Subject for Memory {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn Fake>> {
        Ok(Box::new(self.centre(plan)))
    }

    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        KINDS.into()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        let any = Fault::ALL.iter().copied().filter(|fault| *fault != Fault::HalfWritten);
        any.chain([Fault::NotReady, Fault::ExpiredLink]).collect()
    }
}

/// Clones are the same centre.
#[derive(Clone, Debug)]
pub(crate) struct Centre(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) plan: Plan,
    pub(crate) replay: Replay,
    pub(crate) broken: Broken,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
    /// Something new is to be told.
    pub(crate) news: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Everything that happened, in the order in which it is told.
    pub(crate) log: Vec<Told>,
    /// What was accepted, by its place in the log.
    pub(crate) taken: BTreeSet<usize>,
    /// What somebody began to accept.
    pub(crate) half_taken: BTreeSet<usize>,
    pub(crate) calls: usize,
    unheard: usize,
    pub(crate) deleted: bool,
    pub(crate) settled: BTreeSet<String>,
    pub(crate) listed: BTreeSet<&'static str>,
    pub(crate) lost_pages: BTreeSet<(&'static str, usize)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Told {
    Event { call: usize, number: usize, kind: CallEventKind, at: DateTime<Utc>, agents: Vec<AgentRef> },
    Bad,
}

impl Centre {
    pub(crate) fn is(&self, broken: Broken) -> bool {
        self.0.broken == broken
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    pub(crate) fn conversation(&self, call: usize) -> String {
        format!("contact-{}", self.0.plan.scenario.calls[call].id)
    }

    /// What is told of a call: Transferred and Ended belong to the leg that ends with them.
    fn events(&self, call: usize) -> Vec<Told> {
        let scenario = &self.0.plan.scenario;
        let told = &scenario.calls[call];
        let mut events = Vec::new();
        let agents: Vec<AgentRef> =
            told.legs().iter().map(|leg| AgentRef::default().with_id(&scenario.agents[leg.agent].id)).collect();
        let mut tell = |kind, at| {
            events.push(Told::Event { call, number: events.len(), kind, at, agents: agents.clone() });
        };
        for moment in &told.timeline {
            let at = told.started + moment.at;
            match moment.what {
                Happening::Ring(_) => tell(CallEventKind::Ringing, at),
                Happening::Answer(_) => tell(CallEventKind::Answered, at),
                Happening::Hold => tell(CallEventKind::Held, at),
                Happening::Resume => tell(CallEventKind::Resumed, at),
                Happening::Transfer { .. } => {
                    tell(CallEventKind::LegEnded, at);
                    tell(CallEventKind::Transferred, at);
                }
                Happening::End { .. } => {
                    tell(CallEventKind::LegEnded, at);
                    tell(CallEventKind::Ended, at);
                }
                Happening::WrapUp(work) => tell(CallEventKind::WrapUpEnded, at + work),
                _ => {}
            }
        }
        events
    }

    /// Lets the next call happen.
    pub(crate) fn play_one(&self) {
        let call = self.state().calls;
        let events = self.with_faults(self.events(call));
        let mut state = self.state();
        state.calls += 1;
        if call < self.0.plan.bad_rows {
            state.log.push(Told::Bad);
        }
        state.log.extend(events);
    }

    /// The same events as they are told on a day like this.
    fn with_faults(&self, mut events: Vec<Told>) -> Vec<Told> {
        let faults = &self.0.plan.faults;
        if faults.fire(Fault::Reordered) {
            let last = events.len() - 1;
            events.swap(last - 1, last);
        }
        if faults.fire(Fault::Duplicate) {
            events.push(events[0].clone());
        }
        if faults.fire(Fault::LostEvent) {
            events.remove(1);
            self.state().unheard += 1;
        }
        events
    }
}

#[async_trait]
impl Fake for Centre {
    async fn connect(&self) -> Result<Connector> {
        let cx = Context::default().for_source("acme", "memory").with_clock(self.0.clock);
        Ok(Connector::new(&cx, Vendor::named("memory"))
            .with_events(Source::new(self.clone()))
            .with_directory(Directory(self.clone()))
            .with_history(History(self.clone()))
            .with_recordings(Recordings(self.clone()))
            .with_settler(Settles(self.clone())))
    }

    async fn play(&self, calls: usize) -> Result<()> {
        while self.state().calls < calls {
            self.play_one();
            self.0.news.notify_waiters();
            yield_now().await;
        }
        Ok(())
    }

    fn expected(&self) -> Vec<ExpectedCall> {
        let scenario = &self.0.plan.scenario;
        (0..scenario.calls.len()).map(|call| ExpectedCall::of(scenario, call, self.conversation(call))).collect()
    }

    fn rejected(&self) -> BadRows {
        let bad = self.0.plan.bad_rows;
        BadRows { events: bad, agents: bad, groups: bad, history: bad }
    }

    fn unheard(&self) -> usize {
        self.state().unheard
    }

    async fn delete_recordings(&self) -> Result<()> {
        self.state().deleted = true;
        Ok(())
    }
}
